//! The checker: configuration, and comparison of runs.

use std::convert::Infallible;
use std::fmt::{self, Debug};
use std::time::Duration;

use super::drain_input::DrainInput;
use super::job_input::JobInput;
use super::law::{Details, Law, Violation};
use super::moment::Moment;
use super::run::{Clock, Report, Run};
use super::script::Script;
use super::setup::{Bounds, Sequence, Setup};
use crate::machine::{Drain, DrainOptions, Job, JobOptions, Machine, Output, Time};

/// Checks that a machine keeps the laws.
///
/// The machine is built by a closure, since a check takes several runs: one along the script, one
/// more to see that it is deterministic, one in which the clock really goes back, and one without
/// repeated replies. All must give the same outputs. `I` is the machine's own input, besides
/// responses and failures.
pub struct LawChecker<'a, M: Machine, I = Infallible> {
    setup: Setup<'a, M, I>,
}

impl<'a, M: Machine> LawChecker<'a, M> {
    /// A checker of the machines that this closure builds; it is called with the start time.
    ///
    /// The default is a machine with one outcome. It checks laws 1 to 6 and 9, without the sequence
    /// of law 6. The other methods add checks.
    pub fn new(build: impl Fn(Time) -> M + 'a) -> Self {
        let bounds = Bounds {
            outcomes: Some(1),
            max_submits: None,
            trusts_overload: false,
            max_in_flight: None,
            one_document: false,
            deadline: None,
            last_poll_delay: Duration::ZERO,
        };
        let start = Time::from_unix_seconds(1_700_000_000);
        Self {
            setup: Setup {
                build: Box::new(build),
                apply: None,
                sequence: None,
                custom_laws: Vec::new(),
                start,
                bounds,
            },
        }
    }
}

impl<'a> LawChecker<'a, Job, JobInput> {
    /// A checker of jobs with these options, built by this closure. Checks all laws except 7 and
    /// 12.
    pub fn for_jobs(options: JobOptions, build: impl Fn(Time) -> Job + 'a) -> Self {
        LawChecker::new(build)
            .with_job_options(options)
            .with_sequence(options.first_sequence, |event| event.sequence)
            .with_inputs(JobInput::apply)
    }
}

impl<'a> LawChecker<'a, Drain, DrainInput> {
    /// A checker of drains with these options, built by this closure. Checks all laws except 7 to
    /// 9, 11 and 12.
    ///
    /// A drain submits nothing, and has as many outcomes as the service lists.
    pub fn for_drains(options: &DrainOptions, build: impl Fn(Time) -> Drain + 'a) -> Self {
        LawChecker::new(build)
            .with_outcomes(None)
            .with_max_submits(0)
            .with_max_in_flight(options.max_in_flight)
            .with_sequence(options.first_sequence, |event| event.sequence)
            .with_inputs(DrainInput::apply)
    }
}

impl<'a, M: Machine, I> LawChecker<'a, M, I> {
    /// Checks what the options of a job promise, for a job or a machine around one: one request in
    /// flight (law 10), one submit plus the allowed resubmissions (law 8), and an outcome by the
    /// deadline (law 11).
    ///
    /// A submit that is in flight when an earlier attempt turns out to be accepted does not count
    /// as in flight.
    #[must_use]
    pub fn with_job_options(mut self, options: JobOptions) -> Self {
        self.setup.bounds.one_document = true;
        self.setup.bounds.trusts_overload = options.retry.trusts_overload();
        self.with_max_in_flight(1)
            .with_max_submits(1 + usize::from(options.retry.resubmissions()))
            .with_deadline(options.deadline.unwrap_or(JobOptions::DEADLINE))
    }

    /// Sets how many outcomes the machine has (laws 6 and 9). With `None` these laws are not
    /// checked.
    #[must_use]
    pub fn with_outcomes(mut self, outcomes: Option<usize>) -> Self {
        self.setup.bounds.outcomes = outcomes;
        self
    }

    /// Checks the sequence of events (law 6): `first` is that of the first event, `read` returns
    /// that of any event.
    #[must_use]
    pub fn with_sequence(mut self, first: u64, read: impl Fn(&M::Event) -> u64 + 'a) -> Self {
        self.setup.sequence = Some(Sequence {
            first,
            read: Box::new(read),
        });
        self
    }

    /// Sets how many submits may reach the service (law 8).
    ///
    /// Every `POST` counts, unless it was certainly not processed: it was not sent, its document
    /// could not be read, or it was refused with a 4xx.
    #[must_use]
    pub fn with_max_submits(mut self, submits: usize) -> Self {
        self.setup.bounds.max_submits = Some(submits);
        self
    }

    /// Counts a submit that was refused with a 503 as not processed (law 8), like
    /// [`RetryPolicy::trusting_overload`](crate::machine::RetryPolicy::trusting_overload).
    #[must_use]
    pub fn trusting_overload(mut self) -> Self {
        self.setup.bounds.trusts_overload = true;
        self
    }

    /// Sets how many requests may be in flight (law 10).
    ///
    /// A request is in flight until it gets a reply or its total limit has passed.
    #[must_use]
    pub fn with_max_in_flight(mut self, requests: usize) -> Self {
        self.setup.bounds.max_in_flight = Some(requests);
        self
    }

    /// Checks that the machine is done by this deadline, counted from the start, even if the
    /// service no longer responds (law 11).
    ///
    /// Requests in flight at the deadline may take their total limit, and each outcome allows one
    /// more poll after the deadline. A machine that needs input before the deadline must not need
    /// it afterwards.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.setup.bounds.deadline = Some(deadline);
        self
    }

    /// Sets how long limits may delay the last poll after the [deadline](Self::with_deadline). For
    /// a [`Batch`](crate::machine::Batch) it is a minute.
    #[must_use]
    pub fn with_last_poll_delay(mut self, time: Duration) -> Self {
        self.setup.bounds.last_poll_delay = time;
        self
    }

    /// Sets the time at which the machine is built. The default is in the year 2023.
    #[must_use]
    pub fn with_start(mut self, start: Time) -> Self {
        self.setup.start = start;
        self
    }

    /// Sets how the machine takes its own inputs: those of
    /// [`scripts_with_inputs`](super::scripts_with_inputs).
    #[must_use]
    pub fn with_inputs<J>(self, apply: impl Fn(&J, &mut M, &Moment) + 'a) -> LawChecker<'a, M, J> {
        let Setup {
            build,
            sequence,
            custom_laws,
            start,
            bounds,
            ..
        } = self.setup;
        LawChecker {
            setup: Setup {
                build,
                apply: Some(Box::new(apply)),
                sequence,
                custom_laws,
                start,
                bounds,
            },
        }
    }

    /// Adds a law of your own. It gets the machine and each output, and returns what is wrong.
    #[must_use]
    pub fn with_custom_law(
        mut self,
        law: impl Fn(&M, &Output<M::Event>, &Moment) -> Result<(), String> + 'a,
    ) -> Self {
        self.setup.custom_laws.push(Box::new(law));
        self
    }
}

impl<M: Machine, I: Debug> LawChecker<'_, M, I>
where
    M::Event: Debug,
{
    /// Checks the machine along the script, and then until it is done, if it has a
    /// [deadline](Self::with_deadline).
    ///
    /// # Errors
    ///
    /// The first law that was broken. In a property test, `?` turns it into a failed case.
    pub fn check(&self, script: &Script<I>) -> Result<(), Violation> {
        // The run with a monotonic clock comes first: what fails only in the other run is due to
        // the clock.
        let plain = self.run(script, Clock::Monotonic, true);
        if let Some((law, problem, step)) = plain.broken_law {
            return Err(violation(law, problem, step, plain.outputs, script));
        }
        self.compare(&plain, script, Clock::Monotonic, true, Law::Deterministic)?;
        if script.puts_back() {
            self.compare(&plain, script, Clock::Raw, true, Law::MonotonicTime)?;
        }
        if script.repeats() {
            self.compare(&plain, script, Clock::Monotonic, false, Law::EventOrder)?;
        }
        Ok(())
    }

    fn run(&self, script: &Script<I>, clock: Clock, repeats: bool) -> Report {
        Run::run(&self.setup, script, clock, repeats)
    }

    /// Runs the machine in another way, which must make no difference.
    fn compare(
        &self,
        plain: &Report,
        script: &Script<I>,
        clock: Clock,
        repeats: bool,
        law: Law,
    ) -> Result<(), Violation> {
        let other = self.run(script, clock, repeats);
        let (law, problem, step) = match (
            other.broken_law,
            first_difference(&plain.outputs, &other.outputs),
        ) {
            (Some((Law::NoPanic, problem, step)), _) => (Law::NoPanic, problem, step),
            (_, Some(at)) => {
                let [expected, actual] = [&plain.outputs, &other.outputs]
                    .map(|outputs| outputs.get(at).map_or("nothing", String::as_str));
                (
                    law,
                    format!("{}:\n  {expected}\n  {actual}", comparison(law)),
                    step_at(at, [&other.steps, &plain.steps]),
                )
            }
            (Some((_, problem, step)), None) => (law, problem, step),
            (None, None) => return Ok(()),
        };
        Err(violation(law, problem, step, other.outputs, script))
    }
}

impl<M: Machine, I> Debug for LawChecker<'_, M, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LawChecker")
            .field("start", &self.setup.start)
            .field("bounds", &self.setup.bounds)
            .finish_non_exhaustive()
    }
}

/// The step of this output, in the first of these runs that has it.
fn step_at(output: usize, runs: [&[Option<usize>]; 2]) -> Option<usize> {
    let step = runs.iter().find_map(|steps| steps.get(output));
    step.copied().flatten()
}

fn first_difference(one: &[String], other: &[String]) -> Option<usize> {
    let same = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count();
    (same < one.len().max(other.len())).then_some(same)
}

fn comparison(law: Law) -> &'static str {
    match law {
        Law::MonotonicTime => "with a monotonic clock, and with one that goes back, it returned",
        Law::EventOrder => "with a repeated reply, and without, it returned",
        _ => "the first time, and the second time, it returned",
    }
}

fn violation<I: Debug>(
    law: Law,
    problem: String,
    step: Option<usize>,
    outputs: Vec<String>,
    script: &Script<I>,
) -> Violation {
    Violation {
        inner: Box::new(Details {
            law,
            problem,
            step,
            outputs,
            script: step.map_or_else(|| script.to_string(), |step| script.up_to(step)),
        }),
    }
}
