//! Nothing is sent sooner than it was asked to wait: by the service, by the policy, or by what the
//! machine itself has announced.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::queue::{DrainRun, Queue, Reply, listing};
use crate::support::service::{Fault, numbered};
use crate::support::{ID, Run, START, accepted, in_progress, response, success};
use proptest::collection::vec;
use proptest::prelude::*;
use typless::machine::{
    BatchEventKind, BatchOptions, DrainOptions, JobEventKind, JobOptions, Machine, Output,
    RetryPolicy, Time,
};
use typless::wire::Notification;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A response with this status and, unless it is 0, this `Retry-After`.
fn hinted(status: u16, seconds: u64) -> http::Response<bytes::Bytes> {
    let mut response = match status {
        200 => in_progress(),
        202 => accepted(),
        status => response(status, ""),
    };
    if seconds > 0 {
        let value = seconds.to_string().parse().unwrap();
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, value);
    }
    response
}

fn hint() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..600_u64]
}

fn poll_status() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200_u16), fault_status()]
}

fn fault_status() -> impl Strategy<Value = u16> {
    prop_oneof![Just(429_u16), Just(503), Just(500), Just(408)]
}

proptest! {
    #![proptest_config(super::cases(96))]

    /// Nor sooner than the event said, but for a poll that a message brings, a second after the
    /// last at the earliest.
    #[test]
    fn a_job_sends_nothing_sooner(
        seed in any::<u64>(),
        submits in vec((prop_oneof![Just(408_u16), Just(429)], hint()), 0..6),
        accepted_hint in hint(),
        polls in vec((poll_status(), hint(), any::<bool>()), 1..12),
    ) {
        let mut run = Run::with(JobOptions::new().with_seed(seed).with_deadline(DAY));
        let submits = submits.into_iter().map(|(status, hint)| (status, hint, false));
        let replies = submits.chain([(202, accepted_hint, false)]).chain(polls);
        let message = format!(r#"{{"data": {{"id": "{ID}"}}, "type": "extraction.finished"}}"#);
        let message = Notification::decode(message.as_bytes()).unwrap();
        let mut not_before = run.now;
        for (status, hint, is_notified) in replies {
            let transmit = run.next_request().expect("it goes on");
            prop_assert!(run.now >= not_before, "{:?} {not_before:?}", run.now);
            run.job.handle_response(transmit.id, hinted(status, hint), run.now);
            let asked = run.now + Duration::from_secs(hint);
            let Output::Event(event) = run.job.next_output(run.now) else {
                return Err(TestCaseError::fail("no event"));
            };
            let announced = match &event.kind {
                JobEventKind::SubmitFailed { retry_at, .. } => *retry_at,
                JobEventKind::PollFailed { next_poll, .. }
                | JobEventKind::Progressed { next_poll, .. } => *next_poll,
                _ => asked,
            };
            prop_assert!(announced >= asked, "{event:?}");
            if is_notified {
                run.job.handle_notification(&message, run.now);
                not_before = announced.min(asked.max(run.now + Duration::from_secs(1)));
            } else {
                not_before = announced.max(run.now + Duration::from_millis(250));
            }
        }
    }
}

proptest! {
    #![proptest_config(super::cases(64))]

    /// A listing, a poll of any job, a submit, a probe.
    #[test]
    fn a_batch_sends_nothing_before_the_end_of_a_pause(
        seed in any::<u64>(), is_queue in any::<bool>(),
        faults in vec((0..60_u64, fault_status(), 1..300_u64), 1..10),
    ) {
        let options = BatchOptions::new().with_seed(seed).with_deadline(DAY);
        let options = if is_queue { options } else { options.without_queue() };
        let mut run = BatchRun::with_documents(40, options);
        let sooner: Rc<RefCell<Vec<(Time, Time)>>> = Rc::default();
        let (log, trip) = (sooner.clone(), run.round_trip);
        let mut pauses: Vec<(Time, Time)> = Vec::new();
        run.service.fault = Box::new(move |number, _, now| {
            let known = pauses.iter().filter(|(replied_at, _)| *replied_at < now);
            let until = known.map(|(_, until)| *until).max().unwrap_or_default();
            if now < until {
                log.borrow_mut().push((now, until));
            }
            let (_, status, seconds) = faults.iter().find(|(at, _, _)| *at == number)?;
            pauses.push((now + trip, now + trip + Duration::from_secs(*seconds)));
            Some(Fault::RetryAfter(*status, *seconds))
        });
        run.run_until(START + MINUTE * 120);
        prop_assert_eq!(&*sooner.borrow(), &[]);
    }

    #[test]
    fn a_drain_sends_nothing_before_the_end_of_a_pause(
        seed in any::<u64>(),
        faults in vec((0..40_usize, fault_status(), 1..300_u64), 1..8),
    ) {
        let options = DrainOptions::new().with_seed(seed).with_interval(MINUTE);
        let mut run = DrainRun::with(options);
        let names: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let mut queue = Queue::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let at = Rc::new(RefCell::new(0));
        let planned = faults.clone();
        let odd = move || -> Option<Reply> {
            let number = at.replace_with(|at| *at + 1);
            let (_, status, seconds) = planned.iter().find(|(at, _, _)| *at == number)?;
            Some(Ok(hinted(*status, *seconds)))
        };
        for name in &names {
            let odd = odd.clone();
            let reply = move || odd().unwrap_or_else(|| Ok(success()));
            queue.odd.insert(name.clone(), Box::new(reply));
        }
        let all = names.clone();
        queue.odd_listing = Some(Box::new(move || odd().unwrap_or_else(|| Ok(listing(&all)))));
        run.serve(&mut queue, MINUTE * 60);
        let mut not_before = START;
        for (number, (sent_at, uri)) in run.requests.iter().enumerate() {
            prop_assert!(*sent_at >= not_before, "{uri} at {sent_at:?}, not {not_before:?}");
            if let Some((_, _, seconds)) = faults.iter().find(|(at, _, _)| *at == number) {
                not_before = not_before.max(*sent_at + Duration::from_secs(*seconds));
            }
        }
    }

    /// After a failure by the policy, after a problem ten minutes, whatever is still out then.
    #[test]
    fn a_batch_lists_no_sooner_than_after_the_delay_of_its_failures(
        seed in any::<u64>(), faults in vec(0..5_u8, 1..12), lists_nothing in any::<bool>(),
    ) {
        let options = BatchOptions::new().with_seed(seed).with_deadline(DAY);
        let mut run = BatchRun::new(options);
        for number in 0..60 {
            run.batch.add(numbered(number), run.now).unwrap();
        }
        run.service.lists_nothing = lists_nothing;
        run.service.takes = Box::new(|number| Duration::from_secs(20 + number * 7));
        let listed: Rc<RefCell<Vec<(Time, bool)>>> = Rc::default();
        let log = listed.clone();
        run.service.fault = Box::new(move |_, request, now| {
            if !request.contains("awaiting") {
                return None;
            }
            let mut log = log.borrow_mut();
            let fault = match faults[log.len() % faults.len()] {
                0 => Some(Fault::Status(500)),
                1 => Some(Fault::NoResponse),
                _ => None,
            };
            log.push((now, fault == Some(Fault::Status(500))));
            fault
        });
        run.run_until(START + MINUTE * 40);
        let listed = listed.borrow();
        let mut failures = 0;
        for pair in listed.windows(2) {
            let ((sent_at, has_failed), (next_at, _)) = (pair[0], pair[1]);
            failures = if has_failed { failures + 1 } else { 0 };
            if failures > 0 {
                let delay = RetryPolicy::new().delay(failures, 0);
                let gap = next_at.saturating_since(sent_at + run.round_trip);
                prop_assert!(gap >= delay, "{gap:?} after {failures}: {listed:?}");
            }
        }
        for (event, at) in run.events.iter().zip(&run.event_times) {
            if matches!(event.kind, BatchEventKind::QueueDegraded(_)) {
                let next = listed.iter().find(|(sent_at, _)| sent_at > at);
                let is_late = next.is_none_or(|(next, _)| *next >= *at + MINUTE * 10);
                prop_assert!(is_late, "{event:?} {at:?} {next:?}");
            }
        }
    }
}
