//! Ten thousand documents over real sockets on a bad day.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::{at, in_order, run, sample, service};
use typless_emulator::{Faults, Pace, QueueAfterReading, QueueOptions, ServiceOptions};

const DOCUMENTS: usize = 10_000;

#[test]
#[ignore = "takes some minutes: the service asks for many pauses"]
fn each_of_ten_thousand_documents_is_accounted_for_and_none_is_paid_for_twice() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..DOCUMENTS {
        std::fs::hard_link(sample(), folder.path().join(format!("{index:05}.pdf")))
            .or_else(|_| std::fs::copy(sample(), folder.path().join(format!("{index:05}.pdf"))).map(drop))
            .unwrap();
    }
    // Every fault there is, in 5 % of all exchanges; those that take time take little.
    let moment = Duration::from_millis(20);
    let options = ServiceOptions::new()
        .with_pace(Pace::lognormal(Duration::from_millis(500), 0.8))
        .with_queue_after_reading(QueueAfterReading::WithIt)
        .with_queue(QueueOptions::new().with_forgotten(0.01).with_foreign_ids(100))
        .with_faults(Faults::new(0.05).with_delay(moment).with_stall(moment));
    let listener = service(options);
    let arguments = ["--document-type", "line-item-invoice", "--max-in-flight", "32", "--rate", "2000", "--format", "json", "--summary"];
    let (code, out, err) = run(at("extract", &listener.base_url(), &arguments).arg(folder.path()));

    let results = in_order(&out);
    assert_eq!(results.len(), DOCUMENTS);
    let of = |status: &str| results.iter().filter(|line| line["status"] == status).count();
    let (succeeded, unknown) = (of("SUCCESS"), of("SUBMIT_UNKNOWN"));
    assert_eq!((succeeded + unknown, code), (DOCUMENTS, 1), "{err}");
    listener.with_service(|service| {
        let counts = service.counts();
        println!("{}\n{succeeded} ok, {unknown} unknown\n{counts:#?}", err.lines().last().unwrap_or_default());
        assert_eq!(service.accepted_repeatedly().next(), None);
        assert!(service.accepted() >= succeeded && service.accepted() <= succeeded + unknown);
        assert!(counts.most_at_once <= 32 && counts.most_submits_at_once <= 16 && counts.most_in_a_second <= 4000, "{counts:?}");
        assert_eq!(counts.foreign_looks, 0);
    });
}
