//! On a bad day every document is accounted for, none is accepted twice, and no limit is exceeded: over both drivers, loopback, and the emulator. The bench `ten_thousand` is the same with
//! ten thousand.
#![allow(missing_docs, clippy::unwrap_used)]

use typless_benches::bad_day::{Day, Scene, on_tokio, over_threads};

const DOCUMENTS: usize = 90;

fn check(day: &Day) {
    assert!(
        day.unaccounted.is_empty(),
        "{:#?} {:#?}",
        day.unaccounted,
        day.counts
    );
    assert!(
        day.exceeded.is_empty(),
        "{:#?} {:#?}",
        day.exceeded,
        day.counts
    );
    assert!(
        day.spared.is_empty() && day.tally.unknown > 0,
        "it was no bad day: {day:#?}"
    );
}

#[test]
fn over_threads_with_webhooks() {
    check(&over_threads(&Scene::short(DOCUMENTS)).unwrap());
}

#[test]
fn on_tokio_with_the_queue() {
    check(&on_tokio(&Scene::short(DOCUMENTS)).unwrap());
}
