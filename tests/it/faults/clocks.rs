//! Faults of clocks between two processes, T8 to T10: tickets and snapshots of clocks that were
//! behind, ahead, or at their beginning. `docs/faults.md` has the table.

use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::{ID, Run, START, accepted, api, document, in_progress, submit, success};
use typless::machine::{
    BatchOptions, DelayEstimator, Job, JobError, JobEventKind, JobOptions, Machine, PollPolicy,
    PollReason, Snapshot, Ticket, Time,
};
use typless::wire::ExtractionId;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How far a clock was behind: a little, hours, days, and a clock that began in 1970.
const BEHIND: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(5 * 24 * 3600),
    START.since_epoch(),
];

fn before(time: Time, by: Duration) -> Time {
    Time::from_unix(time.since_epoch().saturating_sub(by))
}

/// A ticket that was written just now, by a clock that was so far behind.
fn ticket_of(behind: Duration) -> Ticket {
    let mut run = Run::new(submit(JobOptions::new()));
    run.reply(accepted());
    let ticket = run.job.ticket().unwrap();
    let submitted_at = before(START, behind);
    let span = ticket.deadline().saturating_since(ticket.submitted_at());
    Ticket::new(
        ticket.extraction_id().clone(),
        submitted_at,
        submitted_at + span,
    )
}

/// When a job in progress is polled, until so long after the start.
fn polls(mut run: Run, until: Duration) -> Vec<Duration> {
    let mut polls = Vec::new();
    while let Some(transmit) = run.next_request() {
        let age = run.now.saturating_since(START);
        if age > until {
            break;
        }
        polls.push(age);
        run.job.handle_response(transmit.id, in_progress(), run.now);
    }
    polls
}

#[test]
fn t08_a_ticket_of_a_clock_that_was_behind_is_polled_as_a_new_job_is() {
    let policy = PollPolicy::default();
    for behind in BEHIND {
        let job = Job::resume(&api(), &ticket_of(behind), JobOptions::new(), START);
        let resumed = polls(Run::new(job), 6 * HOUR);
        assert_eq!(resumed[0], Duration::ZERO, "at once: {behind:?}");
        let mut last = Duration::ZERO;
        for poll in &resumed[1..] {
            // The age that is stored is rounded down to a 256th of a second.
            let next = policy.next_poll(last, None) + SECOND / 256;
            assert!(*poll <= next, "{behind:?}: {last:?} to {poll:?}");
            last = *poll;
        }
        assert!(last > 5 * HOUR + 50 * MINUTE, "{behind:?}: {last:?}");
    }
}

#[test]
fn t08_a_part_of_a_second_of_the_age_makes_no_gap_longer() {
    let exponential = PollPolicy::exponential(SECOND, 100.0, HOUR);
    for policy in [PollPolicy::default(), exponential] {
        for milliseconds in [1, 500, 999, 1_999, 3_600_999] {
            let behind = Duration::from_millis(milliseconds);
            let options = JobOptions::new().with_poll_policy(policy);
            let job = Job::resume(&api(), &ticket_of(behind), options, START);
            let resumed = polls(Run::new(job), HOUR);
            for pair in resumed.windows(2) {
                // A gap may be longer than that of a new job by what it grows in a 256th.
                let next = policy.next_poll(pair[0] + SECOND / 256, None);
                assert!(pair[1] <= next, "{behind:?}: {pair:?}, {next:?}");
            }
        }
    }
}

#[test]
fn t08_tickets_of_a_clock_that_was_behind_are_noticed_in_a_batch_as_new_jobs_are() {
    let late = |behind: Duration, jobs: u64, lists_nothing: bool| {
        let mut run = BatchRun::new(BatchOptions::new());
        run.service.lists_nothing = lists_nothing;
        for number in 0..jobs {
            let finished_at = START + 20 * SECOND + Duration::from_millis(number * 50);
            let id = run.service.hold(number, finished_at);
            let submitted_at = before(START, behind);
            let ticket = Ticket::new(id, submitted_at, submitted_at + DAY);
            run.batch.resume(&ticket, START).unwrap();
        }
        run.batch.close();
        run.run();
        assert_eq!(run.succeeded() as u64, jobs);
        (*run.lateness().last().unwrap(), run.requests)
    };
    for (jobs, lists_nothing) in [(1, false), (2, false), (5, false), (300, false), (5, true)] {
        let (new, requests) = late(Duration::ZERO, jobs, lists_nothing);
        for behind in BEHIND {
            let (late, requests_behind) = late(behind, jobs, lists_nothing);
            assert!(
                late <= new + 10 * SECOND && requests_behind <= requests * 3 / 2 + 5,
                "{jobs} {behind:?}: {late:?} {new:?}, {requests_behind} {requests}"
            );
        }
    }
}

#[test]
fn t08_a_ticket_whose_age_says_that_it_finishes_soon_is_polled_soon() {
    // Jobs of this type take a minute, as was learned.
    let mut estimator = DelayEstimator::new();
    for _ in 0..300 {
        estimator.observe_finished(58 * SECOND, 62 * SECOND);
    }
    let first_poll = |job: Job, start: Time| {
        let mut run = Run::new(job.with_estimator(estimator.clone()));
        run.now = start;
        run.reply(if start > START {
            in_progress()
        } else {
            accepted()
        });
        run.next_request().unwrap();
        run.now.saturating_since(start)
    };
    let new = first_poll(submit(JobOptions::new()), START);
    let resumed_at = START + 57 * SECOND;
    let ticket = ticket_of(Duration::ZERO);
    let job = Job::resume(&api(), &ticket, JobOptions::new(), resumed_at);
    let resumed = first_poll(job, resumed_at);
    assert!(
        resumed < 8 * SECOND && new > 3 * resumed,
        "{new:?} {resumed:?}"
    );
}

#[test]
fn t09_a_ticket_whose_deadline_has_passed_is_followed_as_long_again() {
    for behind in [2 * DAY, 5 * DAY, START.since_epoch()] {
        let resume = || {
            Run::new(Job::resume(
                &api(),
                &ticket_of(behind),
                JobOptions::new(),
                START,
            ))
        };
        // Usually one poll finds out.
        let mut run = resume();
        run.reply(success()).succeeded();
        assert!(matches!(
            run.events[0].kind,
            JobEventKind::PollDue {
                reason: PollReason::Resumed,
                ..
            }
        ));
        // It may finish later, or never.
        let mut run = resume();
        for _ in 0..100 {
            run.reply(in_progress());
        }
        run.reply(success()).succeeded();
        assert!(run.now.saturating_since(START) > HOUR);
        let mut run = resume();
        while let Some(transmit) = run.next_request() {
            run.job.handle_response(transmit.id, in_progress(), run.now);
        }
        assert!(matches!(run.error(), JobError::Deadline { .. }));
        assert_eq!(run.now, START + DAY);
    }
}

#[test]
fn t09_no_ticket_is_followed_for_longer_than_a_day_after_its_deadline() {
    let id = || ExtractionId::new(ID).unwrap();
    let hour_ago = before(START, HOUR);
    for (submitted_at, deadline, followed_for) in [
        // As long as it was to be followed.
        (before(hour_ago, MINUTE), hour_ago, MINUTE),
        (Time::EPOCH, Time::EPOCH + HOUR, HOUR),
        (Time::EPOCH, START, DAY),
        // Its deadline is in the future: that is kept.
        (Time::EPOCH, START + MINUTE, MINUTE),
        (hour_ago, START + 3 * DAY, 3 * DAY),
        // It was never to be followed: one poll.
        (hour_ago, hour_ago, Duration::ZERO),
        (START, Time::EPOCH, Duration::ZERO),
        // From the future: as long as it was to be followed.
        (START + DAY, START + 2 * DAY, DAY),
        (START + DAY, START + DAY + MINUTE, MINUTE),
    ] {
        let ticket = Ticket::new(id(), submitted_at, deadline);
        let mut run = Run::new(Job::resume(&api(), &ticket, JobOptions::new(), START));
        while let Some(transmit) = run.next_request() {
            run.job.handle_response(transmit.id, in_progress(), run.now);
        }
        assert!(matches!(run.error(), JobError::Deadline { .. }));
        let followed = run.now.saturating_since(START);
        assert_eq!(followed, followed_for, "{submitted_at} {deadline}");
    }
}

#[test]
fn t09_the_ticket_of_a_resumed_job_says_when_it_was_submitted() {
    let ticket = ticket_of(5 * DAY);
    let mut run = Run::new(Job::resume(&api(), &ticket, JobOptions::new(), START));
    run.reply(in_progress());
    let again = run.job.ticket().unwrap();
    assert_eq!(again.submitted_at(), ticket.submitted_at());
    assert_eq!(again.deadline(), START + DAY);
    // Each restart within that day keeps its end.
    let later = START + HOUR;
    let job = Job::resume(&api(), &again, JobOptions::new(), later);
    assert_eq!(job.ticket().unwrap(), again);
}

#[test]
fn t10_a_clock_that_begins_in_1970_is_a_clock() {
    for now in [Time::EPOCH, Time::EPOCH + SECOND] {
        let mut run = Run::new(Job::submit(&api(), document(), JobOptions::new(), now));
        run.now = now;
        run.reply(accepted()).reply(success()).succeeded();
        // What was stored then goes on when the clock is right, and the other way round.
        let ticket = Ticket::from_json(&run.job.ticket().unwrap().to_json()).unwrap();
        let (here, there) = (ticket_of(Duration::ZERO), START);
        for (ticket, now) in [(&ticket, there), (&here, now)] {
            let mut run = Run::new(Job::resume(&api(), ticket, JobOptions::new(), now));
            run.now = now;
            run.reply(success()).succeeded();
        }
    }
}

#[test]
fn t10_a_snapshot_of_a_clock_that_was_wrong_waits_no_longer_than_an_hour() {
    let mut run = Run::new(submit(JobOptions::new().with_deadline(30 * DAY)));
    run.reply(crate::support::response_with(
        429,
        ("retry-after", "600"),
        "{}",
    ));
    let snapshot = run.job.snapshot().unwrap().to_json();
    for now in [before(START, 5 * DAY), Time::EPOCH, START + 5 * DAY] {
        let snapshot = Snapshot::from_json(&snapshot).unwrap();
        let job = Job::restore(&api(), &snapshot, Some(document()), JobOptions::new(), now);
        let mut run = Run::new(job.unwrap());
        run.now = now;
        run.reply(accepted());
        assert!(run.now.saturating_since(now) <= HOUR);
        run.reply(success()).succeeded();
    }
}

#[test]
fn t08_tickets_of_jobs_that_take_long_cost_hardly_more_than_one_request_each() {
    // They are ten hours old by a clock that was right, and take another hour.
    let (mut run, jobs) = (BatchRun::new(BatchOptions::new()), 300);
    for number in 0..jobs {
        let finished_at = START + HOUR + Duration::from_millis(number * 50);
        let id = run.service.hold(number, finished_at);
        let submitted_at = before(START, 10 * HOUR);
        let ticket = Ticket::new(id, submitted_at, submitted_at + DAY);
        run.batch.resume(&ticket, START).unwrap();
    }
    run.batch.close();
    run.run();
    assert_eq!(run.succeeded() as u64, jobs);
    assert!(run.requests < jobs * 2, "{}", run.requests);
}
