//! The checker: what it is told about a machine, and the runs it makes of it.

use std::convert::Infallible;
use std::fmt::{self, Debug};
use std::time::Duration;

use super::course::{Clock, Course};
use super::drain_input::DrainInput;
use super::job_input::JobInput;
use super::law::{Details, Law, Violation};
use super::moment::Moment;
use super::script::Script;
use crate::machine::{Drain, DrainOptions, Job, JobOptions, Machine, Output, Time};

/// Holds a machine to the laws.
///
/// Made with a closure that makes the machine, since it is run several times: as the script says; once more, to see that it does the same; with time told as it goes back,
/// to see that this changes nothing; without the replies that come twice, likewise. `I` is what the machine takes beside answers and failures.
pub struct LawChecker<'a, M: Machine, I = Infallible> {
    pub(super) build: Box<dyn Fn(Time) -> M + 'a>,
    pub(super) take: Option<Take<'a, M, I>>,
    pub(super) sequence: Option<Sequence<'a, M::Event>>,
    pub(super) own_laws: Vec<OwnLaw<'a, M>>,
    pub(super) start: Time,
    pub(super) bounds: Bounds,
}

/// What is allowed; `None` is not checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) ends: Option<usize>,
    pub(super) submits: Option<usize>,
    pub(super) trusts_overload: bool,
    pub(super) in_flight: Option<usize>,
    /// Every submit is an attempt at the same document.
    pub(super) one_document: bool,
    pub(super) deadline: Option<Duration>,
    /// How long a last poll may be held back.
    pub(super) held_back: Duration,
}

/// Hands an input of the machine's own to it.
type Take<'a, M, I> = Box<dyn Fn(&I, &mut M, &Moment) + 'a>;

/// Checks an output against a law of the caller's.
type OwnLaw<'a, M> =
    Box<dyn Fn(&M, &Output<<M as Machine>::Event>, &Moment) -> Result<(), String> + 'a>;

/// Reads the number of an event.
pub(super) struct Sequence<'a, E> {
    pub(super) first: u64,
    pub(super) of: Box<dyn Fn(&E) -> u64 + 'a>,
}

impl<'a, M: Machine> LawChecker<'a, M> {
    /// A checker of machines that this closure makes, at the time given.
    ///
    /// It takes the machine to follow one thing, which ends once. It checks laws 1 to 6 and 9 (of 6, not the sequence); what else is to be checked is said by the methods.
    pub fn new(build: impl Fn(Time) -> M + 'a) -> Self {
        let bounds = Bounds {
            ends: Some(1),
            submits: None,
            trusts_overload: false,
            in_flight: None,
            one_document: false,
            deadline: None,
            held_back: Duration::ZERO,
        };
        let start = Time::from_unix_seconds(1_700_000_000);
        Self {
            build: Box::new(build),
            take: None,
            sequence: None,
            own_laws: Vec::new(),
            start,
            bounds,
        }
    }
}

impl<'a> LawChecker<'a, Job, JobInput> {
    /// A checker of jobs with these options, which this closure makes: checks all laws but 7 and 12.
    pub fn for_jobs(options: JobOptions, build: impl Fn(Time) -> Job + 'a) -> Self {
        LawChecker::new(build)
            .with_job_options(options)
            .with_sequence(options.first_sequence, |event| event.sequence)
            .with_inputs(JobInput::apply)
    }
}

impl<'a> LawChecker<'a, Drain, DrainInput> {
    /// A checker of drains with these options, which this closure makes: checks all laws but 7 to 9, 11 and 12. A drain submits nothing, and has as many ends as the service lists.
    pub fn for_drains(options: &DrainOptions, build: impl Fn(Time) -> Drain + 'a) -> Self {
        LawChecker::new(build)
            .with_ends(None)
            .with_max_submits(0)
            .with_max_in_flight(options.max_in_flight)
            .with_sequence(options.first_sequence, |event| event.sequence)
            .with_inputs(DrainInput::apply)
    }
}

impl<'a, M: Machine, I> LawChecker<'a, M, I> {
    /// Sets what the options of a job promise, of the job or of a machine around it: one request in flight (law 10), one submit and what resubmissions allow (law 8), the
    /// end by the deadline (law 11). An attempt to submit that is out while an earlier one turns out to have been taken does not count as in flight.
    #[must_use]
    pub fn with_job_options(mut self, options: JobOptions) -> Self {
        self.bounds.one_document = true;
        self.bounds.trusts_overload = options.retry.trusts_overload();
        self.with_max_in_flight(1)
            .with_max_submits(1 + usize::from(options.retry.resubmissions()))
            .with_deadline(options.deadline.unwrap_or(JobOptions::DEADLINE))
    }

    /// Sets how many things the machine follows, each of which ends once (laws 6 and 9); `None` if that can't be said, and then these laws are not checked.
    #[must_use]
    pub fn with_ends(mut self, ends: Option<usize>) -> Self {
        self.bounds.ends = ends;
        self
    }

    /// Tells the number of the first event, and how to read that of each (law 6).
    #[must_use]
    pub fn with_sequence(mut self, first: u64, of: impl Fn(&M::Event) -> u64 + 'a) -> Self {
        self.sequence = Some(Sequence {
            first,
            of: Box::new(of),
        });
        self
    }

    /// Sets how many submits may reach the service (law 8). Every `POST` counts, unless it certainly was not processed: it was not sent, its document could not be read, or
    /// it was refused with a 4xx.
    #[must_use]
    pub fn with_max_submits(mut self, submits: usize) -> Self {
        self.bounds.submits = Some(submits);
        self
    }

    /// Takes a submit that was refused with a 503 as not processed (law 8), as [`RetryPolicy::trusting_overload`](crate::machine::RetryPolicy::trusting_overload) does.
    #[must_use]
    pub fn trusting_overload(mut self) -> Self {
        self.bounds.trusts_overload = true;
        self
    }

    /// Sets how many requests may be in flight (law 10). A request is in flight until it is answered or its limit has passed.
    #[must_use]
    pub fn with_max_in_flight(mut self, requests: usize) -> Self {
        self.bounds.in_flight = Some(requests);
        self
    }

    /// Sets by when, from its making, the machine ends if nobody answers (law 11). What is in flight then may take as long as its limit, and each thing followed may be polled
    /// at once more. A machine that asks for input must not need one by then.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.bounds.deadline = Some(deadline);
        self
    }

    /// Sets how long a last poll may be held back by limits, which adds to the time that the machine may take after its [deadline](Self::with_deadline); a minute for a
    /// [`Batch`](crate::machine::Batch).
    #[must_use]
    pub fn with_held_back(mut self, time: Duration) -> Self {
        self.bounds.held_back = time;
        self
    }

    /// Sets when the machine is made. Otherwise it is in the year 2023.
    #[must_use]
    pub fn with_start(mut self, start: Time) -> Self {
        self.start = start;
        self
    }

    /// Tells how to hand in what the machine takes beside answers and failures: the inputs of [`scripts_with_inputs`](super::scripts_with_inputs).
    #[must_use]
    pub fn with_inputs<J>(self, take: impl Fn(&J, &mut M, &Moment) + 'a) -> LawChecker<'a, M, J> {
        let Self {
            build,
            sequence,
            own_laws,
            start,
            bounds,
            ..
        } = self;
        LawChecker {
            build,
            take: Some(Box::new(take)),
            sequence,
            own_laws,
            start,
            bounds,
        }
    }

    /// Adds a law of your own: it is shown the machine and each output, as it comes, and says what is wrong with it.
    #[must_use]
    pub fn with_own_law(
        mut self,
        law: impl Fn(&M, &Output<M::Event>, &Moment) -> Result<(), String> + 'a,
    ) -> Self {
        self.own_laws.push(Box::new(law));
        self
    }
}

impl<M: Machine, I: Debug> LawChecker<'_, M, I>
where
    M::Event: Debug,
{
    /// Holds the machine to the laws while this happens to it, and then until its end, if it has a [deadline](Self::with_deadline).
    ///
    /// # Errors
    ///
    /// The first law that is broken. In a property test, `?` turns it into a failed case.
    pub fn check(&self, script: &Script<I>) -> Result<(), Violation> {
        // A time that never goes back first: what goes wrong only in the other run goes wrong because of that.
        let plain = self.run(script, Clock::Latest, true);
        if let Some((law, problem, step)) = plain.breach {
            return Err(violation(law, problem, step, plain.outputs, script));
        }
        self.compare(&plain, script, Clock::Latest, true, Law::Repeats)?;
        if script.puts_back() {
            self.compare(&plain, script, Clock::AsItGoes, true, Law::LatestTimeCounts)?;
        }
        if script.repeats() {
            self.compare(&plain, script, Clock::Latest, false, Law::EventsInOrder)?;
        }
        Ok(())
    }

    fn run(&self, script: &Script<I>, clock: Clock, repeats: bool) -> Finished {
        Course::run(self, script, clock, repeats)
    }

    /// Runs the machine in another way that must make no difference.
    fn compare(
        &self,
        plain: &Finished,
        script: &Script<I>,
        clock: Clock,
        repeats: bool,
        law: Law,
    ) -> Result<(), Violation> {
        let other = self.run(script, clock, repeats);
        let (law, problem, step) = match (
            other.breach,
            first_difference(&plain.outputs, &other.outputs),
        ) {
            (Some((Law::NeverPanics, problem, step)), _) => (Law::NeverPanics, problem, step),
            (_, Some(at)) => {
                let [plainly, otherwise] = [&plain.outputs, &other.outputs]
                    .map(|outputs| outputs.get(at).map_or("nothing", String::as_str));
                (
                    law,
                    format!("{}:\n  {plainly}\n  {otherwise}", difference(law)),
                    other.steps.get(at).copied().flatten(),
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
            .field("start", &self.start)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// What came of a run: what the machine said, at which steps, and what was wrong with it.
pub(super) struct Finished {
    pub(super) outputs: Vec<String>,
    pub(super) steps: Vec<Option<usize>>,
    pub(super) breach: Option<(Law, String, Option<usize>)>,
}

fn first_difference(one: &[String], other: &[String]) -> Option<usize> {
    let same = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count();
    (same < one.len().max(other.len())).then_some(same)
}

fn difference(law: Law) -> &'static str {
    match law {
        Law::LatestTimeCounts => "told the latest time, and told the time as it went back, it said",
        Law::EventsInOrder => "with a reply that came twice, and without, it said",
        _ => "the first time, and the second time, it said",
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
            script: script.to_string(),
        }),
    }
}
