//! A limit bounds what its name says: no less, and no more.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::queue::DrainRun;
use crate::support::service::Fault;
use crate::support::{START, api, response, success};
use proptest::collection::vec;
use proptest::prelude::*;
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, DrainEventKind, DrainOptions, Job, JobEventKind,
    JobOptions, JobState, Limits, Machine, Output, Time, Transmit,
};
use typless::wire::Document;

const NANOSECOND: Duration = Duration::from_nanos(1);

fn sized(bytes: usize) -> Document {
    let document = Document::new("a.pdf", "line-item-invoice", vec![b'x'; bytes]).unwrap();
    document.with_reference(&bytes.to_string()).unwrap()
}

fn accepted() -> http::Response<bytes::Bytes> {
    crate::support::accepted()
}

/// Runs to the next request, as long as it takes.
fn next_request<M: Machine>(machine: &mut M, now: &mut Time) -> Transmit {
    loop {
        match machine.next_output(*now) {
            Output::Send(transmit) => return transmit,
            Output::Event(_) => {}
            Output::Wait(until) => *now = until,
            Output::NeedInput | Output::Done => panic!("no request"),
        }
    }
}

/// Until when a machine waits.
fn waits_until<M: Machine>(machine: &mut M, now: Time) -> Time {
    loop {
        match machine.next_output(now) {
            Output::Wait(until) => return until,
            Output::Event(_) => {}
            Output::Send(_) | Output::NeedInput | Output::Done => panic!("it does not wait"),
        }
    }
}

/// Lets a request go without a response until just before its limit: nothing happens.
fn holds_out<M: Machine>(machine: &mut M, transmit: &Transmit, sent_at: Time) -> Time {
    let until = sent_at + transmit.limits.total;
    assert_eq!(waits_until(machine, sent_at), until);
    let latest = sent_at + (transmit.limits.total - NANOSECOND);
    assert_eq!(waits_until(machine, latest), until);
    latest
}

proptest! {
    #![proptest_config(super::cases(24))]

    /// A large upload takes long: its limit is not that of a poll.
    #[test]
    fn a_request_is_waited_for_until_its_own_limit(
        bytes in 1..8_000_000_usize,
        is_batch in any::<bool>(),
    ) {
        let mut now = START;
        let (mut job, mut batch);
        let machine: &mut dyn Exchanges = if is_batch {
            batch = Batch::new(&api(), BatchOptions::new().without_queue(), now);
            batch.add(sized(bytes), now).unwrap();
            batch.close();
            &mut batch
        } else {
            job = Job::submit(&api(), sized(bytes), JobOptions::new(), now);
            &mut job
        };
        let submit = machine.next(&mut now);
        let length = submit.request.body().len();
        prop_assert!(length > bytes as u64 * 4 / 3);
        let total = Duration::from_secs(60 + length / Limits::SLOWEST_UPLOAD);
        prop_assert_eq!(submit.limits.total, total);
        now = machine.hold_out(&submit, now);
        machine.reply(&submit, accepted(), now);
        let poll = machine.next(&mut now);
        prop_assert_eq!(poll.request.method(), http::Method::GET);
        prop_assert_eq!(poll.limits.total, Duration::from_secs(60));
        now = machine.hold_out(&poll, now);
        machine.reply(&poll, success(), now);
        prop_assert!(machine.has_succeeded(now));
    }

    #[test]
    fn a_submit_without_a_response_is_unknown_at_its_limit(bytes in 1..8_000_000_usize) {
        let mut now = START;
        let mut job = Job::submit(&api(), sized(bytes), JobOptions::new(), now);
        let submit = next_request(&mut job, &mut now);
        now = holds_out(&mut job, &submit, now);
        prop_assert_eq!(job.state(), JobState::Submitting);
        while let Output::Event(_) = job.next_output(now + NANOSECOND) {}
        prop_assert_eq!(job.state(), JobState::SubmitUnknown);
    }
}

/// What a job and a batch of one have in common.
trait Exchanges {
    fn next(&mut self, now: &mut Time) -> Transmit;
    fn hold_out(&mut self, transmit: &Transmit, sent_at: Time) -> Time;
    fn reply(&mut self, transmit: &Transmit, response: http::Response<bytes::Bytes>, now: Time);
    fn has_succeeded(&mut self, now: Time) -> bool;
}

impl<M: Machine> Exchanges for M {
    fn next(&mut self, now: &mut Time) -> Transmit {
        next_request(self, now)
    }

    fn hold_out(&mut self, transmit: &Transmit, sent_at: Time) -> Time {
        holds_out(self, transmit, sent_at)
    }

    fn reply(&mut self, transmit: &Transmit, response: http::Response<bytes::Bytes>, now: Time) {
        self.handle_response(transmit.id, response, now);
    }

    fn has_succeeded(&mut self, now: Time) -> bool {
        let mut outcomes = 0;
        while let Output::Event(event) = self.next_output(now) {
            outcomes += usize::from(M::into_outcome(event).is_ok());
        }
        outcomes == 1 && matches!(self.next_output(now), Output::Done)
    }
}

#[test]
fn a_fetch_and_a_listing_are_waited_for_until_their_limit() {
    let mut run = DrainRun::with(DrainOptions::new());
    let list = run.requests_now().remove(0);
    run.now = holds_out(&mut run.drain, &list, run.now);
    let ids = crate::support::queue::listing(&["a"]);
    run.drain.handle_response(list.id, ids, run.now);
    let fetch = run.requests_now().remove(0);
    run.now = holds_out(&mut run.drain, &fetch, run.now);
    run.drain.handle_response(fetch.id, success(), run.now);
    run.requests_now();
    assert_eq!(
        run.count(|kind| matches!(kind, DrainEventKind::Extracted { .. })),
        1
    );
}

/// What happens next to the submits of a batch.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add(usize),
    /// All events up to now are confirmed.
    Confirm,
    /// The oldest submit that is out gets a response.
    Respond(bool),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => prop_oneof![1..600_usize, 1..3000_usize].prop_map(Step::Add),
        2 => Just(Step::Confirm),
        2 => any::<bool>().prop_map(Step::Respond),
        2 => (0..5000_u64).prop_map(Step::Advance),
    ]
}

proptest! {
    #![proptest_config(super::cases(128))]

    /// Counted from the event on, with which a submit begins. A document that is larger than the
    /// limit goes alone.
    #[test]
    fn submits_keep_to_their_number_and_their_bytes(
        confirmation in any::<bool>(), max_bytes in 1..2000_u64, max_submits in 1..6_usize,
        rate in 1..20_u32, steps in vec(step(), 1..80),
    ) {
        let options = BatchOptions::new()
            .without_queue()
            .with_rate(rate, Duration::from_secs(1))
            .with_max_bytes(max_bytes)
            .with_max_submits(max_submits);
        let options = if confirmation { options.with_confirmation() } else { options };
        let mut now = START;
        let mut batch = Batch::new(&api(), options, now);
        let (mut sizes, mut under_way, mut out) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let (mut sequence, mut ids) = (0, 0);
        for step in steps {
            match step {
                Step::Add(bytes) => {
                    sizes.insert(batch.add(sized(bytes), now).unwrap(), bytes as u64);
                }
                Step::Confirm => batch.confirm(sequence),
                Step::Respond(is_accepted) if !out.is_empty() => {
                    let id = out.remove(0);
                    ids += 1;
                    let body = format!(r#"{{"extraction_id": "{ids:040x}"}}"#);
                    let (status, body) = if is_accepted { (202, body.as_str()) } else { (400, "") };
                    batch.handle_response(id, response(status, body), now);
                }
                Step::Respond(_) => {}
                Step::Advance(milliseconds) => now = now + Duration::from_millis(milliseconds),
            }
            loop {
                match batch.next_output(now) {
                    Output::Send(transmit) if transmit.request.method() == http::Method::POST => {
                        out.push(transmit.id);
                    }
                    Output::Event(event) => {
                        sequence = event.sequence;
                        let BatchEventKind::Job { key, event, .. } = event.kind else {
                            continue;
                        };
                        if let JobEventKind::Submitting { .. } = event {
                            under_way.insert(key, sizes[&key]);
                            let bytes: u64 = under_way.values().sum();
                            let is_alone = under_way.len() == 1;
                            prop_assert!(bytes <= max_bytes || is_alone, "{under_way:?}");
                            prop_assert!(under_way.len() <= max_submits, "{under_way:?}");
                        } else {
                            under_way.remove(&key);
                        }
                    }
                    Output::Send(_) => {}
                    Output::Wait(_) | Output::NeedInput | Output::Done => break,
                }
            }
        }
    }
}

/// What a service does from some time on.
fn breakdown() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        Just(Some(Fault::NoResponse)),
        Just(Some(Fault::NotSent)),
        Just(Some(Fault::Status(500))),
        Just(Some(Fault::Status(401))),
        Just(Some(Fault::Status(429))),
        Just(Some(Fault::RetryAfter(429, 3000))),
        Just(Some(Fault::RetryAfter(503, 40))),
        Just(None),
    ]
}

proptest! {
    #![proptest_config(super::cases(64))]

    /// A last poll is begun within a minute of the deadline, or not at all, and takes a minute at
    /// most; a submit that is out is waited for as long.
    #[test]
    fn every_job_of_a_batch_finishes_soon_after_its_deadline_whatever_the_service_does(
        seed in any::<u64>(), is_queue in any::<bool>(), documents in 1..20_usize,
        max_in_flight in 1..6_usize, deadline in 60..900_u64,
        faults in vec((0..900_u64, breakdown()), 1..4),
    ) {
        let deadline = Duration::from_secs(deadline);
        let options = BatchOptions::new()
            .with_seed(seed)
            .with_deadline(deadline)
            .with_max_in_flight(max_in_flight);
        let options = if is_queue { options } else { options.without_queue() };
        let mut run = BatchRun::with_documents(documents, options);
        run.service.takes = Box::new(|number| Duration::from_secs(number * 100));
        run.service.fault = Box::new(move |_, _, now| {
            let begun = faults.iter().filter(|(at, _)| START + Duration::from_secs(*at) <= now);
            begun.max_by_key(|(at, _)| *at)?.1.clone()
        });
        let end = START + deadline + Duration::from_secs(60) + Duration::from_secs(60);
        run.run_until(end);
        prop_assert_eq!(run.outcomes.len(), documents, "{:?}", run.batch);
    }
}
