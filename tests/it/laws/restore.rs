//! Law 12, for snapshots: a job that was restored behaves from there on as one whose exchange in
//! flight was interrupted.

use std::time::Duration;

use proptest::prelude::*;
use typless::machine::{
    Failure, FailureKind, Job, JobError, JobEventKind, JobOptions, Machine, Output, PollPolicy,
    RequestId, RetryPolicy, Snapshot, Time,
};
use typless::wire::Notification;

use crate::support::{
    self, START, accepted, api, document, expired, failed, in_progress, response, response_with,
    success,
};

/// What the service does with a request, or what else happens.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Accepted,
    InProgress,
    Success,
    Failed,
    Expired,
    NotFound,
    Busy {
        seconds: u64,
    },
    Unavailable,
    Lost,
    NotSent,
    /// The response comes after a message of a webhook.
    Notified,
    /// The response comes after the caller has abandoned the job.
    Abandoned,
}

fn replies() -> impl Strategy<Value = Vec<Reply>> {
    let reply = prop_oneof![
        4 => Just(Reply::Accepted),
        6 => Just(Reply::InProgress),
        1 => Just(Reply::Success),
        1 => Just(Reply::Failed),
        1 => Just(Reply::Expired),
        2 => Just(Reply::NotFound),
        2 => (0..5000_u64).prop_map(|seconds| Reply::Busy { seconds }),
        2 => Just(Reply::Unavailable),
        1 => Just(Reply::Lost),
        2 => Just(Reply::NotSent),
        1 => Just(Reply::Notified),
        1 => Just(Reply::Abandoned),
    ];
    prop::collection::vec(reply, 1..20)
}

/// A job, its replies, and after how many outputs its process ends.
#[derive(Debug, Clone)]
struct Case {
    replies: Vec<Reply>,
    outputs: usize,
    /// Whether the last output was handled before the end: a request was sent and is out.
    sends_last: bool,
    resubmissions: u16,
    seed: u64,
    eager: bool,
    deadline: u64,
    round_trip: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    (
        replies(),
        0..40_usize,
        (any::<bool>(), any::<bool>()),
        0..3_u16,
        any::<u64>(),
        prop_oneof![Just(90), Just(3600), Just(200_000_u64)],
        prop_oneof![Just(0), 1..70_000_u64],
    )
        .prop_map(
            |(replies, outputs, (sends_last, eager), resubmissions, seed, deadline, round_trip)| {
                Case {
                    replies,
                    outputs,
                    sends_last,
                    resubmissions,
                    seed,
                    eager,
                    deadline,
                    round_trip,
                }
            },
        )
}

impl Case {
    fn options(&self) -> JobOptions {
        let policy = if self.eager {
            PollPolicy::eager()
        } else {
            PollPolicy::balanced()
        };
        JobOptions::new()
            .with_seed(self.seed)
            .with_poll_policy(policy)
            .with_retry_policy(RetryPolicy::new().with_resubmissions(self.resubmissions))
    }
}

/// One life of a job: its machine, what is out, and what it did.
struct Life<'a> {
    job: Job,
    case: &'a Case,
    now: Time,
    /// How many replies there were.
    replies: usize,
    out: Option<RequestId>,
    log: Vec<String>,
    /// Whether an event is ready that was not taken: a snapshot does not have it.
    has_event: bool,
    is_over: bool,
}

impl<'a> Life<'a> {
    fn new(case: &'a Case) -> Self {
        // A deadline of the job itself: options of a restored job would replace it.
        let deadline = Duration::from_secs(case.deadline);
        let job = Job::submit(
            &api(),
            document(),
            case.options().with_deadline(deadline),
            START,
        );
        Self {
            job,
            case,
            now: START,
            replies: 0,
            out: None,
            log: Vec::new(),
            has_event: false,
            is_over: false,
        }
    }

    /// Takes one output, and handles it.
    fn step(&mut self, sends: bool) {
        self.has_event = false;
        match self.job.next_output(self.now) {
            Output::Send(transmit) => {
                let request = &transmit.request;
                self.log
                    .push(format!("{} {}", request.method(), request.uri()));
                self.out = Some(transmit.id);
                if sends {
                    self.reply();
                }
            }
            Output::Event(event) => self.log.push(shown(&event.kind)),
            Output::Wait(until) => {
                self.now = whole(until);
                self.log.push(format!("until {:?}", self.now));
            }
            Output::NeedInput | Output::Done => self.is_over = true,
        }
    }

    fn reply(&mut self) {
        let Some(id) = self.out.take() else { return };
        self.has_event = true;
        let reply = self.next_reply();
        self.replies += 1;
        self.now = self.now + Duration::from_millis(self.case.round_trip);
        match reply {
            // A snapshot does not have what came before the id.
            Reply::Notified if self.job.ticket().is_some() => {
                let id = support::ID;
                let json =
                    format!(r#"{{"data": {{"id": "{id}"}}, "type": "extraction.finished"}}"#);
                let message = Notification::decode(json.as_bytes()).unwrap();
                self.job.handle_notification(&message, self.now);
            }
            Reply::Abandoned => self.job.abandon(self.now),
            _ => {}
        }
        let unavailable = || response(503, "{}");
        let response = match reply {
            Reply::Accepted => accepted(),
            Reply::InProgress | Reply::Notified => in_progress(),
            Reply::Success => success(),
            Reply::Failed => failed(),
            Reply::Expired => expired(),
            Reply::NotFound => response(404, r#"{"detail": "no such extraction"}"#),
            Reply::Busy { seconds } => {
                response_with(429, ("retry-after", &seconds.to_string()), "{}")
            }
            Reply::Unavailable | Reply::Abandoned => unavailable(),
            Reply::Lost => return self.fail(id, FailureKind::Interrupted),
            Reply::NotSent => return self.fail(id, FailureKind::NotSent),
        };
        self.job.handle_response(id, response, self.now);
    }

    fn next_reply(&self) -> Reply {
        let replies = &self.case.replies;
        replies[self.replies % replies.len()]
    }

    fn fail(&mut self, id: RequestId, kind: FailureKind) {
        let failure = Failure::new(kind, "it broke off");
        self.job.handle_failure(id, failure, self.now);
    }

    /// Runs until the process ends.
    fn first_part(&mut self) {
        for output in 0..self.case.outputs {
            let is_last = output + 1 == self.case.outputs;
            self.step(!is_last || !self.case.sends_last);
        }
    }

    /// Goes on as if what is out, or was announced as a submit, had been interrupted.
    fn interrupt(&mut self) {
        if self.job.snapshot().unwrap().may_be_submitted() && self.out.is_none() {
            self.step(false);
        }
        if let Some(id) = self.out.take() {
            self.fail(id, FailureKind::Interrupted);
        }
    }

    /// Another process goes on with what was stored.
    fn restore(&mut self) {
        let stored = self.job.snapshot().unwrap().to_json();
        let snapshot = Snapshot::from_json(&stored).unwrap();
        assert_eq!(snapshot.to_json(), stored);
        let document = snapshot.ticket().is_none().then(document);
        let options = self.case.options();
        self.job = Job::restore(&api(), &snapshot, document, options, self.now).unwrap();
        self.out = None;
    }

    fn last_part(&mut self) -> Vec<String> {
        self.log.clear();
        for _ in 0..400 {
            self.step(true);
            if self.is_over {
                break;
            }
        }
        std::mem::take(&mut self.log)
    }
}

/// In whole milliseconds, as a snapshot has it.
fn whole(time: Time) -> Time {
    let milliseconds = time.since_epoch().as_nanos().div_ceil(1_000_000);
    Time::from_unix(Duration::from_millis(u64::try_from(milliseconds).unwrap()))
}

/// An event without what a restart forgets: why an exchange failed, and how many before it did.
fn shown(event: &JobEventKind) -> String {
    match event {
        JobEventKind::SubmitFailed { retry_at, .. } => {
            format!("SubmitFailed, {:?}", whole(*retry_at))
        }
        JobEventKind::PollFailed { next_poll, .. } => {
            format!("PollFailed, {:?}", whole(*next_poll))
        }
        JobEventKind::Progressed { status, next_poll } => {
            format!("Progressed {status:?}, {:?}", whole(*next_poll))
        }
        JobEventKind::Finished(outcome) => match outcome {
            Ok(_) => "Finished".to_owned(),
            Err(error) => format!("{:?} {:?}", std::mem::discriminant(error), error.ticket()),
        },
        other => format!("{other:?}"),
    }
}

fn goes_on(case: &Case) -> Result<(), TestCaseError> {
    let (mut interrupted, mut restored) = (Life::new(case), Life::new(case));
    interrupted.first_part();
    restored.first_part();
    if interrupted.job.snapshot().is_none() {
        return Ok(());
    }
    let has_event = interrupted.has_event;
    // What they waited for has not passed yet: they did nothing since the snapshot.
    let taken_at = restored.job.snapshot().unwrap().taken_at();
    (interrupted.now, restored.now) = (taken_at, taken_at);
    interrupted.interrupt();
    restored.restore();
    let mut expected = interrupted.last_part();
    if has_event && !expected.is_empty() {
        expected.remove(0);
    }
    let outputs = restored.last_part();
    for (output, expected) in outputs.iter().zip(&expected) {
        prop_assert_eq!(output, expected);
    }
    if restored.is_over || interrupted.is_over {
        prop_assert_eq!(outputs.len(), expected.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(super::cases(4_000))]

    #[test]
    fn law_12_a_restored_job_goes_on_as_if_interrupted(case in cases()) {
        goes_on(&case)?;
    }
}

/// A program that stores its job where it must, and ends after these numbers of outputs, one after
/// the other.
struct Program<'a> {
    life: Life<'a>,
    stored: String,
    /// Documents that the service has accepted.
    accepted: usize,
    outcome: Option<Result<(), JobError>>,
}

impl Program<'_> {
    fn step(&mut self) {
        let life = &mut self.life;
        match life.job.next_output(life.now) {
            Output::Send(transmit) => {
                assert_eq!(
                    transmit.may_be_billed(),
                    transmit.request.method() == http::Method::POST
                );
                life.out = Some(transmit.id);
                let reply = life.next_reply();
                let is_accepted = matches!(reply, Reply::Accepted);
                self.accepted += usize::from(transmit.may_be_billed() && is_accepted);
                life.reply();
            }
            Output::Event(event) => {
                if event.must_be_stored() {
                    // Before the loop goes on.
                    self.stored = match life.job.snapshot() {
                        Some(snapshot) => snapshot.to_json(),
                        None => String::new(),
                    };
                }
                if let JobEventKind::Finished(outcome) = event.kind {
                    self.outcome = Some(outcome.map(drop));
                }
            }
            Output::Wait(until) => life.now = until,
            Output::NeedInput | Output::Done => life.is_over = true,
        }
    }

    fn restart(&mut self) {
        let snapshot = Snapshot::from_json(&self.stored).unwrap();
        let document = snapshot.needs_document().then(document);
        let (options, now) = (self.life.case.options(), self.life.now);
        self.life.job = Job::restore(&api(), &snapshot, document, options, now).unwrap();
        self.life.out = None;
    }
}

fn survives(case: &Case, ends: &[usize]) -> Result<(), TestCaseError> {
    let life = Life::new(case);
    let mut program = Program {
        stored: life.job.snapshot().unwrap().to_json(),
        life,
        accepted: 0,
        outcome: None,
    };
    for outputs in ends.iter().chain([&500]) {
        for _ in 0..*outputs {
            program.step();
        }
        if program.outcome.is_some() || program.life.is_over {
            break;
        }
        program.restart();
    }
    let accepted = program.accepted;
    prop_assert!(accepted <= 1, "{accepted} times");
    match program.outcome {
        Some(Ok(())) => prop_assert_eq!(accepted, 1),
        Some(Err(JobError::SubmitUnknown { .. })) | None => {}
        Some(Err(error)) => prop_assert_eq!(error.ticket().is_some(), accepted == 1),
    }
    Ok(())
}

proptest! {
    #![proptest_config(super::cases(4_000))]

    #[test]
    fn what_must_be_stored_is_enough_to_lose_nothing_and_to_submit_once(
        case in cases(),
        ends in prop::collection::vec(0..12_usize, 0..6),
    ) {
        survives(&Case { resubmissions: 0, ..case }, &ends)?;
    }
}
