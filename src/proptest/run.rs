//! One run of a machine along a script. Each output is checked when it comes.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::exchanges::Exchanges;
use super::law::Law;
use super::moment::Moment;
use super::script::{Reply, Script, Step};
use super::setup::Setup;
use crate::machine::{Failure, Machine, Output, RequestId, Time, Transmit};

/// The time that the machine gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// The latest time so far.
    Monotonic,
    /// The time of the clock, even if it went back.
    Raw,
}

/// A machine during a run.
pub(super) struct Run<'c, 'a, M: Machine, I> {
    setup: &'c Setup<'a, M, I>,
    machine: M,
    clock: Clock,
    now: Time,
    /// The latest time that the machine has seen.
    latest: Time,
    step: Option<usize>,
    outputs: Vec<String>,
    steps: Vec<Option<usize>>,
    exchanges: Exchanges,
    events: u64,
    outcomes: usize,
    last_polls: usize,
    done: bool,
    /// The last output, if there was nothing to do.
    idle: Idle,
    last_reply: Option<(RequestId, Reply)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Idle {
    None,
    Until(Time),
    Input,
    Done,
}

/// What a run showed.
pub(super) struct Report {
    /// All outputs, as their `Debug`.
    pub(super) outputs: Vec<String>,
    /// For each output, the step of the script.
    pub(super) steps: Vec<Option<usize>>,
    /// The law that was broken, how, and at which step.
    pub(super) broken_law: Option<(Law, String, Option<usize>)>,
}

/// A broken law, and how.
type Check<T = ()> = Result<T, (Law, String)>;

/// The most outputs at one time, and the most waits after the script.
const MAX_OUTPUTS: usize = 2_000;
const MAX_WAITS: usize = 100_000;

impl<'c, 'a, M: Machine, I> Run<'c, 'a, M, I>
where
    M::Event: Debug,
{
    pub(super) fn run(
        setup: &'c Setup<'a, M, I>,
        script: &Script<I>,
        clock: Clock,
        repeats: bool,
    ) -> Report {
        let mut run = match catch_panic(|| (setup.build)(setup.start)) {
            Ok(machine) => Self::new(setup, machine, clock),
            Err((law, problem)) => {
                return Report {
                    outputs: Vec::new(),
                    steps: Vec::new(),
                    broken_law: Some((law, problem, None)),
                };
            }
        };
        let checked = run.follow(script, repeats);
        let broken_law = checked.err().map(|(law, problem)| (law, problem, run.step));
        Report {
            outputs: run.outputs,
            steps: run.steps,
            broken_law,
        }
    }

    fn new(setup: &'c Setup<'a, M, I>, machine: M, clock: Clock) -> Self {
        Self {
            setup,
            machine,
            clock,
            now: setup.start,
            latest: setup.start,
            step: None,
            outputs: Vec::new(),
            steps: Vec::new(),
            exchanges: Exchanges::default(),
            events: 0,
            outcomes: 0,
            last_polls: 0,
            done: false,
            idle: Idle::None,
            last_reply: None,
        }
    }

    fn follow(&mut self, script: &Script<I>, repeats: bool) -> Check {
        for (number, step) in script.steps().iter().enumerate() {
            self.step = Some(number + 1);
            self.perform(step, repeats)?;
        }
        self.step = None;
        self.setup
            .bounds
            .deadline
            .map_or(Ok(()), |deadline| self.run_without_service(deadline))
    }

    fn perform(&mut self, step: &Step<I>, repeats: bool) -> Check {
        match step {
            Step::Pull => self.pull_until_idle()?,
            Step::PullOne => drop(self.pull()?),
            Step::Advance(time) => self.now = self.now + *time,
            Step::AdvanceUntilDue => {
                if let Idle::Until(due) = self.idle {
                    self.now = self.now.max(due);
                }
            }
            Step::SetBack(time) => {
                self.now = Time::from_unix(self.now.since_epoch().saturating_sub(*time));
            }
            Step::Reply(which, reply) => {
                if let Some(id) = self.exchanges.find(*which, self.latest.max(self.now)) {
                    self.reply_to(id, reply)?;
                }
            }
            Step::RepeatReply => {
                self.pull_until_idle()?;
                if let (true, Some((id, reply))) = (repeats, self.last_reply.clone()) {
                    self.deliver(id, &reply)?;
                }
            }
            Step::Input(input) => {
                let moment = self.moment();
                if let Some(apply) = &self.setup.apply {
                    catch_panic(|| apply(input, &mut self.machine, &moment))?;
                }
                // Some inputs, such as a confirmation, have no time.
                if moment.was_read.get() {
                    self.latest = moment.latest;
                }
            }
        }
        Ok(())
    }

    fn pull_until_idle(&mut self) -> Check {
        for _ in 0..MAX_OUTPUTS {
            if self.pull()? {
                return Ok(());
            }
        }
        Err((
            Law::ReachesIdle,
            format!("after {MAX_OUTPUTS} outputs at one time it still has something to do"),
        ))
    }

    /// Takes one output and checks it. Returns whether there is nothing more to do.
    fn pull(&mut self) -> Check<bool> {
        let now = self.observe_time();
        let output = catch_panic(|| self.machine.next_output(now))?;
        self.outputs.push(format!("{output:?}"));
        self.steps.push(self.step);
        if self.done && !matches!(output, Output::Done) {
            return Err((
                Law::DoneIsFinal,
                format!("it was done, and now returns {output:?}"),
            ));
        }
        let moment = self.moment();
        for law in &self.setup.custom_laws {
            law(&self.machine, &output, &moment).map_err(|problem| (Law::Custom, problem))?;
        }
        self.idle = match output {
            Output::Send(transmit) => return self.check_request(&transmit).map(|()| false),
            Output::Event(event) => return self.check_event(event).map(|()| false),
            Output::Wait(until) => Idle::Until(until),
            Output::NeedInput => Idle::Input,
            Output::Done => Idle::Done,
        };
        self.check_idle(now).map(|()| true)
    }

    fn check_request(&mut self, transmit: &Transmit) -> Check {
        let bounds = self.setup.bounds;
        if self.has_finished() {
            return Err((
                Law::NoRequestAfterOutcome,
                format!("{} after the outcome", transmit.request.uri()),
            ));
        }
        self.exchanges.sent(transmit, self.latest, &bounds)?;
        let is_submit = transmit.request.method() == http::Method::POST;
        if let (false, Some(outcomes), Some(deadline)) =
            (is_submit, bounds.outcomes, bounds.deadline)
        {
            self.last_polls += usize::from(self.latest >= self.setup.start + deadline);
            if self.last_polls > outcomes {
                return Err((
                    Law::Deadline,
                    "it polled more than once after the deadline".into(),
                ));
            }
        }
        Ok(())
    }

    fn check_event(&mut self, event: M::Event) -> Check {
        if self.has_finished() {
            return Err((Law::EventOrder, "an event after the outcome".into()));
        }
        if let Some(sequence) = &self.setup.sequence {
            let (number, expected) = (
                (sequence.read)(&event),
                sequence.first.saturating_add(self.events),
            );
            if number != expected {
                return Err((
                    Law::EventOrder,
                    format!("the event has number {number}, not {expected}"),
                ));
            }
        }
        self.events += 1;
        self.outcomes += usize::from(catch_panic(|| M::into_outcome(event))?.is_ok());
        Ok(())
    }

    /// There is nothing to do: checks the time, the outcome, and that the next outputs are the
    /// same.
    fn check_idle(&mut self, now: Time) -> Check {
        let first = self.outputs.last().cloned().unwrap_or_default();
        match self.idle {
            Idle::Until(until) if until <= self.latest => {
                return Err((
                    Law::WaitIsLater,
                    format!("{until} is not later than {}", self.latest),
                ));
            }
            Idle::Done if self.setup.bounds.outcomes.is_some() && !self.has_finished() => {
                return Err((Law::EventOrder, "done, without an outcome".into()));
            }
            Idle::Until(_) | Idle::Input if self.has_finished() => {
                return Err((Law::EventOrder, format!("after the outcome comes {first}")));
            }
            _ => self.done = self.idle == Idle::Done,
        }
        for _ in 0..2 {
            let again = catch_panic(|| format!("{:?}", self.machine.next_output(now)))?;
            if again != first {
                let law = if self.done {
                    Law::DoneIsFinal
                } else {
                    Law::StableOutput
                };
                return Err((law, format!("it returned {first}, and then {again}")));
            }
        }
        Ok(())
    }

    fn reply_to(&mut self, id: RequestId, reply: &Reply) -> Check {
        let Some((method, path)) = self.exchanges.call(id) else {
            // No such request was sent, so any reply will do.
            return self.deliver(id, reply.to_method(&http::Method::GET));
        };
        let reply = reply.to_request(method, path);
        self.exchanges.replied(id, reply, &self.setup.bounds);
        self.last_reply = Some((id, reply.clone()));
        self.deliver(id, reply)
    }

    fn deliver(&mut self, id: RequestId, reply: &Reply) -> Check {
        let now = self.observe_time();
        match reply {
            Reply::Response(response) => {
                catch_panic(|| self.machine.handle_response(id, response.clone(), now))
            }
            Reply::Failure(kind) => catch_panic(|| {
                self.machine
                    .handle_failure(id, Failure::new(*kind, "generated"), now);
            }),
            // `reply_to` made it definite before.
            Reply::ByMethod { other, .. } | Reply::ByPath { other, .. } => self.deliver(id, other),
        }
    }

    /// Runs without the service: the machine must finish by itself, in bounded time and steps.
    fn run_without_service(&mut self, deadline: Duration) -> Check {
        let deadline = self.setup.start + deadline;
        self.now = self.now.max(self.latest);
        let stopped_at = self.now;
        for _ in 0..MAX_WAITS {
            self.pull_until_idle()?;
            let last = deadline.max(stopped_at)
                + self.setup.bounds.last_poll_delay
                + self.exchanges.longest;
            self.now = match self.idle {
                Idle::Done => return Ok(()),
                Idle::Until(until) if until > last => {
                    return Err((
                        Law::Deadline,
                        format!("it waits until {until}, and should be done by {last}"),
                    ));
                }
                Idle::Until(until) => until,
                Idle::Input if self.now < deadline => deadline,
                Idle::Input => {
                    return Err((Law::Deadline, "it needs input after its deadline".into()));
                }
                Idle::None => self.now,
            };
        }
        Err((
            Law::Deadline,
            format!("it is not done after {MAX_WAITS} waits"),
        ))
    }

    fn has_finished(&self) -> bool {
        self.setup
            .bounds
            .outcomes
            .is_some_and(|outcomes| self.outcomes >= outcomes)
    }

    /// The time that the machine sees now.
    fn observe_time(&mut self) -> Time {
        let moment = self.moment();
        self.latest = moment.latest;
        moment.now
    }

    /// The time that the machine would see now.
    fn moment(&self) -> Moment {
        let latest = self.latest.max(self.now);
        let now = match self.clock {
            Clock::Monotonic => latest,
            Clock::Raw => self.now,
        };
        let last_sequence = self
            .setup
            .sequence
            .as_ref()
            .map(|sequence| sequence.first.saturating_add(self.events).saturating_sub(1));
        Moment {
            start: self.setup.start,
            now,
            latest,
            last_sequence,
            was_read: false.into(),
        }
    }
}

/// Calls the machine. A panic is a broken law.
fn catch_panic<T>(call: impl FnOnce() -> T) -> Check<T> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        (
            Law::NoPanic,
            format!("it panicked: {}", text.unwrap_or("without a message")),
        )
    })
}
