//! The laws of machines, checked for drains with random scripts, and what a drain promises for
//! every id, checked with random queues.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::observer::{DrainObserver, MARK, Observed, RESTART};
use crate::support::queue::{DrainRun, Queue, Reply, id};
use crate::support::reached::Reached;
use crate::support::{self, expired, failed, in_progress, response, response_with};
use proptest::collection::vec;
use proptest::prelude::*;
use typless::machine::{Drain, DrainEvent, DrainEventKind, DrainOptions, FailureKind, Output};
use typless::proptest::{
    DrainInput, Flavour, LawChecker, Moment, Script, Violation, drain_inputs, scripts_with_inputs,
};

type ObservedDrain = Observed<Drain, DrainObserver>;

proptest! {
    #![proptest_config(super::cases(256))]

    #[test]
    fn a_drain_keeps_the_laws_with_valid_inputs(
        case in cases(),
        script in scripts_with_inputs(Flavour::WellFormed, drain_inputs()),
    ) {
        check(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_drain_keeps_the_laws_with_any_inputs(
        case in cases(),
        script in scripts_with_inputs(Flavour::Hostile, drain_inputs()),
    ) {
        check(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_drain_keeps_the_laws_when_inputs_turn_hostile(
        case in cases(),
        script in scripts_with_inputs(Flavour::Mixed, drain_inputs()),
    ) {
        check(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_drain_keeps_the_laws_in_outages(
        case in cases(),
        script in scripts_with_inputs(Flavour::Outages, drain_inputs()),
    ) {
        check(&case, &script, &Reached::default())?;
    }
}

proptest! {
    #![proptest_config(super::cases(192))]

    #[test]
    fn every_listed_id_is_returned_or_set_aside_and_none_after_its_acknowledgement(
        case in cases(),
        shrinks in any::<bool>(),
        steps in vec(step(), 1..60),
    ) {
        promises(&case.options, shrinks, steps, &Reached::default())?;
    }
}

/// The options of a drain, and the most requests it may have in flight.
#[derive(Debug, Clone)]
struct Case {
    options: DrainOptions,
    max_in_flight: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    (
        any::<u64>(),
        any::<bool>(),
        1..5_usize,
        1..4_usize,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(seed, for_ever, max_in_flight, unacknowledged, customer, acknowledgement)| {
                let options = DrainOptions::new()
                    .with_seed(seed)
                    .with_max_in_flight(max_in_flight)
                    .with_max_unacknowledged(unacknowledged);
                let options = if for_ever {
                    options.with_interval(Duration::from_secs(30))
                } else {
                    options
                };
                let options = if acknowledgement {
                    options
                } else {
                    options.without_acknowledgement()
                };
                let options = if customer {
                    options.with_customer("Acme").unwrap()
                } else {
                    options
                };
                Case {
                    options,
                    max_in_flight,
                }
            },
        )
}

fn check(case: &Case, script: &Script<DrainInput>, reached: &Reached) -> Result<(), Violation> {
    let build = |now| Observed {
        machine: Drain::new(&support::api(), case.options.clone(), now),
        observer: DrainObserver::new(reached, now),
    };
    LawChecker::new(build)
        .with_outcomes(None)
        .with_max_submits(0)
        .with_max_in_flight(case.max_in_flight)
        .with_sequence(1, |event| event.sequence)
        .with_inputs(|input: &DrainInput, drain: &mut ObservedDrain, moment| {
            observe(input, &mut drain.observer);
            input.apply(&mut drain.machine, moment);
        })
        .with_custom_law(no_key_is_shown)
        .with_custom_law(super::events_can_be_stored)
        .check(script)
}

/// Notes an input before the drain gets it.
fn observe(input: &DrainInput, observer: &mut DrainObserver) {
    match input {
        DrainInput::Acknowledge(id) => observer.input("acknowledged", Some(id)),
        DrainInput::Retry(id) => observer.input("retry", Some(id)),
        DrainInput::SetKey => observer.input("another key", None),
        DrainInput::Close => observer.input("close", None),
        _ => panic!("{input:?} has no row"),
    }
}

/// The same cases each time, of every flavour.
pub(super) fn run_same_cases(reached: &Reached) {
    for flavour in super::FLAVOURS {
        let case = (cases(), scripts_with_inputs(flavour, drain_inputs()));
        super::same_cases(450, &case, reached, |(case, script)| {
            Ok(check(&case, &script, reached)?)
        });
    }
    let case = (cases(), any::<bool>(), vec(step(), 1..60));
    super::same_cases(90, &case, reached, |(case, shrinks, steps)| {
        promises(&case.options, shrinks, steps, reached)
    });
}

fn no_key_is_shown(
    drain: &ObservedDrain,
    output: &Output<DrainEvent>,
    _: &Moment,
) -> Result<(), String> {
    let shown = format!("{output:?} {:?}", drain.machine);
    let secrets = ["s3cret", "another-key"];
    if secrets.iter().any(|secret| shown.contains(secret)) {
        Err(shown)
    } else {
        Ok(())
    }
}

/// An event of a queue or its drain.
#[derive(Debug, Clone)]
enum Step {
    /// Another extraction has finished.
    Finish,
    /// Time passes.
    Serve(u64),
    /// One of the returned ids is acknowledged: the one at this index modulo their number.
    Acknowledge(usize),
    /// The drain is dropped, and another one starts from its log.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Finish),
        4 => (0..400_u64).prop_map(Step::Serve),
        6 => any::<usize>().prop_map(Step::Acknowledge),
        1 => Just(Step::Restart),
    ]
}

/// What the service responds for the id of this number: most are good, some are not.
fn oddity(number: usize) -> Option<fn() -> Reply> {
    match number % 11 {
        1 => Some(|| Ok(response(404, ""))),
        3 => Some(|| Ok(failed())),
        4 => Some(|| Ok(in_progress())),
        6 => Some(|| Err(FailureKind::TooLarge)),
        7 => Some(|| Ok(response(500, "<html>"))),
        8 => Some(|| Ok(expired())),
        10 => Some(|| Ok(response_with(400, ("x", "y"), "{}"))),
        _ => None,
    }
}

fn is_bad(number: usize) -> bool {
    matches!(number % 11, 1 | 4 | 6 | 7 | 10)
}

fn promises(
    options: &DrainOptions,
    shrinks: bool,
    steps: Vec<Step>,
    reached: &Reached,
) -> Result<(), TestCaseError> {
    let options = options
        .clone()
        .with_interval(Duration::from_secs(30))
        .with_rate(1000, 1000);
    let mut queue = Queue::new(&[]);
    queue.shrinks = shrinks;
    let mut run = DrainRun::unacknowledged(options.clone());
    let (mut finished, mut acknowledged, mut started) = (0, BTreeSet::new(), BTreeSet::new());
    let mut reported = Reported::default();
    for step in steps {
        match step {
            Step::Finish => {
                let name = format!("{finished}");
                if let Some(odd) = oddity(finished) {
                    queue.odd.insert(name.clone(), Box::new(odd));
                }
                queue.listed.push(name);
                finished += 1;
            }
            Step::Serve(seconds) => {
                run.serve(&mut queue, Duration::from_secs(seconds));
                reported.take(&mut run, &acknowledged, &mut started)?;
            }
            Step::Acknowledge(which) => {
                if let Some(name) = reported
                    .open
                    .iter()
                    .nth(which % reported.open.len().max(1))
                    .cloned()
                {
                    run.drain.acknowledge(&id(&name));
                    reported.open.remove(&name);
                    acknowledged.insert(name);
                }
            }
            Step::Restart => {
                for number in 0..finished {
                    let state = reported.state(&number.to_string(), &acknowledged, &started);
                    reached.note(RESTART, state, MARK);
                }
                let now = run.now;
                run = DrainRun::unacknowledged(options.clone());
                run.now = now;
                acknowledged
                    .iter()
                    .for_each(|name| run.drain.acknowledge(&id(name)));
                started
                    .difference(&acknowledged)
                    .for_each(|name| run.drain.retry(&id(name), now));
                reported.set_aside.clear();
            }
        }
    }
    // At last, everything is acknowledged.
    for _ in 0..40 {
        run.serve(&mut queue, Duration::from_secs(60));
        reported.take(&mut run, &acknowledged, &mut started)?;
        for name in std::mem::take(&mut reported.open) {
            run.drain.acknowledge(&id(&name));
            acknowledged.insert(name);
        }
    }
    for number in 0..finished {
        let name = number.to_string();
        let outcome = if is_bad(number) {
            reported.set_aside.contains_key(&name)
        } else {
            reported.returned.contains(&name)
        };
        prop_assert!(outcome, "{name} of {finished}: {reported:?}");
    }
    prop_assert_eq!(
        run.drain.progress().waiting + run.drain.progress().unacknowledged,
        0
    );
    Ok(())
}

/// What the events of all drains reported.
#[derive(Debug, Default)]
struct Reported {
    returned: BTreeSet<String>,
    /// Returned and not acknowledged.
    open: BTreeSet<String>,
    /// By this drain.
    set_aside: BTreeMap<String, u16>,
}

impl Reported {
    /// The state of an id, as far as events say.
    fn state(
        &self,
        name: &str,
        acknowledged: &BTreeSet<String>,
        started: &BTreeSet<String>,
    ) -> &'static str {
        match name {
            name if acknowledged.contains(name) => "acknowledged",
            name if self.set_aside.contains_key(name) => "set aside",
            name if self.open.contains(name) => "delivered",
            name if started.contains(name) => "failed",
            _ => "not fetched",
        }
    }

    fn take(
        &mut self,
        run: &mut DrainRun,
        acknowledged: &BTreeSet<String>,
        started: &mut BTreeSet<String>,
    ) -> Result<(), TestCaseError> {
        for event in run.events.drain(..) {
            match event.kind {
                DrainEventKind::FetchDue { extraction_id, .. } => {
                    _ = started.insert(extraction_id.to_string());
                }
                DrainEventKind::Extracted { extraction_id, .. } => {
                    let name = extraction_id.to_string();
                    prop_assert!(
                        !acknowledged.contains(&name),
                        "{} comes after its acknowledgement",
                        name
                    );
                    self.returned.insert(name.clone());
                    self.open.insert(name);
                }
                DrainEventKind::SetAside {
                    extraction_id,
                    attempts,
                    ..
                } => {
                    let before = self.set_aside.insert(extraction_id.to_string(), attempts);
                    prop_assert!(before.is_none(), "{} is set aside twice", extraction_id);
                }
                _ => {}
            }
        }
        Ok(())
    }
}
