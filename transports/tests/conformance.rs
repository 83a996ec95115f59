//! Our adapters may be trusted: they pass every row.
#![cfg(all(feature = "hyper-rustls", feature = "ureq"))]
#![allow(missing_docs)]

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use typless_conformance::Report;
use typless_transports::hyper::Hyper;
use typless_transports::ureq::Ureq;

#[test]
fn ureq_may_be_trusted() {
    assert_trusted(&typless_conformance::blocking(Ureq::new).run());
}

#[test]
fn hyper_may_be_trusted() {
    // Without HTTP/2: the suite speaks it without TLS, which a client has to be told to expect.
    assert_trusted(&typless_conformance::asynchronous(Hyper::new).run());
}

#[test]
fn hyper_over_http2_and_a_client_of_ones_own_may_be_trusted() {
    let make = || Hyper::from(Client::builder(TokioExecutor::new()).build(HttpConnector::new()));
    let http2 = || {
        Hyper::from(
            Client::builder(TokioExecutor::new())
                .http2_only(true)
                .build(HttpConnector::new()),
        )
    };
    assert_trusted(
        &typless_conformance::asynchronous(make)
            .with_http2(http2)
            .run(),
    );
}

#[track_caller]
fn assert_trusted(report: &Report) {
    println!("{report}");
    report.assert();
}
