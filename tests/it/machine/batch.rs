//! A batch without faults: every document is accounted for, within the limits, with few requests.

use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::service::{Fault, numbered};
use crate::support::{START, api, document, response};
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, Failure, FailureKind, JobEventKind, JobState, Machine,
    Output, PauseReason, PollReason, RetryPolicy, Ticket,
};

#[test]
fn every_document_has_its_outcome_and_then_it_is_done() {
    let mut run = BatchRun::with_documents(100, BatchOptions::new());
    run.run();
    assert_eq!((run.succeeded(), run.service.submits), (100, 100));
    assert!(matches!(run.batch.next_output(run.now), Output::Done));
    let sequences: Vec<u64> = run.events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
    assert_eq!(run.batch.progress().unfinished(), 0);
    assert_eq!(run.batch.progress().succeeded, 100);
}

#[test]
fn an_open_batch_waits_for_more() {
    let mut run = BatchRun::new(BatchOptions::new());
    assert!(matches!(run.batch.next_output(run.now), Output::NeedInput));
    let key = run.batch.add(document(), run.now).unwrap();
    assert_eq!(run.batch.state(key), Some(JobState::Ready));
    assert_eq!(run.batch.snapshot(key).unwrap().reference(), Some("row 17"));
    run.run();
    assert_eq!((run.succeeded(), run.batch.state(key)), (1, None));
    assert!(matches!(run.batch.next_output(run.now), Output::NeedInput));
    run.batch.close();
    assert!(matches!(run.batch.next_output(run.now), Output::Done));
    assert!(run.batch.add(numbered(0), run.now).is_none());
}

#[test]
fn events_name_the_job_and_come_before_their_request() {
    let mut batch = Batch::new(&api(), BatchOptions::new(), START);
    let key = batch.add(document(), START).unwrap();
    let Output::Event(event) = batch.next_output(START) else {
        panic!()
    };
    let BatchEventKind::Job {
        key: named,
        reference,
        event: JobEventKind::Submitting { attempt: 1 },
    } = event.kind
    else {
        panic!()
    };
    assert_eq!((named, reference.as_deref()), (key, Some("row 17")));
    let Output::Send(transmit) = batch.next_output(START) else {
        panic!()
    };
    assert_eq!(transmit.request.method(), "POST");
}

#[test]
fn a_single_document_is_polled_like_a_job() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.run();
    let polls = run.count_job_events(|event| {
        matches!(
            event,
            JobEventKind::PollDue {
                reason: PollReason::Policy,
                ..
            }
        )
    });
    assert_eq!(
        (polls, run.service.listings),
        (4, 0),
        "at about 6, 12, 19 and 26 seconds"
    );
}

#[test]
fn the_limits_hold_by_the_count_of_the_test() {
    let options = BatchOptions::new()
        .with_max_in_flight(5)
        .with_max_submits(2)
        .with_rate(20, Duration::from_secs(1))
        .with_burst(4);
    let mut run = BatchRun::with_documents(300, options);
    run.round_trip = Duration::from_millis(700);
    run.run();
    assert_eq!(run.succeeded(), 300);
    assert!((run.max_in_flight_seen, run.max_submits_seen) == (5, 2));
    assert!(run.max_in_a_second <= 24, "{}", run.max_in_a_second);
}

#[test]
fn its_debug_shows_how_far_it_is() {
    let run = BatchRun::with_documents(60, BatchOptions::new());
    let shown = format!("{:?}", run.batch);
    assert!(shown.contains("waiting: 60"), "{shown}");
    assert!(shown.contains("jobs: 60"), "{shown}");
}

/// Halfway, everything is stored as tickets or snapshots, and another batch resumes from them.
#[test]
fn tickets_and_snapshots_are_enough_to_resume() {
    for seconds in [0, 1, 5, 15, 40, 100] {
        let mut run =
            BatchRun::with_documents(60, BatchOptions::new().with_rate(2, Duration::from_secs(1)));
        run.run_until(START + Duration::from_secs(seconds));
        let kept: Vec<_> = run
            .batch
            .keys()
            .map(|key| run.batch.snapshot(key).unwrap())
            .collect();
        let (ended, unsure) = (
            run.outcomes.len(),
            kept.iter()
                .filter(|snapshot| snapshot.may_be_submitted())
                .count(),
        );
        run.batch = Batch::new(&api(), BatchOptions::new(), run.now);
        for (number, snapshot) in kept.into_iter().enumerate() {
            // From each second one only the ticket is left, where there is one.
            if let Some(ticket) = snapshot.ticket().filter(|_| number % 2 == 0) {
                run.batch.resume(&ticket, run.now).unwrap();
            } else {
                let needed = snapshot.needs_document();
                let document = needed.then(|| numbered(1000 + number));
                run.batch.restore(&snapshot, document, run.now).unwrap();
            }
        }
        let before = std::mem::take(&mut run.outcomes);
        run.batch.close();
        run.run();
        assert_eq!((before.len(), run.outcomes.len()), (ended, 60 - ended));
        assert_eq!(
            run.count_errors("SubmitUnknown"),
            unsure,
            "what was out when the process ended"
        );
        assert_eq!(run.succeeded(), 60 - ended - unsure);
    }
}

#[test]
fn a_confirmation_covers_all_events_before_it_and_nothing_else_waits() {
    let mut run = BatchRun::with_documents(10, BatchOptions::new().with_confirmation());
    let id = run.service.hold(1 << 20, START);
    let ticket = Ticket::new(id, START, START + Duration::from_secs(3600));
    assert!(run.batch.resume(&ticket, START).is_none(), "closed");
    run.run_until(START + Duration::from_secs(5));
    assert_eq!(
        (run.service.submits, run.batch.progress().submitting),
        (0, 4)
    );
    let announced: Vec<u64> = run.events.iter().map(|event| event.sequence).collect();
    run.batch.confirm(announced[1]);
    run.run_until(START + Duration::from_secs(6));
    assert_eq!(run.service.submits, 2);
    run.batch.confirm(u64::MAX);
    run.run();
    assert_eq!((run.succeeded(), run.service.submits), (10, 10));
}

#[test]
fn a_rate_of_one_request_in_years_is_kept() {
    let year = Duration::from_secs(365 * 24 * 3600);
    for per in [year, year * 100, year * 1000, Duration::MAX] {
        let options = BatchOptions::new()
            .with_rate(1, per)
            .with_burst(u32::MAX)
            .with_max_submits(1000)
            .with_max_in_flight(1000);
        let mut run = BatchRun::with_documents(500, options);
        run.run_until(START + Duration::from_secs(3600));
        // No more than in a hundred years may be sent at once.
        assert!((1..=101).contains(&run.service.submits), "{per:?}");
    }
}

#[test]
fn the_first_event_needs_its_confirmation_as_well_if_it_has_number_0() {
    let options = BatchOptions::new().with_confirmation();
    let mut run = BatchRun::with_documents(1, options.with_first_sequence(0));
    run.run_until(START + Duration::from_secs(5));
    assert_eq!((run.events[0].sequence, run.service.submits), (0, 0));
    run.batch.confirm(0);
    run.run();
    assert_eq!(run.succeeded(), 1);
}

#[test]
fn learned_delays_are_taken_out_and_passed_on() {
    let mut run = BatchRun::with_documents(50, BatchOptions::new());
    run.run();
    let learned = run.batch.estimators().clone();
    assert_eq!(
        learned.document_types().collect::<Vec<_>>(),
        ["line-item-invoice"]
    );
    let mut next = BatchRun::new(BatchOptions::new());
    next.batch = Batch::new(&api(), BatchOptions::new(), START).with_estimators(learned.clone());
    assert_eq!(*next.batch.estimators(), learned);
    next.batch.add(numbered(0), START).unwrap();
    next.batch.close();
    next.run();
    assert!(
        next.service.polls <= 3,
        "{}: it takes 20 seconds, and that is known",
        next.service.polls
    );
    let mut ignorant = BatchRun::with_documents(50, BatchOptions::new().without_learning());
    ignorant.run();
    assert!(ignorant.batch.estimators().pooled().is_empty());
}

#[test]
fn a_job_that_may_not_try_again_before_its_deadline_ends_at_once() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let retry = RetryPolicy::new().with_delays(minutes(10), minutes(10));
    let mut run = BatchRun::with_documents(
        1,
        BatchOptions::new()
            .with_deadline(minutes(1))
            .with_retry_policy(retry),
    );
    run.service.fault = Box::new(|_, _, _| Some(Fault::Status(408)));
    run.run();
    assert_eq!((run.count_errors("Exhausted"), run.requests), (1, 1));
    assert!(run.now < START + minutes(1), "{:?}", run.now);
}

#[test]
fn a_poll_is_retried_while_a_submit_waits_for_its_retry() {
    let seconds = Duration::from_secs;
    let mut run = BatchRun::new(
        BatchOptions::new()
            .with_confirmation()
            .with_max_submits(1)
            .without_queue(),
    );
    run.service.takes = Box::new(|_| Duration::from_secs(3));
    run.service.fault = Box::new(move |_, request, now| match request.starts_with("POST") {
        true => (now > START + seconds(1)).then_some(Fault::NotSent),
        false => (now < START + seconds(7)).then_some(Fault::Status(500)),
    });
    for (number, at) in [(0, 0), (1, 5)] {
        run.run_until(START + seconds(at));
        run.batch.add(numbered(number), run.now).unwrap();
        run.run_until(run.now);
        run.batch.confirm(run.events.last().unwrap().sequence);
    }
    // The second waits for its retry, but the third is announced first and never confirmed.
    run.run_until(START + seconds(5) + Duration::from_millis(200));
    run.batch.add(numbered(2), run.now).unwrap();
    run.run_until(START + seconds(60));
    assert_eq!(run.succeeded(), 1);
}

#[test]
fn the_id_of_a_second_submit_is_reported_after_the_outcome() {
    let retry = RetryPolicy::new().with_resubmissions(1);
    let mut run = BatchRun::with_documents(1, BatchOptions::new().with_retry_policy(retry));
    let mut submits = Vec::new();
    let mut sent = |run: &mut BatchRun| {
        loop {
            match run.batch.next_output(run.now) {
                Output::Send(transmit) if transmit.request.method() == http::Method::GET => {
                    // A listing finds out that the service works.
                    let none = response(200, r#"{"extraction_ids": []}"#);
                    run.batch.handle_response(transmit.id, none, run.now);
                }
                Output::Send(transmit) => return submits.push(transmit.id),
                Output::Event(_) => {}
                Output::Wait(until) => run.now = until,
                output => panic!("{output:?}"),
            }
        }
    };
    // The first gets no response in time, so there is a second. Then the first response arrives
    // late, and its extraction is fetched.
    sent(&mut run);
    sent(&mut run);
    let first = run.service.hold(1, START);
    run.batch.handle_response(
        submits[0],
        response(202, &format!(r#"{{"extraction_id": "{first}"}}"#)),
        run.now,
    );
    run.run_until(run.now + Duration::from_secs(30));
    assert_eq!(run.succeeded(), 1);
    run.batch.handle_response(
        submits[1],
        response(202, r#"{"extraction_id": "second"}"#),
        run.now,
    );
    run.run();
    let late = run.count_events(|kind| match kind {
        BatchEventKind::SubmittedLate { ticket, .. } => ticket.extraction_id().as_str() == "second",
        _ => false,
    });
    assert_eq!(late, 1);
    assert!(matches!(run.batch.next_output(run.now), Output::Done));
}

/// Many documents, or so few that each has failed before: the caller abandons the job between the
/// event of its submit, which was to find out whether an outage is over, and the submit itself.
#[test]
fn a_probe_that_is_not_sent_after_all_is_followed_by_another() {
    for documents in [20, 4] {
        let options = BatchOptions::new().without_queue().with_max_in_flight(1);
        let mut run = BatchRun::with_documents(documents, options);
        let probe = loop {
            let is_outage = run.is_paused(PauseReason::Outage);
            match run.batch.next_output(run.now) {
                Output::Event(event) => match event.kind {
                    BatchEventKind::Job {
                        key,
                        event: JobEventKind::Submitting { .. },
                        ..
                    } if is_outage => break key,
                    _ => {}
                },
                Output::Send(transmit) => {
                    let failure = Failure::new(FailureKind::NotSent, "set by the test");
                    run.batch.handle_failure(transmit.id, failure, run.now);
                }
                Output::Wait(until) => run.now = until,
                Output::NeedInput | Output::Done => panic!("no outage"),
            }
        };
        run.batch.abandon(probe, run.now);
        run.run_until(run.now + Duration::from_secs(600));
        assert_eq!(run.succeeded(), documents - 1, "{:?}", run.batch);
    }
}
