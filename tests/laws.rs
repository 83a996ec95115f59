//! The laws of machines, held against random sequences of operations, answers and clock readings.
#![allow(missing_docs, unreachable_pub, dead_code, clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use proptest::collection::vec;
use proptest::prelude::*;
use support::{START, accepted, answer, answer_with, expired, failed, in_progress, success};
use typless::machine::{
    Failure, FailureKind, Job, JobEvent, JobEventKind, JobOptions, LookReason, Machine, Output, RequestId, RetryPolicy, Time,
};
use typless::wire::Notification;

const DEADLINE: Duration = Duration::from_secs(3600);
/// The longest an exchange of these jobs may be out.
const LIMIT: Duration = Duration::from_secs(60);

/// Something that happens to a job.
#[derive(Debug, Clone)]
enum Operation {
    /// Ask for outputs until it has none.
    Pull,
    /// Ask for a single output.
    PullOne,
    /// Let time pass, or step back.
    Pass(Duration),
    PutBack(Duration),
    /// Answer the newest exchange, or one long forgotten, or one that never was.
    Answer(Which, Reply),
    Notify(bool),
    Confirm,
    Abandon,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    Newest,
    Number(u64),
}

#[derive(Debug, Clone)]
enum Reply {
    Accepted,
    InProgress,
    Success,
    Failed,
    Expired,
    Status(u16),
    Throttled(&'static str),
    Garbage(Vec<u8>),
    Failure(FailureKind),
}

fn reply() -> impl Strategy<Value = Reply> {
    let kinds = [FailureKind::NotSent, FailureKind::Interrupted, FailureKind::Source, FailureKind::TooLarge];
    prop_oneof![
        4 => Just(Reply::Accepted),
        4 => Just(Reply::InProgress),
        1 => Just(Reply::Success),
        1 => Just(Reply::Failed),
        1 => Just(Reply::Expired),
        2 => prop_oneof![Just(404), Just(408), Just(401), Just(500), Just(503), 100..1000_u16].prop_map(Reply::Status),
        2 => prop::sample::select(vec!["1", "30", "86400", "soon", "-1"]).prop_map(Reply::Throttled),
        1 => vec(any::<u8>(), 0..40).prop_map(Reply::Garbage),
        4 => prop::sample::select(kinds.to_vec()).prop_map(Reply::Failure),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let which = prop_oneof![6 => Just(Which::Newest), 1 => (0..12_u64).prop_map(Which::Number), 1 => any::<u64>().prop_map(Which::Number)];
    let span = prop_oneof![
        6 => (0..40_000_u64).prop_map(Duration::from_millis),
        1 => (0..200_000_u64).prop_map(Duration::from_secs),
        1 => Just(Duration::MAX),
    ];
    prop_oneof![
        6 => Just(Operation::Pull),
        2 => Just(Operation::PullOne),
        4 => span.clone().prop_map(Operation::Pass),
        1 => span.prop_map(Operation::PutBack),
        6 => (which, reply()).prop_map(|(which, reply)| Operation::Answer(which, reply)),
        1 => any::<bool>().prop_map(Operation::Notify),
        2 => Just(Operation::Confirm),
        1 => Just(Operation::Abandon),
    ]
}

/// Half of the time a job that gets on, so that late states are reached as often as early ones.
fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let start = vec![Operation::Pull, Operation::Confirm, Operation::Pull, Operation::Answer(Which::Newest, Reply::Accepted)];
    (any::<bool>(), vec(operation(), 0..60)).prop_map(move |(ahead, rest)| if ahead { [start.clone(), rest].concat() } else { rest })
}

/// Options, and what they allow.
#[derive(Debug, Clone, Copy)]
struct Settings {
    options: JobOptions,
    resubmissions: u16,
    trusts_overload: bool,
}

fn settings() -> impl Strategy<Value = Settings> {
    (any::<u64>(), any::<bool>(), 0..3_u16, any::<bool>()).prop_map(|(seed, confirmation, resubmissions, trusts_overload)| {
        let mut retry = RetryPolicy::new().with_resubmissions(resubmissions);
        if trusts_overload {
            retry = retry.trusting_overload();
        }
        let mut options = JobOptions::new().with_seed(seed).with_deadline(DEADLINE).with_retry_policy(retry);
        if confirmation {
            options = options.with_confirmation();
        }
        Settings { options, resubmissions, trusts_overload }
    })
}

/// A job under watch: each output is checked against the laws as it comes.
struct Watched {
    job: Job,
    settings: Settings,
    /// The time as its clock tells it, and the latest time it ever told.
    now: Time,
    latest: Time,
    /// Tell the job the latest time instead of the time now.
    clamps: bool,
    log: Vec<String>,
    newest: u64,
    last_sequence: u64,
    /// Submits of which it is not certain that they were not processed.
    perhaps_processed: u16,
    in_flight_until: Option<Time>,
    ended: bool,
    done: bool,
    looks_after_deadline: usize,
}

impl Watched {
    fn new(settings: Settings) -> Self {
        Self {
            job: support::submit(settings.options),
            settings,
            now: START,
            latest: START,
            clamps: false,
            log: Vec::new(),
            newest: 0,
            last_sequence: 0,
            perhaps_processed: 0,
            in_flight_until: None,
            ended: false,
            done: false,
            looks_after_deadline: 0,
        }
    }

    fn time(&mut self) -> Time {
        self.latest = self.latest.max(self.now);
        if self.clamps { self.latest } else { self.now }
    }

    fn perform(&mut self, operation: &Operation) {
        match operation {
            Operation::Pull => while self.pull() {},
            Operation::PullOne => {
                self.pull();
            }
            Operation::Pass(by) => self.now = self.now + *by,
            Operation::PutBack(by) => self.now = Time::from_unix(self.now.since_epoch().saturating_sub(*by)),
            Operation::Answer(which, reply) => {
                let id = match which {
                    Which::Newest => self.newest,
                    Which::Number(number) => *number,
                };
                self.answer(RequestId::new(id), reply);
            }
            Operation::Notify(ours) => {
                let id = if *ours { support::ID } else { "another" };
                let notification = Notification::decode(format!(r#"{{"data": {{"id": "{id}"}}}}"#).as_bytes()).unwrap();
                let now = self.time();
                self.job.handle_notification(&notification, now);
            }
            Operation::Confirm => self.job.confirm(self.last_sequence),
            Operation::Abandon => {
                let now = self.time();
                self.job.abandon(now);
            }
        }
    }

    /// Takes one output and checks it. Says whether there may be more.
    fn pull(&mut self) -> bool {
        let now = self.time();
        let output = self.job.next_output(now);
        self.log.push(format!("{output:?}"));
        match output {
            Output::Send(transmit) => {
                assert!(!self.ended, "law 9: a request after the end");
                assert!(self.in_flight_until.is_none_or(|until| until <= self.latest), "law 10: two requests at once");
                assert!(transmit.id.get() > self.newest, "ids grow");
                self.newest = transmit.id.get();
                self.in_flight_until = Some(self.latest + transmit.limits.total);
                if transmit.request.method() == http::Method::POST {
                    assert!(self.perhaps_processed <= self.settings.resubmissions, "law 8: it may be billed twice");
                    self.perhaps_processed += 1;
                } else if self.latest >= START + DEADLINE {
                    self.looks_after_deadline += 1;
                    assert!(self.looks_after_deadline <= 1, "law 11: one last look");
                }
                true
            }
            Output::Event(event) => {
                assert!(!self.ended, "law 6: an event after the end");
                assert_eq!(event.sequence, self.last_sequence + 1, "law 6: events are numbered in order");
                self.last_sequence = event.sequence;
                self.ended = matches!(event.kind, JobEventKind::Finished(_));
                if let JobEventKind::LookDue { reason, .. } = event.kind {
                    assert_eq!(reason == LookReason::Deadline, self.latest >= START + DEADLINE, "law 11");
                }
                true
            }
            Output::Wait(until) => {
                assert!(until > self.latest, "law 1: {until} is not later than {}", self.latest);
                self.repeats(&Output::Wait(until));
                false
            }
            other @ (Output::NeedInput | Output::Done) => {
                assert!(!self.done || matches!(other, Output::Done), "law 3");
                assert_eq!(self.ended, matches!(other, Output::Done), "done after the end, and only then");
                self.done = matches!(other, Output::Done);
                self.repeats(&other);
                false
            }
        }
    }

    /// Law 2.
    fn repeats(&mut self, said: &Output<JobEvent>) {
        for _ in 0..2 {
            let now = self.time();
            let again = self.job.next_output(now);
            assert_eq!(format!("{again:?}"), format!("{said:?}"), "law 2");
        }
    }

    fn answer(&mut self, id: RequestId, reply: &Reply) {
        let now = self.time();
        let newest = id.get() == self.newest;
        let certain = match reply {
            Reply::Failure(FailureKind::NotSent) | Reply::Status(408) | Reply::Throttled(_) => true,
            Reply::Status(503) => self.settings.trusts_overload,
            _ => false,
        };
        // The first answer to an exchange counts, and none after the end.
        if newest && certain && !self.ended && self.in_flight_until.is_some() {
            self.perhaps_processed = self.perhaps_processed.saturating_sub(1);
        }
        if newest {
            self.in_flight_until = None;
        }
        let response = match reply {
            Reply::Failure(kind) => return self.job.handle_failure(id, Failure::new(*kind, "by chance"), now),
            Reply::Accepted => accepted(),
            Reply::InProgress => in_progress(),
            Reply::Success => success(),
            Reply::Failed => failed(),
            Reply::Expired => expired(),
            Reply::Status(status) => answer(*status, "{}"),
            Reply::Throttled(wait) => answer_with(429, ("retry-after", wait), "{}"),
            Reply::Garbage(bytes) => Response::new(Bytes::from(bytes.clone())),
        };
        self.job.handle_response(id, response, now);
    }

    /// Nobody answers any more: it must come to its end by itself, in bounded time and steps.
    fn outlive_the_service(&mut self) {
        for _ in 0..10_000 {
            self.now = self.now.max(self.latest);
            while self.pull() {}
            match self.job.next_output(self.now) {
                Output::Done => return,
                Output::Wait(until) => {
                    assert!(until <= (START + DEADLINE + LIMIT).max(self.latest + LIMIT), "law 11: it waits until {until}");
                    self.now = until;
                }
                // A confirmation never came: the deadline ends that as well.
                Output::NeedInput => self.now = self.now.max(START + DEADLINE),
                other => panic!("pulled dry, and still {other:?}"),
            }
        }
        panic!("law 11: it does not end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn laws_1_2_3_5_6_8_9_10_11_hold(settings in settings(), operations in operations()) {
        let mut watched = Watched::new(settings);
        operations.iter().for_each(|operation| watched.perform(operation));
        watched.outlive_the_service();
    }

    #[test]
    fn law_4_time_that_goes_back_is_clamped(settings in settings(), operations in operations()) {
        let (mut raw, mut clamped) = (Watched::new(settings), Watched::new(settings));
        clamped.clamps = true;
        for operation in &operations {
            raw.perform(operation);
            clamped.perform(operation);
        }
        prop_assert_eq!(raw.log, clamped.log);
    }

    #[test]
    fn the_same_seed_and_inputs_give_the_same_outputs_to_the_byte(settings in settings(), operations in operations()) {
        let (mut one, mut other) = (Watched::new(settings), Watched::new(settings));
        operations.iter().for_each(|operation| one.perform(operation));
        operations.iter().for_each(|operation| other.perform(operation));
        prop_assert_eq!(one.log, other.log);
    }

    #[test]
    fn no_output_shows_the_key_or_the_document(settings in settings(), operations in operations()) {
        let mut watched = Watched::new(settings);
        operations.iter().for_each(|operation| watched.perform(operation));
        let shown = format!("{:?} {:?} {:?} {:?}", watched.log, watched.job, watched.job.ticket(), watched.job.snapshot());
        prop_assert!(!shown.contains("s3cret"));
        prop_assert!(!shown.contains("secret contents"));
    }
}
