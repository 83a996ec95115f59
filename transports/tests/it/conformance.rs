//! Our adapters pass every row of the conformance suite.

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use typless_conformance::Report;
use typless_transports::hyper::Hyper;
use typless_transports::ureq::Ureq;

#[test]
fn ureq_passes() {
    assert_passed(&typless_conformance::blocking(Ureq::new).run());
}

#[test]
fn hyper_passes() {
    // Without HTTP/2: the suite speaks it without TLS, which a client must be configured for.
    assert_passed(&typless_conformance::asynchronous(Hyper::new).run());
}

#[test]
fn hyper_with_another_client_passes_over_http2_too() {
    let make = || Hyper::from(Client::builder(TokioExecutor::new()).build(HttpConnector::new()));
    let http2 = || {
        Hyper::from(
            Client::builder(TokioExecutor::new())
                .http2_only(true)
                .build(HttpConnector::new()),
        )
    };
    assert_passed(
        &typless_conformance::asynchronous(make)
            .with_http2(http2)
            .run(),
    );
}

#[track_caller]
fn assert_passed(report: &Report) {
    println!("{report}");
    report.assert();
}
