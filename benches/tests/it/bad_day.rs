//! With many faults, every document is accounted for, none is accepted twice, and no limit is
//! exceeded: with both drivers, over loopback, against the emulator. The bench `ten_thousand` does
//! the same with ten thousand documents.

use typless_benches::bad_day::{RunReport, Scenario, on_tokio, over_threads};

const DOCUMENTS: usize = 90;

fn check(report: &RunReport) {
    assert!(
        report.unaccounted.is_empty(),
        "{:#?} {:#?}",
        report.unaccounted,
        report.counts
    );
    assert!(
        report.exceeded.is_empty(),
        "{:#?} {:#?}",
        report.exceeded,
        report.counts
    );
    assert!(
        report.missing_faults.is_empty() && report.outcomes.unknown > 0,
        "a kind of fault is missing: {report:#?}"
    );
}

#[test]
fn over_threads_with_webhooks() {
    check(&over_threads(&Scenario::short(DOCUMENTS)).unwrap());
}

#[test]
fn on_tokio_with_the_queue() {
    check(&on_tokio(&Scenario::short(DOCUMENTS)).unwrap());
}
