//! Our adapters pass every row of the conformance suite.

use std::sync::Arc;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use typless_conformance::{Report, RowOutcome, RowReport};
use typless_transports::hyper::{EarlyResponses, Hyper, RustlsConnector};
use typless_transports::ureq::Ureq;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

#[test]
fn ureq_passes() {
    let report = typless_conformance::blocking(Ureq::new)
        .with_tls(ureq_with_root)
        .run();
    assert_passed(&report);
    assert_not_applicable(&report, |id| {
        id == "time-dropped" || id.starts_with("http2-")
    });
}

#[test]
fn hyper_passes() {
    // Without HTTP/2: the suite speaks it without TLS, which a client must be configured for.
    let report = typless_conformance::asynchronous(Hyper::new)
        .with_tls(hyper_with_root)
        .run();
    assert_passed(&report);
    assert_not_applicable(&report, |id| id.starts_with("http2-"));
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

/// An agent that trusts this root only.
fn ureq_with_root(root: &[u8]) -> Ureq {
    let roots = vec![Certificate::from_der(root).to_owned()];
    let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots)));
    let agent = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .build();
    agent.new_agent().into()
}

/// A client that trusts this root only.
fn hyper_with_root(root: &[u8]) -> Hyper<RustlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.to_vec().into()).unwrap();
    let ring = rustls::crypto::ring::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(ring))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_all_versions()
        .wrap_connector(EarlyResponses::new(tcp));
    Client::builder(TokioExecutor::new())
        .build(connector)
        .into()
}

#[track_caller]
fn assert_passed(report: &Report) {
    println!("{report}");
    report.assert();
}

/// The rows that do not apply are these, and no others.
#[track_caller]
fn assert_not_applicable(report: &Report, is_expected: impl Fn(&str) -> bool) {
    let not_applicable = |row: &&RowReport| row.outcome() == RowOutcome::NotApplicable;
    for row in report.rows().iter().filter(not_applicable) {
        assert!(is_expected(row.id()), "{row}");
    }
}
