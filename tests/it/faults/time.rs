//! Faults of time, T1 to T7: clocks that jump, stop, go back and reach `Time::MAX`.
//! `docs/faults.md` has the table.

use std::time::Duration;

use crate::support::{
    Run, START, accepted, api, document, expired, in_progress, response, response_with, success,
};
use typless::machine::{
    Call, CallError, CallEventKind, CallOptions, Cause, FailureKind, Job, JobError, JobEventKind,
    JobOptions, LastPoll, Machine, Output, PollPolicy, PollReason, RetryPolicy, Ticket, Time,
};
use typless::wire::{AwaitingRequest, ExtractionId};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn t01_a_jump_of_a_day_makes_one_poll_due() {
    let mut run = Run::with(JobOptions::new().with_deadline(72 * HOUR));
    run.reply(accepted())
        .reply(in_progress())
        .advance(24 * HOUR);
    run.reply(in_progress());
    assert!(matches!(run.job.next_output(run.now), Output::Event(_)));
    assert!(
        matches!(run.job.next_output(run.now), Output::Wait(_)),
        "polls that were missed are not made up for"
    );
    run.reply(success()).succeeded();
}

#[test]
fn t01_a_jump_back_counts_as_no_time() {
    let mut run = Run::submitted();
    assert!(matches!(run.job.next_output(run.now), Output::Event(_)));
    let Output::Wait(until) = run.job.next_output(run.now) else {
        panic!()
    };
    for back in [
        Time::EPOCH,
        Time::from_unix(START.since_epoch() - 24 * HOUR),
    ] {
        assert!(
            matches!(run.job.next_output(back), Output::Wait(same) if same == until),
            "{back}"
        );
    }
    run.reply(success()).succeeded();
    assert_eq!(run.now, until);
}

#[test]
fn t02_after_a_suspend_the_job_is_polled_at_once() {
    let mut short = Run::with(JobOptions::new().with_deadline(72 * HOUR));
    short.reply(accepted()).advance(8 * HOUR);
    let woken_at = short.now;
    short.reply(in_progress());
    assert_eq!(short.now, woken_at);
    short.reply(success()).succeeded();
    // Past the deadline, and past the retention of the service: one last poll shows it.
    let mut long = Run::submitted();
    long.advance(60 * HOUR).reply(expired());
    assert!(matches!(long.error(), JobError::Expired { .. }));
    assert!(
        long.count(|kind| matches!(
            kind,
            JobEventKind::PollDue {
                reason: PollReason::Deadline,
                ..
            }
        )) == 1
    );
    // While a poll is in flight: it times out, and another one follows.
    let mut late = Run::with(JobOptions::new().with_deadline(72 * HOUR));
    late.reply(accepted());
    assert!(late.next_request().is_some());
    late.advance(8 * HOUR).reply(success()).succeeded();
}

#[test]
fn t02_a_submit_in_flight_during_a_suspend_may_still_get_its_response() {
    let mut run = Run::with(JobOptions::new());
    let transmit = run.next_request().unwrap();
    run.advance(8 * HOUR);
    // The driver passes in what it has before it pulls the next output.
    run.job.handle_response(transmit.id, accepted(), run.now);
    run.reply(success()).succeeded();
}

#[test]
fn t03_a_clock_that_goes_back_changes_no_output() {
    let clocks: [fn(u64) -> u64; 3] = [
        |step| step,
        |step| step.max(3) - step % 3,
        |step| if step % 2 == 0 { step } else { 0 },
    ];
    let polls = clocks.map(|clock| {
        let (mut run, mut latest) = (Run::with(JobOptions::new()), 0);
        for step in 0..2000 {
            latest = latest.max(clock(step));
            let now = START + Duration::from_secs(clock(step));
            match run.job.next_output(now) {
                Output::Send(transmit) if transmit.request.method() == "POST" => {
                    run.job.handle_response(transmit.id, accepted(), now);
                }
                Output::Send(transmit) if latest < 100 => {
                    run.job.handle_response(transmit.id, in_progress(), now);
                }
                Output::Send(transmit) => run.job.handle_response(transmit.id, success(), now),
                Output::Event(event) => run.events.push(event),
                Output::Wait(until) => assert!(
                    until > START + Duration::from_secs(latest),
                    "law 1 for the latest time given"
                ),
                Output::NeedInput | Output::Done => break,
            }
        }
        run.succeeded();
        run.count(|kind| matches!(kind, JobEventKind::PollDue { .. }))
    });
    assert!(
        polls.iter().all(|count| count.abs_diff(polls[0]) <= 1),
        "{polls:?}"
    );
}

/// Runs a job to its outcome, setting the clock to each wait. Returns the number of steps.
fn steps_to_outcome(mut job: Job, start: Time) -> usize {
    let (mut now, mut steps) = (start, 0);
    loop {
        steps += 1;
        assert!(steps < 5_000, "a busy loop at {now}");
        match job.next_output(now) {
            Output::Send(transmit) if transmit.request.method() == "POST" => {
                job.handle_response(transmit.id, accepted(), now);
            }
            Output::Send(transmit) => job.handle_response(transmit.id, in_progress(), now),
            Output::Event(_) => {}
            Output::Wait(until) => {
                assert!(until > now);
                now = until;
            }
            Output::NeedInput | Output::Done => return steps,
        }
    }
}

#[test]
fn t04_no_wait_goes_past_the_end_of_time() {
    let nearly =
        |before: u64| Time::from_unix(Time::MAX.since_epoch() - Duration::from_nanos(before));
    for start in [
        Time::EPOCH,
        Time::MAX,
        nearly(1),
        nearly(1_000),
        nearly(1_000_000_000),
        nearly(3_600_000_000_000),
    ] {
        for deadline in [Duration::ZERO, Duration::from_nanos(1), HOUR] {
            let options = JobOptions::new().with_deadline(deadline);
            steps_to_outcome(Job::submit(&api(), document(), options, start), start);
            for submitted_at in [Time::EPOCH, START, Time::MAX] {
                for until in [Time::EPOCH, START, Time::MAX] {
                    let ticket = Ticket::new(ExtractionId::new("1").unwrap(), submitted_at, until);
                    steps_to_outcome(Job::resume(&api(), &ticket, options, start), start);
                }
            }
        }
        // Durations that overflow mean `Time::MAX`.
        let options = JobOptions::new()
            .with_deadline(Duration::MAX)
            .with_retry_policy(RetryPolicy::new().with_delays(Duration::MAX, Duration::MAX));
        let mut job = Job::submit(&api(), document(), options, start);
        while let Output::Event(_) | Output::Send(_) = job.next_output(start) {}
        assert!(matches!(
            job.next_output(Time::MAX),
            Output::Event(_) | Output::Done
        ));
    }
    assert_eq!(Time::MAX + Duration::MAX, Time::MAX);
    assert_eq!(Time::from_unix(Duration::MAX), Time::MAX);
}

#[test]
fn t05_settings_of_zero_are_raised_and_cause_no_busy_loop() {
    let eager = PollPolicy::eager()
        .with_price(Duration::ZERO)
        .with_gaps(Duration::ZERO, Duration::ZERO);
    assert_eq!(
        (eager.smallest_gap(), eager.largest_gap()),
        (Duration::from_millis(1), Duration::from_millis(1))
    );
    let retry = RetryPolicy::new()
        .with_attempts(0)
        .with_delays(Duration::ZERO, Duration::ZERO);
    let options = JobOptions::new()
        .with_poll_policy(eager)
        .with_retry_policy(retry)
        .with_deadline(Duration::from_secs(1));
    assert!(
        steps_to_outcome(Job::submit(&api(), document(), options, START), START) > 1000,
        "a millisecond between polls, and no less"
    );
    // With a deadline of zero, nothing is submitted or billed.
    let mut none = Run::with(JobOptions::new().with_deadline(Duration::ZERO));
    assert!(matches!(
        none.error(),
        JobError::Exhausted {
            attempts: 0,
            failed: None
        }
    ));
    let mut call = Call::new(
        &api(),
        AwaitingRequest::new(),
        CallOptions::new().with_deadline(Duration::ZERO),
        START,
    );
    let Output::Event(event) = call.next_output(START) else {
        panic!()
    };
    assert!(matches!(
        event.kind,
        CallEventKind::Finished(Err(CallError::Deadline { failed: None, .. }))
    ));
}

#[test]
fn t06_a_hint_with_a_date_counts_from_the_date_of_the_response() {
    // Our clock is in 2023 and the service's in 2031, but the hint still means two minutes.
    let mut response = response_with(429, ("retry-after", "Thu, 06 Nov 2031 10:02:00 GMT"), "{}");
    response
        .headers_mut()
        .insert("date", "Thu, 06 Nov 2031 10:00:00 GMT".parse().unwrap());
    let mut run = Run::submitted();
    run.reply(response);
    let asked_at = run.now;
    run.reply(success()).succeeded();
    assert_eq!(run.now.saturating_since(asked_at), Duration::from_secs(120));
}

#[test]
fn t07_a_request_in_flight_at_the_deadline_is_awaited_and_decides() {
    let deadline = Duration::from_secs(8);
    let out_at_the_deadline = || {
        let mut run = Run::with(JobOptions::new().with_deadline(deadline));
        run.reply(accepted());
        let transmit = run.next_request().unwrap();
        run.advance(Duration::from_secs(10));
        assert!(
            matches!(run.job.next_output(run.now), Output::Wait(until) if until > START + deadline)
        );
        (run, transmit.id)
    };
    let (mut run, id) = out_at_the_deadline();
    run.job.handle_response(id, success(), run.now);
    run.succeeded();
    let (mut run, id) = out_at_the_deadline();
    run.job.handle_response(id, in_progress(), run.now);
    assert!(matches!(
        run.error(),
        JobError::Deadline {
            last: Some(LastPoll::Status(_)),
            ..
        }
    ));
    // The cause is that of the last poll, not of an earlier one.
    let mut run = Run::with(JobOptions::new().with_deadline(deadline));
    run.reply(accepted()).reply(response(500, ""));
    let transmit = run.next_request().unwrap();
    run.advance(deadline);
    run.job.handle_response(transmit.id, in_progress(), run.now);
    assert!(matches!(
        run.error(),
        JobError::Deadline {
            last: Some(LastPoll::Status(_)),
            ..
        }
    ));
    // Without a response, the job finishes at the poll's time limit.
    let (mut run, _) = out_at_the_deadline();
    assert!(matches!(
        run.error(),
        error @ JobError::Deadline { .. } if matches!(error.cause(), Some(Cause::TimeLimit))
    ));
    assert!(run.now <= START + deadline + Duration::from_secs(60));
    // A submit in flight is awaited as well, and its id is not lost.
    let mut run = Run::with(JobOptions::new().with_deadline(deadline));
    let transmit = run.next_request().unwrap();
    run.advance(Duration::from_secs(20));
    run.job.handle_response(transmit.id, accepted(), run.now);
    run.reply(success()).succeeded();
    // A document that was not accepted by then is no longer submitted.
    let mut run = Run::with(JobOptions::new().with_deadline(deadline));
    let transmit = run.next_request().unwrap();
    run.advance(Duration::from_secs(20));
    run.job
        .handle_response(transmit.id, response(408, ""), run.now);
    assert!(matches!(
        run.error(),
        JobError::Exhausted { attempts: 1, .. }
    ));
    assert_eq!(
        run.count(|kind| matches!(kind, JobEventKind::Submitting { .. })),
        1
    );
    let mut unsent = Run::with(JobOptions::new().with_deadline(Duration::from_millis(1)));
    assert!(matches!(
        unsent.fail(FailureKind::NotSent).error(),
        JobError::Exhausted { .. }
    ));
}
