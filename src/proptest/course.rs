//! One run of a machine along a script: each output is checked as it comes.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::checker::{Finished, LawChecker};
use super::exchanges::Exchanges;
use super::law::Law;
use super::moment::Moment;
use super::script::{Reply, Script, Step};
use crate::machine::{Failure, Machine, Output, RequestId, Time, Transmit};

/// Which time the machine is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// The latest there was.
    Latest,
    /// What the clock says, even if it was put back.
    AsItGoes,
}

/// A machine on its way.
pub(super) struct Course<'c, 'a, M: Machine, I> {
    checker: &'c LawChecker<'a, M, I>,
    machine: M,
    clock: Clock,
    now: Time,
    /// The latest time the machine was told.
    latest: Time,
    step: Option<usize>,
    outputs: Vec<String>,
    steps: Vec<Option<usize>>,
    exchanges: Exchanges,
    events: u64,
    ends: usize,
    last_polls: usize,
    done: bool,
    /// What the machine said last, if that was to wait, to need input, or to be done.
    rest: Rest,
    last_reply: Option<(RequestId, Reply)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    None,
    Until(Time),
    Input,
    Done,
}

/// A law that was broken, and how.
type Checked<T = ()> = Result<T, (Law, String)>;

/// How often a machine is asked at one moment, and is waited for after the script, before it counts as restless.
const MAX_OUTPUTS: usize = 2_000;
const MAX_WAITS: usize = 100_000;

impl<'c, 'a, M: Machine, I> Course<'c, 'a, M, I>
where
    M::Event: Debug,
{
    pub(super) fn run(
        checker: &'c LawChecker<'a, M, I>,
        script: &Script<I>,
        clock: Clock,
        repeats: bool,
    ) -> Finished {
        let mut course = match guarded(|| (checker.build)(checker.start)) {
            Ok(machine) => Self::new(checker, machine, clock),
            Err((law, problem)) => {
                return Finished {
                    outputs: Vec::new(),
                    steps: Vec::new(),
                    breach: Some((law, problem, None)),
                };
            }
        };
        let checked = course.follow(script, repeats);
        let breach = checked
            .err()
            .map(|(law, problem)| (law, problem, course.step));
        Finished {
            outputs: course.outputs,
            steps: course.steps,
            breach,
        }
    }

    fn new(checker: &'c LawChecker<'a, M, I>, machine: M, clock: Clock) -> Self {
        Self {
            checker,
            machine,
            clock,
            now: checker.start,
            latest: checker.start,
            step: None,
            outputs: Vec::new(),
            steps: Vec::new(),
            exchanges: Exchanges::default(),
            events: 0,
            ends: 0,
            last_polls: 0,
            done: false,
            rest: Rest::None,
            last_reply: None,
        }
    }

    fn follow(&mut self, script: &Script<I>, repeats: bool) -> Checked {
        for (number, step) in script.steps().iter().enumerate() {
            self.step = Some(number + 1);
            self.perform(step, repeats)?;
        }
        self.step = None;
        self.checker
            .bounds
            .deadline
            .map_or(Ok(()), |deadline| self.outlive_the_service(deadline))
    }

    fn perform(&mut self, step: &Step<I>, repeats: bool) -> Checked {
        match step {
            Step::Pull => self.pull_until_rest()?,
            Step::PullOne => drop(self.pull()?),
            Step::Pass(time) => self.now = self.now + *time,
            Step::PassUntilDue => {
                if let Rest::Until(due) = self.rest {
                    self.now = self.now.max(due);
                }
            }
            Step::PutBack(time) => {
                self.now = Time::from_unix(self.now.since_epoch().saturating_sub(*time))
            }
            Step::Answer(which, reply) => {
                if let Some(id) = self.exchanges.find(*which, self.latest.max(self.now)) {
                    self.answer(id, reply)?;
                }
            }
            Step::Again => {
                self.pull_until_rest()?;
                if let (true, Some((id, reply))) = (repeats, self.last_reply.clone()) {
                    self.hand_in(id, &reply)?;
                }
            }
            Step::Input(input) => {
                let moment = self.moment();
                if let Some(take) = &self.checker.take {
                    guarded(|| take(input, &mut self.machine, &moment))?;
                }
                // Some inputs, such as a confirmation, come without a time.
                if moment.is_told.get() {
                    self.latest = moment.latest;
                }
            }
        }
        Ok(())
    }

    fn pull_until_rest(&mut self) -> Checked {
        for _ in 0..MAX_OUTPUTS {
            if self.pull()? {
                return Ok(());
            }
        }
        Err((
            Law::ComesToRest,
            format!("asked {MAX_OUTPUTS} times, it still has something to do"),
        ))
    }

    /// Takes one output and checks it. Says whether there is nothing more to do.
    fn pull(&mut self) -> Checked<bool> {
        let now = self.emit();
        let output = guarded(|| self.machine.next_output(now))?;
        self.outputs.push(format!("{output:?}"));
        self.steps.push(self.step);
        if self.done && !matches!(output, Output::Done) {
            return Err((
                Law::StaysDone,
                format!("it was done, and now says {output:?}"),
            ));
        }
        let moment = self.moment();
        for own_law in &self.checker.own_laws {
            own_law(&self.machine, &output, &moment).map_err(|problem| (Law::Own, problem))?;
        }
        self.rest = match output {
            Output::Send(transmit) => return self.sent(&transmit).map(|()| false),
            Output::Event(event) => return self.told(event).map(|()| false),
            Output::Wait(until) => Rest::Until(until),
            Output::NeedInput => Rest::Input,
            Output::Done => Rest::Done,
        };
        self.rested(now).map(|()| true)
    }

    fn sent(&mut self, transmit: &Transmit) -> Checked {
        let bounds = self.checker.bounds;
        if self.has_ended() {
            return Err((
                Law::EndsPolling,
                format!("{} after the end", transmit.request.uri()),
            ));
        }
        self.exchanges.sent(transmit, self.latest, &bounds)?;
        let is_submit = transmit.request.method() == http::Method::POST;
        if let (false, Some(ends), Some(deadline)) = (is_submit, bounds.ends, bounds.deadline) {
            self.last_polls += usize::from(self.latest >= self.checker.start + deadline);
            if self.last_polls > ends {
                return Err((
                    Law::EndsInTime,
                    "it polled more than once after the deadline".into(),
                ));
            }
        }
        Ok(())
    }

    fn told(&mut self, event: M::Event) -> Checked {
        if self.has_ended() {
            return Err((Law::EventsInOrder, "an event after the end".into()));
        }
        if let Some(sequence) = &self.checker.sequence {
            let (number, expected) = (
                (sequence.of)(&event),
                sequence.first.saturating_add(self.events),
            );
            if number != expected {
                return Err((
                    Law::EventsInOrder,
                    format!("the event has number {number}, not {expected}"),
                ));
            }
        }
        self.events += 1;
        self.ends += usize::from(guarded(|| M::into_outcome(event))?.is_ok());
        Ok(())
    }

    /// Nothing to do: the time must be right, the end must be told, and asked again it must say the same.
    fn rested(&mut self, now: Time) -> Checked {
        let said = self.outputs.last().cloned().unwrap_or_default();
        match self.rest {
            Rest::Until(until) if until <= self.latest => {
                return Err((
                    Law::WaitsForLater,
                    format!("{until} is not later than {}", self.latest),
                ));
            }
            Rest::Done if self.checker.bounds.ends.is_some() && !self.has_ended() => {
                return Err((Law::EventsInOrder, "done, without an end".into()));
            }
            Rest::Until(_) | Rest::Input if self.has_ended() => {
                return Err((Law::EventsInOrder, format!("after the end comes {said}")));
            }
            _ => self.done = self.rest == Rest::Done,
        }
        for _ in 0..2 {
            let again = guarded(|| format!("{:?}", self.machine.next_output(now)))?;
            if again != said {
                let law = if self.done {
                    Law::StaysDone
                } else {
                    Law::SaysTheSame
                };
                return Err((law, format!("it said {said}, and asked again {again}")));
            }
        }
        Ok(())
    }

    fn answer(&mut self, id: RequestId, reply: &Reply) -> Checked {
        let Some((method, path)) = self.exchanges.call(id) else {
            // No such request was sent: an answer to anything will do.
            return self.hand_in(id, reply.to_method(&http::Method::GET));
        };
        let reply = reply.to_request(method, path);
        self.exchanges.answered(id, reply, &self.checker.bounds);
        self.last_reply = Some((id, reply.clone()));
        self.hand_in(id, reply)
    }

    fn hand_in(&mut self, id: RequestId, reply: &Reply) -> Checked {
        let now = self.emit();
        match reply {
            Reply::Response(response) => {
                guarded(|| self.machine.handle_response(id, response.clone(), now))
            }
            Reply::Failure(kind) => guarded(|| {
                self.machine
                    .handle_failure(id, Failure::new(*kind, "by chance"), now)
            }),
            // It was made definite before.
            Reply::ByMethod { other, .. } | Reply::ByPath { other, .. } => self.hand_in(id, other),
        }
    }

    /// Nobody answers any more: it must come to its end by itself, in bounded time and steps.
    fn outlive_the_service(&mut self, deadline: Duration) -> Checked {
        let deadline = self.checker.start + deadline;
        self.now = self.now.max(self.latest);
        let silence = self.now;
        for _ in 0..MAX_WAITS {
            self.pull_until_rest()?;
            let last =
                deadline.max(silence) + self.checker.bounds.held_back + self.exchanges.longest;
            self.now = match self.rest {
                Rest::Done => return Ok(()),
                Rest::Until(until) if until > last => {
                    return Err((
                        Law::EndsInTime,
                        format!("it waits until {until}, and should end by {last}"),
                    ));
                }
                Rest::Until(until) => until,
                Rest::Input if self.now < deadline => deadline,
                Rest::Input => {
                    return Err((Law::EndsInTime, "past its deadline it needs input".into()));
                }
                Rest::None => self.now,
            };
        }
        Err((
            Law::EndsInTime,
            format!("it does not end: it was waited for {MAX_WAITS} times"),
        ))
    }

    fn has_ended(&self) -> bool {
        self.checker
            .bounds
            .ends
            .is_some_and(|ends| self.ends >= ends)
    }

    /// The time the machine is told now.
    fn emit(&mut self) -> Time {
        let moment = self.moment();
        self.latest = moment.latest;
        moment.now
    }

    /// The time the machine would be told.
    fn moment(&self) -> Moment {
        let latest = self.latest.max(self.now);
        let now = match self.clock {
            Clock::Latest => latest,
            Clock::AsItGoes => self.now,
        };
        let last_sequence = self
            .checker
            .sequence
            .as_ref()
            .map(|sequence| sequence.first.saturating_add(self.events).saturating_sub(1));
        Moment {
            start: self.checker.start,
            now,
            latest,
            last_sequence,
            is_told: false.into(),
        }
    }
}

/// Calls the machine; a panic is a broken law.
fn guarded<T>(call: impl FnOnce() -> T) -> Checked<T> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        (
            Law::NeverPanics,
            format!("it panicked: {}", text.unwrap_or("without a message")),
        )
    })
}
