//! The checker of the laws: each machine with one fault breaks exactly the law that it should.

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use typless::machine::{
    Failure, FailureKind, Limits, Machine, Output, Purpose, RequestId, Time, Transmit,
};
use typless::proptest::{Flavour, Law, LawChecker, Reply, Script, Step, Which, scripts};
use typless::wire::Body;

/// The fault of a machine.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    WaitsForNow,
    ChangesItsMind,
    WakesAfterDone,
    GoesBackInTime,
    Panics,
    CountsEventsTwice,
    FinishesTwice,
    FinishesWithoutEvent,
    CountsDuplicates,
    SubmitsWhatMayHaveArrived,
    PollsAfterItsOutcome,
    SendsTwoAtOnce,
    NeverFinishes,
    PollsTwiceAtTheDeadline,
    UsesAnIdTwice,
    UsesRandomness,
    NeverRests,
    ShowsASecret,
}

const DEADLINE: Duration = Duration::from_secs(600);
const GAP: Duration = Duration::from_secs(10);

/// A small machine: submits until accepted, polls every ten seconds, and finishes with any response
/// but 202, or at the deadline.
struct Small {
    fault: Fault,
    latest: Time,
    deadline: Time,
    due: Time,
    in_flight: Option<(u64, Time)>,
    exchange: u64,
    submitted: bool,
    finished: Option<bool>,
    sequence: u64,
    calls: u64,
    chance: bool,
}

#[derive(Debug)]
struct SmallEvent {
    sequence: u64,
    text: &'static str,
    finished: bool,
}

thread_local! {
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

impl Small {
    fn new(fault: Fault, now: Time) -> Self {
        let chance = RUNS.with(|runs| runs.replace(runs.get() + 1) % 2 == 1);
        let (in_flight, finished) = (None, None);
        Self {
            fault,
            latest: now,
            deadline: now + DEADLINE,
            due: now,
            in_flight,
            exchange: 0,
            submitted: false,
            finished,
            sequence: 0,
            calls: 0,
            chance,
        }
    }

    fn emit(&mut self, text: &'static str, finished: bool) -> Output<SmallEvent> {
        self.sequence += if self.fault == Fault::CountsEventsTwice && self.sequence == 1 {
            2
        } else {
            1
        };
        Output::Event(SmallEvent {
            sequence: self.sequence,
            text,
            finished,
        })
    }

    fn send(&mut self, now: Time) -> Output<SmallEvent> {
        let method = if self.submitted {
            Method::GET
        } else {
            Method::POST
        };
        self.exchange += u64::from(!(self.fault == Fault::UsesAnIdTwice && self.exchange == 2));
        let request = Request::builder()
            .method(method)
            .uri("https://example.com/")
            .body(Body::empty())
            .unwrap();
        let limits = Limits::default();
        self.in_flight = Some((self.exchange, now + limits.total));
        let purpose = if self.submitted {
            Purpose::Poll
        } else {
            Purpose::Submit
        };
        Output::Send(Transmit::new(
            RequestId::new(self.exchange),
            purpose,
            request,
            limits,
        ))
    }

    fn obeys_deadlines(&self) -> bool {
        self.fault != Fault::PollsTwiceAtTheDeadline && self.fault != Fault::NeverFinishes
    }

    /// Takes the status of the response to an exchange; `None` if it failed.
    fn take(&mut self, id: RequestId, now: Time, status: Option<u16>) {
        self.latest = self.latest.max(now);
        if self.fault == Fault::CountsDuplicates
            && self.exchange == id.get()
            && self.finished.is_none()
        {
            self.due = self.due + Duration::from_secs(1);
        }
        if self
            .in_flight
            .is_none_or(|(in_flight, _)| in_flight != id.get())
            || self.finished.is_some()
        {
            return;
        }
        assert!(
            self.fault != Fault::Panics || status != Some(404),
            "there it is"
        );
        self.in_flight = None;
        self.due = self.latest + GAP;
        let unknown = !self.submitted && !matches!(status, Some(202 | 408 | 429));
        match status {
            _ if self.submitted && self.latest >= self.deadline && self.obeys_deadlines() => {
                self.finished = Some(false);
            }
            Some(202) => self.submitted = true,
            _ if unknown && self.fault != Fault::SubmitsWhatMayHaveArrived => {
                self.finished = Some(false);
            }
            Some(200) if self.submitted => self.finished = Some(false),
            _ => {}
        }
    }
}

impl Machine for Small {
    type Event = SmallEvent;
    type Outcome = ();

    fn next_output(&mut self, now: Time) -> Output<SmallEvent> {
        self.calls += 1;
        self.latest = if self.fault == Fault::GoesBackInTime {
            now
        } else {
            self.latest.max(now)
        };
        let now = self.latest;
        if let Some(emitted) = self.finished {
            return match self.fault {
                _ if !emitted => {
                    self.finished = Some(true);
                    self.calls = 0;
                    if self.fault == Fault::FinishesWithoutEvent {
                        Output::Done
                    } else {
                        self.emit("end", true)
                    }
                }
                Fault::FinishesTwice if self.calls == 1 => self.emit("end", true),
                Fault::PollsAfterItsOutcome if self.calls == 1 => self.send(now),
                Fault::WakesAfterDone if self.calls > 6 => Output::NeedInput,
                _ => Output::Done,
            };
        }
        match self.in_flight {
            Some((_, until)) if now < until => {
                let sends =
                    self.fault == Fault::SendsTwoAtOnce && self.submitted && self.exchange == 2;
                return if sends {
                    self.send(now)
                } else {
                    Output::Wait(until)
                };
            }
            Some((id, _)) => self.take(RequestId::new(id), now, None),
            None => {}
        }
        if self.finished.is_some() {
            return self.next_output(now);
        }
        let last = now >= self.deadline && self.fault != Fault::NeverFinishes;
        if last && !self.submitted {
            self.finished = Some(false);
            return self.next_output(now);
        }
        if now
            >= self.due.min(if self.fault == Fault::NeverFinishes {
                self.due
            } else {
                self.deadline
            })
        {
            match self.fault {
                Fault::WaitsForNow if self.submitted => return Output::Wait(now),
                Fault::NeverRests if self.submitted => return self.emit("still here", false),
                Fault::ShowsASecret if self.submitted && self.sequence == 0 => {
                    return self.emit("s3cret", false);
                }
                Fault::UsesRandomness if self.chance && self.sequence == 0 => {
                    return self.emit("heads", false);
                }
                Fault::CountsEventsTwice if self.sequence < 2 => return self.emit("poll", false),
                _ => {}
            }
            return self.send(now);
        }
        match self.fault {
            Fault::ChangesItsMind if self.calls % 2 == 0 => Output::NeedInput,
            Fault::NeverFinishes => Output::Wait(self.due),
            _ => Output::Wait(self.due.min(self.deadline)),
        }
    }

    fn handle_response(&mut self, id: RequestId, response: Response<Bytes>, now: Time) {
        self.take(id, now, Some(response.status().as_u16()));
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        self.take(
            id,
            now,
            (failure.kind() == FailureKind::NotSent).then_some(408),
        );
    }

    fn into_outcome(event: SmallEvent) -> Result<(), SmallEvent> {
        if event.finished { Ok(()) } else { Err(event) }
    }
}

fn checker(fault: Fault) -> LawChecker<'static, Small> {
    LawChecker::new(move |now| Small::new(fault, now))
        .with_sequence(1, |event| event.sequence)
        .with_max_submits(1)
        .with_max_in_flight(1)
        .with_deadline(DEADLINE)
        .with_custom_law(|_, output, _| match output {
            Output::Event(SmallEvent { text: "s3cret", .. }) => Err("a secret".into()),
            _ => Ok(()),
        })
}

/// Scripts of every flavour: enough to show each fault, and few enough to be fast.
fn many_scripts() -> Vec<Script> {
    let mut runner = TestRunner::deterministic();
    let flavours = [Flavour::WellFormed, Flavour::Hostile, Flavour::Mixed].map(scripts);
    flavours
        .iter()
        .flat_map(|scripts| {
            (0..60)
                .map(|_| scripts.new_tree(&mut runner).unwrap().current())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The laws that a machine breaks.
fn broken_by(fault: Fault, scripts: &[Script]) -> Vec<Law> {
    let mut laws = Vec::new();
    for violation in scripts
        .iter()
        .filter_map(|script| checker(fault).check(script).err())
    {
        if !laws.contains(&violation.law()) {
            laws.push(violation.law());
        }
    }
    laws
}

#[test]
fn a_machine_without_a_fault_breaks_no_law() {
    assert_eq!(broken_by(Fault::None, &many_scripts()), []);
}

#[test]
fn each_fault_is_caught_by_its_own_law_only() {
    let cases = [
        (Fault::WaitsForNow, Law::WaitIsLater),
        (Fault::ChangesItsMind, Law::StableOutput),
        (Fault::WakesAfterDone, Law::DoneIsFinal),
        (Fault::GoesBackInTime, Law::MonotonicTime),
        (Fault::Panics, Law::NoPanic),
        (Fault::CountsEventsTwice, Law::EventOrder),
        (Fault::FinishesTwice, Law::EventOrder),
        (Fault::FinishesWithoutEvent, Law::EventOrder),
        (Fault::CountsDuplicates, Law::EventOrder),
        (Fault::SubmitsWhatMayHaveArrived, Law::MaxSubmits),
        (Fault::PollsAfterItsOutcome, Law::NoRequestAfterOutcome),
        (Fault::SendsTwoAtOnce, Law::MaxInFlight),
        (Fault::NeverFinishes, Law::Deadline),
        (Fault::PollsTwiceAtTheDeadline, Law::Deadline),
        (Fault::UsesAnIdTwice, Law::IncreasingIds),
        (Fault::UsesRandomness, Law::Deterministic),
        (Fault::NeverRests, Law::ReachesIdle),
        (Fault::ShowsASecret, Law::Custom),
    ];
    let scripts = many_scripts();
    let found: Vec<_> = cases
        .iter()
        .map(|(fault, _)| (*fault, broken_by(*fault, &scripts)))
        .collect();
    let expected: Vec<_> = cases
        .iter()
        .map(|(fault, law)| (*fault, vec![*law]))
        .collect();
    assert_eq!(found, expected);
}

fn post_with_response(status: u16) -> Script {
    let response = Response::builder()
        .status(status)
        .body(Bytes::new())
        .unwrap();
    Script::new(vec![
        Step::Pull,
        Step::Reply(Which::Newest, Reply::Response(response)),
        Step::Pull,
        Step::AdvanceUntilDue,
        Step::Pull,
    ])
}

#[test]
fn a_violation_names_the_law_the_step_and_the_script() {
    let violation = checker(Fault::Panics)
        .check(&post_with_response(404))
        .unwrap_err();
    assert_eq!(
        (violation.law(), violation.law().number(), violation.step()),
        (Law::NoPanic, Some(5), Some(2))
    );
    assert_eq!(violation.problem(), "it panicked: there it is");
    assert_eq!(violation.outputs().len(), 2, "{violation}");
    let shown = violation.to_string();
    assert!(
        shown.starts_with(
            "law 5: no input panics\nat step 2: it panicked: there it is\nthe script:\n   1. take"
        ),
        "{shown}"
    );
    assert!(
        shown.contains("   2. reply to the newest request: 404, \n") && shown.contains("Wait("),
        "{shown}"
    );
    let late = checker(Fault::NeverFinishes)
        .check(&Script::new(Vec::new()))
        .err()
        .map(|violation| (violation.law(), violation.step()));
    assert_eq!(late, None, "a submit without a response ends it");
}

#[test]
fn which_submits_may_have_arrived() {
    // Without a deadline, nothing happens after the script, so no attempt fails there.
    let checker = || {
        LawChecker::new(|now| Small::new(Fault::SubmitsWhatMayHaveArrived, now)).with_max_submits(1)
    };
    let breaks = |status| checker().check(&post_with_response(status)).is_err();
    assert_eq!(
        [200, 400, 408, 422, 429, 500, 503].map(breaks),
        [true, false, false, false, false, true, true]
    );
    assert!(
        checker()
            .trusting_overload()
            .check(&post_with_response(503))
            .is_ok()
    );
    assert!(
        checker()
            .with_max_submits(2)
            .check(&post_with_response(500))
            .is_ok()
    );
}

#[test]
fn without_a_bound_nothing_is_checked() {
    for fault in [
        Fault::SubmitsWhatMayHaveArrived,
        Fault::SendsTwoAtOnce,
        Fault::NeverFinishes,
        Fault::PollsTwiceAtTheDeadline,
    ] {
        let checker = LawChecker::new(move |now| Small::new(fault, now));
        assert!(
            [202, 500]
                .into_iter()
                .all(|status| checker.check(&post_with_response(status)).is_ok()),
            "{fault:?}"
        );
    }
    let many = LawChecker::new(|now| Small::new(Fault::FinishesTwice, now)).with_outcomes(Some(2));
    assert!(many.check(&post_with_response(400)).is_ok());
    let open =
        LawChecker::new(|now| Small::new(Fault::PollsAfterItsOutcome, now)).with_outcomes(None);
    assert!(open.check(&post_with_response(400)).is_ok());
}
