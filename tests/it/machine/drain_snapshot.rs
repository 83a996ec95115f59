//! A drain that ends and is restored.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::queue::{DrainRun, Queue, id, listing};
use crate::support::{START, api, failed, response, success};
use typless::machine::{
    Drain, DrainEventKind, DrainOptions, DrainSnapshot, FailureKind, Machine, Output, TicketError,
};

const GOLDEN: &str = include_str!("../../golden/drain-1.json");
const SECOND: Duration = Duration::from_secs(1);

fn restored(drain: &Drain, now: typless::machine::Time) -> Drain {
    let stored = drain.snapshot().to_json();
    let snapshot = DrainSnapshot::from_json(&stored).unwrap();
    assert_eq!(snapshot.to_json(), stored);
    Drain::restore(&api(), &snapshot, DrainOptions::new(), now)
}

/// A queue that lists nothing that was read, a drain that ends at its `end`th output, and an
/// application that processes what is delivered and acknowledges it, or ends in between.
fn delivered_after_an_end(end: usize, processes_last: bool) -> (BTreeMap<String, usize>, usize) {
    let ids = ["a", "b", "c", "d", "e"];
    let mut unread: BTreeSet<&str> = ids.into();
    let mut processed = BTreeMap::new();
    let mut drain = Drain::new(&api(), DrainOptions::new().with_max_in_flight(2), START);
    let (mut now, mut outputs, mut out) = (START, 0, Vec::new());
    loop {
        outputs += 1;
        let output = drain.next_output(now);
        let ends_here = outputs == end;
        match output {
            Output::Send(transmit) => {
                let uri = transmit.request.uri().to_string();
                let read = ids.into_iter().find(|id| uri.ends_with(&format!("={id}")));
                let response = match read {
                    Some(id) => {
                        unread.remove(id);
                        if id == "c" { failed() } else { success() }
                    }
                    None => listing(&unread.iter().collect::<Vec<_>>()),
                };
                out.push((transmit.id, response));
            }
            Output::Event(event) => {
                if let DrainEventKind::Extracted { extraction_id, .. } = event.kind {
                    if !ends_here || processes_last {
                        drain.acknowledge(&extraction_id);
                        *processed.entry(extraction_id.to_string()).or_default() += 1;
                    }
                }
            }
            Output::Wait(until) => match out.pop() {
                Some((id, response)) => drain.handle_response(id, response, now),
                None => now = until,
            },
            Output::NeedInput | Output::Done => match out.pop() {
                Some((id, response)) => drain.handle_response(id, response, now),
                None => return (processed, outputs),
            },
        }
        if ends_here {
            // What is out is lost.
            out.clear();
            drain = restored(&drain, now);
        }
    }
}

#[test]
fn wherever_a_drain_ends_nothing_that_was_read_is_lost_and_nothing_comes_twice() {
    let (_, outputs) = delivered_after_an_end(usize::MAX, true);
    assert!(outputs > 15, "{outputs}");
    for end in 1..=outputs {
        for processes_last in [true, false] {
            let (processed, _) = delivered_after_an_end(end, processes_last);
            assert_eq!(processed.len(), 5, "ended at {end}: {processed:?}");
            assert!(
                processed.values().all(|times| *times == 1),
                "ended at {end}: {processed:?}"
            );
        }
    }
}

#[test]
fn what_was_set_aside_stays_so_and_attempts_are_not_forgotten() {
    let mut queue = Queue::new(&["a", "b"])
        .with("a", || Ok(response(422, "{}")))
        .with("b", || Err(FailureKind::Interrupted));
    let mut run = DrainRun::with(DrainOptions::new());
    run.serve(&mut queue, SECOND * 5);
    let attempts = run.count(|kind| matches!(kind, DrainEventKind::FetchFailed { .. }));
    assert!(attempts >= 2, "{attempts}");
    let now = run.now;
    let mut again = DrainRun::with(DrainOptions::new());
    (again.drain, again.now) = (restored(&run.drain, now), now);
    again.serve(&mut queue, SECOND * 3600);
    let of = |run: &DrainRun, wanted: &str| {
        run.count(|kind| {
            matches!(kind, DrainEventKind::FetchDue { extraction_id, .. }
                if extraction_id.as_str() == wanted)
        })
    };
    let mut whole = DrainRun::with(DrainOptions::new());
    whole.serve(&mut queue, SECOND * 3600);
    for id in ["a", "b"] {
        assert_eq!(of(&run, id) + of(&again, id), of(&whole, id), "{id}");
    }
    let set_aside = |run: &DrainRun| {
        let all = run.set_aside().into_iter();
        all.map(|(id, _, attempts)| (id.to_owned(), attempts))
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(
        &set_aside(&run) | &set_aside(&again),
        set_aside(&whole),
        "once each, with all attempts"
    );
}

#[test]
fn its_stored_form_is_read_and_written_unchanged() {
    let mut run = DrainRun::unacknowledged(DrainOptions::new().with_max_in_flight(1));
    let mut queue = Queue::new(&["a", "b"]).with("b", || Err(FailureKind::Interrupted));
    run.serve(&mut queue, SECOND);
    run.drain.acknowledge(&id("c"));
    let json = run.drain.snapshot().to_json();
    assert_eq!(json, GOLDEN.trim_end());
    let snapshot = DrainSnapshot::from_json(GOLDEN).unwrap();
    assert_eq!((snapshot.len(), snapshot.to_json()), (3, json.clone()));
    assert!(matches!(
        DrainSnapshot::from_json(&json.replace("\"b\"", "\"d\"")),
        Err(TicketError::Altered)
    ));
    assert!(matches!(
        DrainSnapshot::from_json(r#"{"typless_drain": 2, "queue": []}"#),
        Err(TicketError::Newer { version: 2 })
    ));
    assert!(matches!(
        DrainSnapshot::from_json("[]"),
        Err(TicketError::Unreadable { .. })
    ));
}
