//! A transport without faults passes every row, and each fault fails its row and no other.

use std::sync::Mutex;
use std::time::Duration;

use typless_conformance::{self as conformance, Report, Row, RowOutcome, RowReport, Suite};

use crate::reference::{AsyncReference, FAULTS, Fault, Reference};

fn blocking(fault: Option<Fault>) -> Suite<Reference> {
    conformance::blocking(move || Reference::new(fault))
        .with_http2(move || Reference::over_http2(fault))
        .with_tls(move |root| Reference::over_tls(fault, root))
}

fn asynchronous(fault: Option<Fault>) -> Suite<AsyncReference> {
    conformance::asynchronous(move || AsyncReference::new(Reference::new(fault)))
        .with_http2(move || AsyncReference::new(Reference::over_http2(fault)))
        .with_tls(move |root| AsyncReference::new(Reference::over_tls(fault, root)))
}

fn with_outcome(report: &Report, outcome: RowOutcome) -> Vec<&'static str> {
    report
        .rows()
        .iter()
        .filter(|row| row.outcome() == outcome)
        .map(RowReport::id)
        .collect()
}

#[test]
fn a_transport_without_faults_passes_every_row_that_applies() {
    let report = blocking(None).run();
    println!("{report}");
    report.assert();
    assert_eq!(
        with_outcome(&report, RowOutcome::NotApplicable),
        ["time-dropped"]
    );
}

#[test]
fn an_async_transport_without_faults_passes_every_row_on_any_runtime() {
    for report in [
        asynchronous(None).run(),
        asynchronous(None)
            .with_block_on(|future| smol::block_on(future))
            .run(),
    ] {
        println!("{report}");
        report.assert();
        assert_eq!(
            with_outcome(&report, RowOutcome::Passed).len(),
            conformance::rows().count()
        );
    }
}

#[test]
fn each_row_has_its_own_fault() {
    let rows: Vec<_> = conformance::rows().map(Row::id).collect();
    let faults: Vec<_> = FAULTS.iter().map(|(_, row)| *row).collect();
    assert_eq!(rows, faults);
}

#[test]
fn each_fault_fails_its_row_and_no_other() {
    let remaining = Mutex::new(FAULTS.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some((fault, row)) = remaining.lock().unwrap().next() else {
                        break;
                    };
                    let report = run(*fault, row);
                    let failed: Vec<_> = report.failures().map(ToString::to_string).collect();
                    if with_outcome(&report, RowOutcome::Failed) != [*row] {
                        wrong.lock().unwrap().push(format!(
                            "{fault:?} should have failed {row} and nothing else, not {failed:#?}"
                        ));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn run(fault: Fault, row: &str) -> Report {
    if fault == Fault::ContinuesWhenDropped {
        return quick(asynchronous(Some(fault)), row).run();
    }
    quick(blocking(Some(fault)), row).run()
}

/// A shorter timeout and smaller bodies. Rows that take long are run only for their own faults.
fn quick<T: 'static>(suite: Suite<T>, row: &str) -> Suite<T> {
    let suite = suite
        .with_timeout(Duration::from_secs(5))
        .with_large_body(50_000_000);
    let heavy = ["volume-upload", "volume-download"]
        .into_iter()
        .filter(|heavy| *heavy != row);
    heavy.fold(suite, |suite, heavy| suite.skip(heavy, "it takes long"))
}

#[test]
fn without_a_transport_with_tls_its_rows_do_not_apply_and_say_so() {
    let report = conformance::blocking(|| Reference::new(None))
        .only(&["tls-exchange", "http2-exchange", "status-401"])
        .run();
    report.assert();
    assert_eq!(
        with_outcome(&report, RowOutcome::NotApplicable),
        ["tls-exchange", "http2-exchange"]
    );
    assert!(
        report
            .to_string()
            .contains("no transport with TLS was given to the suite"),
        "{report}"
    );
}

#[test]
fn a_row_that_is_skipped_is_shown_with_the_reason() {
    let report = blocking(Some(Fault::Fails401))
        .only(&["status-401", "status-404"])
        .skip("status-401", "we never receive one")
        .run();
    report.assert();
    assert_eq!(with_outcome(&report, RowOutcome::Skipped), ["status-401"]);
    assert!(
        report
            .to_string()
            .contains("skipped        401 with a body is a response => we never receive one"),
        "{report}"
    );
}

#[test]
#[should_panic(expected = "1 of 1 rows of the conformance suite failed:\nstatus-401")]
fn a_report_with_a_failure_panics() {
    blocking(Some(Fault::Fails401))
        .only(&["status-401"])
        .run()
        .assert();
}

#[test]
#[should_panic(expected = "there is no row \"status-402\"")]
fn a_row_that_does_not_exist_cannot_be_skipped() {
    drop(blocking(None).skip("status-402", "a typo"));
}
