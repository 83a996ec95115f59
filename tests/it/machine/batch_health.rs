//! What a batch does while it is unknown whether the service works: who finds out, and what
//! is reported.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::service::{Fault, Service, numbered};
use crate::support::{START, api, in_progress, response, response_with};
use http::Method;
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, Failure, FailureKind, JobEventKind, Machine, Output,
    PauseReason, RequestId, Ticket, Time,
};
use typless::wire::ExtractionId;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The requests of a batch, and when it reported pauses: driven by hand.
struct ByHand {
    batch: Batch,
    now: Time,
    submits: Vec<(Time, RequestId)>,
    polls: Vec<(Time, RequestId)>,
    pauses: Vec<(Time, PauseReason)>,
}

impl ByHand {
    fn new(options: BatchOptions) -> Self {
        Self {
            batch: Batch::new(&api(), options.without_queue(), START),
            now: START,
            submits: Vec::new(),
            polls: Vec::new(),
            pauses: Vec::new(),
        }
    }

    fn with_documents(mut self, count: usize) -> Self {
        for number in 0..count {
            self.batch.add(numbered(number), self.now).unwrap();
        }
        self
    }

    fn resume(&mut self, number: u64) {
        let id = ExtractionId::new(&Service::id(number)).unwrap();
        let ticket = Ticket::new(id, START, START + HOUR * 24);
        self.batch.resume(&ticket, self.now).unwrap();
    }

    /// Takes what there is until `until`, or until a request leaves.
    fn step(&mut self, until: Time) {
        loop {
            match self.batch.next_output(self.now) {
                Output::Send(transmit) => {
                    let sent = (self.now, transmit.id);
                    if transmit.request.method() == Method::POST {
                        self.submits.push(sent);
                    } else {
                        self.polls.push(sent);
                    }
                    return;
                }
                Output::Event(event) => {
                    if let BatchEventKind::Paused(pause) = event.kind {
                        self.pauses.push((pause.until, pause.reason));
                    }
                }
                Output::Wait(at) if at <= until => self.now = at,
                Output::Wait(_) | Output::NeedInput | Output::Done => {
                    self.now = self.now.max(until);
                    return;
                }
            }
        }
    }

    /// Takes all that there is until this long from now.
    fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let sent = self.submits.len() + self.polls.len();
            self.step(until);
            if sent == self.submits.len() + self.polls.len() {
                return;
            }
        }
    }

    fn lose(&mut self, id: RequestId) {
        let failure = Failure::new(FailureKind::Interrupted, "set by the test");
        self.batch.handle_failure(id, failure, self.now);
    }
}

#[test]
fn one_unknown_submit_stops_nobody_for_long_however_an_empty_queue_is_written() {
    for empty in [r#"{"extraction_ids": []}"#, "[]", "{}", "null", ""] {
        let mut run = BatchRun::new(BatchOptions::new());
        run.service.empty = empty;
        run.service.fault = Box::new(|number, _, _| (number == 0).then_some(Fault::Status(500)));
        for number in 0..5 {
            run.batch.add(numbered(number), run.now).unwrap();
            run.run_until(START + MINUTE * (number as u32 + 1));
        }
        run.batch.close();
        run.run_until(START + MINUTE * 10);
        assert_eq!(run.succeeded(), 4, "{empty:?}: {:?}", run.outcomes);
    }
}

#[test]
fn while_submits_are_held_back_and_nothing_finds_out_that_is_reported() {
    let mut run = BatchRun::with_documents(20, BatchOptions::new().with_max_submits(1));
    // It works, and yet this is no evidence.
    run.service.empty = "[]";
    run.service.fault = Box::new(|number, _, _| (number == 0).then_some(Fault::Status(500)));
    run.run();
    let mut reported = Vec::new();
    for event in &run.events {
        match &event.kind {
            BatchEventKind::Paused(pause) => reported.push((true, pause.reason)),
            BatchEventKind::Resumed { reason, .. } => reported.push((false, *reason)),
            _ => {}
        }
    }
    let submits = PauseReason::Submits;
    assert_eq!(reported, [(true, submits), (false, submits)]);
    assert_eq!(run.succeeded(), 19);
}

#[test]
fn one_submit_at_a_time_means_one_whatever_becomes_of_older_ones() {
    let mut hand = ByHand::new(BatchOptions::new().with_max_submits(6)).with_documents(30);
    hand.run_for(SECOND);
    assert_eq!(hand.submits.len(), 6);
    hand.lose(hand.submits[0].1);
    hand.resume(99);
    hand.run_for(SECOND * 3);
    assert_eq!(hand.submits.len(), 6, "it takes evidence");
    let poll = hand.polls.last().unwrap().1;
    hand.batch.handle_response(poll, in_progress(), hand.now);
    hand.run_for(SECOND);
    assert_eq!(hand.submits.len(), 7);
    for older in 1..6 {
        let id = hand.submits[older].1;
        let refused = response(400, "<html>");
        hand.batch.handle_response(id, refused, hand.now);
        hand.run_for(SECOND);
        assert_eq!(hand.submits.len(), 7, "after {older} older ones");
    }
}

#[test]
fn one_lost_submit_holds_the_next_for_nothing_two_for_a_second_and_more_for_longer() {
    let options = BatchOptions::new().with_max_submits(1);
    let mut hand = ByHand::new(options).with_documents(30);
    (100..130).for_each(|number| hand.resume(number));
    hand.run_for(SECOND);
    let mut waited = Vec::new();
    for lost in 1..=7 {
        assert_eq!(hand.submits.len(), lost, "one at a time");
        let (since, submit) = hand.submits[lost - 1];
        hand.lose(submit);
        while hand.submits.len() == lost {
            hand.run_for(SECOND / 5);
            for (_, poll) in hand.polls.split_off(0) {
                hand.batch.handle_response(poll, in_progress(), hand.now);
            }
        }
        waited.push(hand.submits[lost].0.saturating_since(since).as_secs());
    }
    // Beside these, up to two seconds for what shows that the service works.
    for (seconds, interval) in waited.iter().zip([0, 1, 10, 20, 40, 80, 160]) {
        assert!((interval..=interval + 2).contains(seconds), "{waited:?}");
    }
}

#[test]
fn a_poll_that_is_not_due_for_an_hour_holds_no_submit_back_for_so_long() {
    let mut hand = ByHand::new(BatchOptions::new()).with_documents(5);
    hand.resume(99);
    hand.run_for(SECOND);
    let later = || response_with(200, ("retry-after", "3600"), r#"{"status": "IN_PROGRESS"}"#);
    let polls: Vec<_> = hand.polls.drain(..).collect();
    for (_, id) in polls {
        hand.batch.handle_response(id, later(), hand.now);
    }
    let submits: Vec<_> = hand.submits.drain(..).collect();
    for (_, id) in submits {
        hand.lose(id);
    }
    let since = hand.now;
    hand.run_for(HOUR / 2);
    let next = hand.submits[0].0.saturating_since(since);
    assert!(next >= MINUTE && next <= MINUTE * 6, "{next:?}");
}

#[test]
fn an_hour_that_a_second_response_asks_for_is_reported() {
    let mut hand = ByHand::new(BatchOptions::new()).with_documents(3);
    hand.run_for(SECOND / 10);
    let (one, other) = (hand.submits[0].1, hand.submits[1].1);
    hand.batch
        .handle_response(one, response(429, "{}"), hand.now);
    hand.run_for(SECOND);
    let hour = response_with(429, ("retry-after", "3600"), "{}");
    hand.batch.handle_response(other, hour, hand.now);
    let until = hand.now + HOUR;
    hand.run_for(SECOND);
    assert_eq!(
        hand.pauses.last(),
        Some(&(until, PauseReason::Throttled)),
        "{:?}",
        hand.pauses
    );
}

#[test]
fn what_the_service_asked_for_is_no_step_of_what_it_did_not() {
    let mut hand = ByHand::new(BatchOptions::new()).with_documents(1);
    hand.run_for(SECOND);
    for _ in 0..5 {
        let one = hand.submits.last().unwrap().1;
        let hinted = response_with(429, ("retry-after", "1"), "{}");
        hand.batch.handle_response(one, hinted, hand.now);
        hand.step(hand.now + MINUTE * 10);
    }
    let one = hand.submits.last().unwrap().1;
    hand.pauses.clear();
    hand.batch
        .handle_response(one, response(429, "{}"), hand.now);
    let at = hand.now;
    hand.run_for(SECOND / 10);
    let (until, _) = hand.pauses[0];
    // The first without a hint is short.
    assert!(until <= at + SECOND / 4, "{:?}", until.saturating_since(at));
}

#[test]
fn an_outage_of_half_a_day_costs_few_documents() {
    for fault in [Fault::ResponseLost, Fault::Status(500), Fault::NoResponse] {
        let options = BatchOptions::new().with_deadline(HOUR * 48);
        let mut run = BatchRun::with_documents(1000, options);
        run.keeps_events = false;
        run.service.fault = Box::new(move |_, _, now| {
            let is_outage = now >= START + SECOND * 20 && now < START + HOUR * 12;
            is_outage.then(|| fault.clone())
        });
        run.run();
        let unknown = run.count_errors("SubmitUnknown");
        assert!(unknown <= 24, "{unknown}: those in flight, and one an hour");
        assert_eq!(run.succeeded() + unknown, 1000);
    }
}

#[test]
fn a_machine_that_sleeps_asks_before_it_submits() {
    let options = BatchOptions::new().with_max_submits(1).with_burst(1);
    let mut run = BatchRun::with_documents(10, options);
    run.service.takes = Box::new(|_| HOUR);
    run.service.fault = Box::new(|number, _, _| (number >= 2).then_some(Fault::ResponseLost));
    run.run_until(START + SECOND * 2);
    let unknown = run.count_errors("SubmitUnknown");
    assert_eq!(unknown, 1);
    for _ in 0..4 {
        run.now = run.now + MINUTE * 10;
        run.run_until(run.now + SECOND);
        assert_eq!(run.count_errors("SubmitUnknown"), unknown);
    }
}

#[test]
fn the_retry_budget_bounds_retries() {
    let retries = |budget| {
        let options = BatchOptions::new()
            .without_queue()
            .with_retry_budget(budget);
        let mut run = BatchRun::with_documents(100, options);
        run.service.takes = Box::new(|_| SECOND);
        let mut polls = 0;
        run.service.fault = Box::new(move |_, request, _| {
            let is_poll = request.contains("extraction_id=");
            polls += u64::from(is_poll);
            (is_poll && polls % 4 != 0).then_some(Fault::Status(500))
        });
        run.run_until(START + MINUTE * 5);
        run.count_job_events(|event| matches!(event, JobEventKind::PollFailed { .. }))
    };
    // Each 30 s one, and those that successes give back.
    assert!(retries(0) < 130, "{}", retries(0));
    assert!(retries(100_000) > 250, "{}", retries(100_000));
}

#[test]
fn a_submit_that_waits_for_its_confirmation_does_not_keep_an_outage() {
    let options = BatchOptions::new().without_queue().with_confirmation();
    let mut run = BatchRun::new(options.with_deadline(HOUR * 10));
    let id = run.service.hold(0, START + SECOND * 700);
    let ticket = Ticket::new(id, START, START + HOUR * 10);
    let resumed = run.batch.resume(&ticket, START).unwrap();
    run.service.fault = Box::new(|number, request, now| match request.starts_with("POST") {
        true => (now < START + SECOND * 300).then_some(Fault::NotSent),
        // Its first poll: in progress, and no other before 400 s have passed.
        false => (number == 0).then_some(Fault::Hinted(400)),
    });
    run.run_until(START + SECOND);
    for number in 1..30 {
        run.batch.add(numbered(number), run.now).unwrap();
    }
    for second in 1..900 {
        run.run_until(START + SECOND * second);
        // Once there is an outage nobody confirms.
        if !run.is_paused(PauseReason::Outage) {
            let last = run.events.last().map_or(0, |event| event.sequence);
            run.batch.confirm(last);
        }
    }
    assert_eq!(run.outcomes.get(&resumed), Some(&Ok(())));
}

#[test]
fn in_an_outage_a_listing_and_a_poll_find_out_in_turns() {
    let mut run = BatchRun::with_documents(20, BatchOptions::new());
    run.service.takes = Box::new(|_| HOUR);
    run.service.fault = Box::new(|_, _, now| (now >= START + MINUTE).then_some(Fault::Status(502)));
    run.run_until(START + MINUTE * 20);
    let probes: Vec<&str> = run
        .events
        .iter()
        .skip_while(|event| !matches!(event.kind, BatchEventKind::Paused(_)))
        .filter_map(|event| match &event.kind {
            BatchEventKind::ListingDue => Some("listing"),
            BatchEventKind::Job {
                event: JobEventKind::PollDue { .. },
                ..
            } => Some("poll"),
            _ => None,
        })
        .collect();
    assert!(probes.len() > 10, "{probes:?}");
    for (number, probe) in probes.iter().enumerate() {
        assert_eq!(*probe, ["listing", "poll"][number % 2], "{probes:?}");
    }
}

#[test]
fn polls_that_failed_in_an_outage_cost_no_retries_afterwards() {
    let options = BatchOptions::new()
        .without_queue()
        .without_rate()
        .with_max_in_flight(100)
        .with_max_submits(100)
        .with_retry_budget(0);
    let mut run = BatchRun::with_documents(100, options);
    run.service.takes = Box::new(|_| MINUTE * 5);
    run.run_until(START + SECOND);
    let until = run.now + MINUTE * 10;
    run.service.fault = Box::new(move |_, _, now| (now < until).then_some(Fault::Status(502)));
    run.run_until(until + MINUTE * 7);
    // Those that failed before it was known to be an outage wait for a retry each: one in 30 s.
    assert!(run.succeeded() >= 90, "{}", run.succeeded());
}

#[test]
fn a_retry_is_made_when_the_budget_allows_it_though_nothing_else_is_due() {
    let options = BatchOptions::new().without_queue().without_rate();
    let mut run = BatchRun::with_documents(5, options.with_retry_budget(0));
    let mut polls = BTreeMap::new();
    run.service.fault = Box::new(move |_, request, _| {
        let count: &mut u32 = polls.entry(request.to_owned()).or_default();
        *count += 1;
        (request.starts_with("GET") && *count <= 3).then_some(Fault::Status(500))
    });
    run.run();
    assert_eq!(run.succeeded(), 5, "{:?}", run.outcomes);
}

#[test]
fn a_document_for_which_alone_the_key_is_refused_ends_and_no_other() {
    let mut run = BatchRun::with_documents(100, BatchOptions::new());
    run.service.poison = Some(("5.pdf", 403));
    run.run_until(START + HOUR * 2);
    assert_eq!((run.succeeded(), run.count_errors("Refused")), (99, 1));
}

#[test]
fn a_last_poll_that_was_emitted_before_a_pause_is_not_sent_in_it() {
    let mut hand = ByHand::new(BatchOptions::new()).with_documents(1);
    hand.run_for(SECOND);
    let submit = hand.submits[0].1;
    let id = ExtractionId::new(&Service::id(99)).unwrap();
    let ticket = Ticket::new(id, hand.now, hand.now + SECOND * 10);
    hand.batch.resume(&ticket, hand.now).unwrap();
    let event = loop {
        match hand.batch.next_output(hand.now) {
            Output::Event(event) => break event,
            Output::Wait(until) => hand.now = until,
            output => panic!("{output:?}"),
        }
    };
    let poll_due = matches!(
        event.kind,
        BatchEventKind::Job {
            event: JobEventKind::PollDue { .. },
            ..
        }
    );
    assert!(poll_due, "{event:?}");
    let pause = response_with(429, ("retry-after", "3600"), "{}");
    hand.batch.handle_response(submit, pause, hand.now);
    hand.run_for(MINUTE * 30);
    assert!(hand.polls.is_empty(), "{:?}", hand.polls);
    assert_eq!(hand.batch.progress().failed, 1, "its deadline has passed");
}

#[test]
fn a_poll_that_is_welcome_just_at_the_deadline_is_made_then_and_not_before() {
    let mut hand = ByHand::new(BatchOptions::new());
    let id = ExtractionId::new(&Service::id(99)).unwrap();
    let ticket = Ticket::new(id, START, START + MINUTE);
    hand.batch.resume(&ticket, START).unwrap();
    hand.run_for(Duration::ZERO);
    let later = response_with(200, ("retry-after", "60"), r#"{"status": "IN_PROGRESS"}"#);
    hand.batch.handle_response(hand.polls[0].1, later, START);
    hand.run_for(MINUTE * 2);
    let sent: Vec<Time> = hand.polls.iter().map(|(at, _)| *at).collect();
    assert_eq!(sent, [START, START + MINUTE]);
}

#[test]
fn a_single_document_outlives_an_hour_in_which_nothing_can_be_sent() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.service.fault = Box::new(|_, _, now| (now < START + HOUR).then_some(Fault::NotSent));
    run.run_until(START + HOUR + MINUTE * 10);
    assert_eq!(run.succeeded(), 1, "{:?}", run.outcomes);
}

/// A probe finds out whether submits may go on, and works; but before its response another request
/// has shown that the key is refused, of which the probe says nothing.
#[test]
fn a_key_that_is_refused_while_a_probe_is_out_is_tried_again() {
    let options = BatchOptions::new().without_queue().with_max_submits(3);
    let mut batch = Batch::new(&api(), options, START);
    for number in 0..4 {
        batch.add(numbered(number), START).unwrap();
    }
    let (mut now, mut out) = (START, Vec::new());
    // Three submits are out, and then two polls. The first finds out whether a fourth may leave.
    while out.len() < 5 {
        match batch.next_output(now) {
            Output::Send(transmit) => out.push(transmit.id),
            Output::Event(_) => {}
            Output::Wait(until) if out.len() > 3 || now > START => now = until,
            _ => {
                now = now + Duration::from_millis(100);
                batch.handle_response(out[0], response(200, r#"{"extraction_id": "a"}"#), now);
                batch.handle_response(out[1], response(200, r#"{"extraction_id": "b"}"#), now);
                let lost = Failure::new(FailureKind::Interrupted, "set by the test");
                batch.handle_failure(out[2], lost, now);
            }
        }
    }
    batch.handle_response(out[4], response(401, "{}"), now);
    batch.handle_response(out[3], in_progress(), now);
    let pause = batch.progress().pause.expect("a pause");
    assert_eq!(pause.reason, PauseReason::KeyRefused);
    let began = now;
    let until = loop {
        match batch.next_output(now) {
            Output::Send(_) => break now,
            Output::Event(_) => {}
            Output::Wait(until) => now = until,
            Output::NeedInput | Output::Done => panic!("it hangs"),
        }
    };
    assert!(until <= began + Duration::from_secs(300), "{until:?}");
}
