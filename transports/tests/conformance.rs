//! Our adapters may be trusted: they pass every row.
#![allow(missing_docs)]

use typless_transports::conformance;
use typless_transports::ureq::Ureq;

#[test]
fn ureq_may_be_trusted() {
    let report = conformance::blocking(Ureq::new).run();
    println!("{report}");
    report.assert();
}
