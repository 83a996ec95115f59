//! The laws of machines, checked for batches with random scripts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::support;
use crate::support::observer::{BatchObserver, Observed};
use crate::support::reached::Reached;
use proptest::prelude::*;
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, JobEventKind, JobKey, Output, PollReason,
    RetryPolicy, Time,
};
use typless::proptest::{
    BatchInput, Flavour, LawChecker, Moment, Script, Violation, batch_inputs, growing_batch_inputs,
    scripts_with_inputs,
};
use typless::wire::Document;

const DEADLINE: Duration = Duration::from_secs(3600);

type ObservedBatch = Observed<Batch, BatchObserver>;

proptest! {
    #![proptest_config(super::cases(160))]

    #[test]
    fn a_batch_keeps_the_laws_with_valid_inputs(
        case in cases(),
        script in scripts_with_inputs(Flavour::WellFormed, batch_inputs()),
    ) {
        check(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_batch_keeps_the_laws_with_any_inputs(
        case in cases(),
        script in scripts_with_inputs(Flavour::Hostile, batch_inputs()),
    ) {
        check(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_batch_keeps_the_laws_when_inputs_turn_hostile(
        case in cases(),
        script in scripts_with_inputs(Flavour::Mixed, batch_inputs()),
    ) {
        check(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_batch_keeps_the_laws_in_outages(
        case in cases(),
        script in scripts_with_inputs(Flavour::Outages, batch_inputs()),
    ) {
        check(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_batch_that_grows_keeps_the_laws(
        case in cases(),
        script in scripts_with_inputs(Flavour::Mixed, growing_batch_inputs()),
    ) {
        check_growing(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_batch_that_grows_keeps_the_laws_in_outages(
        case in cases(),
        script in scripts_with_inputs(Flavour::Outages, growing_batch_inputs()),
    ) {
        check_growing(&case, &script, &Reached::default())?;
    }

    #[test]
    fn a_batch_that_is_shut_down_keeps_the_laws(
        case in cases(),
        script in scripts_with_inputs(Flavour::Mixed, inputs_with_a_shutdown()),
    ) {
        check_growing(&case, &script, &Reached::default())?;
    }
}

/// Inputs of a batch that is shut down at some moment.
fn inputs_with_a_shutdown() -> impl Strategy<Value = BatchInput> {
    prop_oneof![8 => growing_batch_inputs(), 1 => Just(BatchInput::Shutdown)]
}

/// The options of a batch, and the number of its documents at the start.
#[derive(Debug, Clone)]
struct Case {
    options: BatchOptions,
    documents: usize,
    max_in_flight: usize,
    resubmissions: u16,
    trusts_overload: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let limits = (
        1..4_usize,
        1..4_usize,
        prop_oneof![Just(None), (1..20_u32).prop_map(Some)],
        1..5_u32,
        0..3_u32,
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), 0..3_u16);
    let documents = prop_oneof![1 => Just(0), 9 => 1..5_usize];
    (documents, any::<u64>(), limits, flags).prop_map(
        |(documents, seed, (max_in_flight, max_submits, rate, burst, budget), flags)| {
            let (confirmation, queue, trusts_overload, resubmissions) = flags;
            let retry = RetryPolicy::new().with_resubmissions(resubmissions);
            let retry = if trusts_overload {
                retry.trusting_overload()
            } else {
                retry
            };
            let options = BatchOptions::new()
                .with_seed(seed)
                .with_deadline(DEADLINE)
                .with_retry_policy(retry)
                .with_burst(burst);
            let options = options
                .with_max_in_flight(max_in_flight)
                .with_max_submits(max_submits)
                .with_retry_budget(budget);
            let options = match rate {
                Some(rate) => options.with_rate(rate, Duration::from_secs(1)),
                None => options.without_rate(),
            };
            let options = if confirmation {
                options.with_confirmation()
            } else {
                options
            };
            let options = if queue {
                options
            } else {
                options.without_queue()
            };
            Case {
                options,
                documents,
                max_in_flight,
                resubmissions,
                trusts_overload,
            }
        },
    )
}

fn batch(case: &Case, now: Time) -> Batch {
    let mut batch = Batch::new(&support::api(), case.options.clone(), now);
    for number in 0..case.documents {
        let document = Document::new(
            &format!("{number}.pdf"),
            "line-item-invoice",
            &b"%PDF-1.7 secret contents"[..],
        )
        .unwrap();
        let document = if number % 2 == 0 {
            document
        } else {
            document.with_customer("Acme").unwrap()
        };
        batch.add(document, now).unwrap();
    }
    batch
}

fn check(case: &Case, script: &Script<BatchInput>, reached: &Reached) -> Result<(), Violation> {
    let closed = |now| {
        let mut batch = batch(case, now);
        batch.close();
        observed(batch, reached, now)
    };
    let checker = LawChecker::new(closed)
        .with_outcomes(Some(case.documents))
        .with_max_submits(case.documents * (1 + usize::from(case.resubmissions)))
        .with_deadline(DEADLINE)
        .with_last_poll_delay(Duration::from_secs(60));
    let checker = if case.trusts_overload {
        checker.trusting_overload()
    } else {
        checker
    };
    hold(checker, case).check(script)
}

fn check_growing(
    case: &Case,
    script: &Script<BatchInput>,
    reached: &Reached,
) -> Result<(), Violation> {
    let open = |now| observed(batch(case, now), reached, now);
    hold(LawChecker::new(open).with_outcomes(None), case).check(script)
}

fn observed(machine: Batch, reached: &Reached, now: Time) -> ObservedBatch {
    let observer = BatchObserver::new(reached, now, Some(now + DEADLINE));
    Observed { machine, observer }
}

fn hold<'a>(
    checker: LawChecker<'a, ObservedBatch>,
    case: &Case,
) -> LawChecker<'a, ObservedBatch, BatchInput> {
    let jobs = RefCell::new(BTreeMap::new());
    checker
        .with_max_in_flight(case.max_in_flight)
        .with_sequence(1, |event| event.sequence)
        .with_inputs(|input: &BatchInput, batch: &mut ObservedBatch, moment| {
            observe(input, batch);
            batch.observer.is_shut_down |= matches!(input, BatchInput::Shutdown);
            input.apply(&mut batch.machine, moment);
        })
        .with_custom_law(the_last_poll_is_called_so)
        .with_custom_law(super::events_can_be_stored)
        .with_custom_law(neither_key_nor_document_is_shown)
        .with_custom_law(move |_, output, moment| {
            each_job_has_one_outcome_and_it_is_last(&jobs, output, moment)
        })
        .with_custom_law(nothing_is_sent_after_a_shutdown)
}

/// Notes an input before the batch gets it.
fn observe(input: &BatchInput, batch: &mut ObservedBatch) {
    let Observed { machine, observer } = batch;
    let place = |place: usize| {
        let unfinished = machine.progress().unfinished().max(1);
        machine.keys().nth(place % unfinished)
    };
    let (name, key) = match input {
        BatchInput::Add(_) => ("add", None),
        BatchInput::AddAll(_) => ("add from an iterator", None),
        BatchInput::CloseSources => ("close iterators", None),
        BatchInput::Resume(_) => ("resume", None),
        BatchInput::Restore(..) => ("restore", None),
        BatchInput::NotifyOne(one) => ("notification", place(*one)),
        BatchInput::Notify(notification) => return observer.notified(machine, notification),
        BatchInput::Confirm => ("confirmed", None),
        BatchInput::Abandon(one) => ("abandoned", place(*one)),
        BatchInput::SetKey => ("another key", None),
        BatchInput::Close => ("close", None),
        BatchInput::Shutdown => ("shut down", None),
        _ => panic!("{input:?} has no row"),
    };
    observer.input(machine, name, key);
}

/// The same cases each time, of every flavour.
pub(super) fn run_same_cases(reached: &Reached) {
    for flavour in super::FLAVOURS {
        let case = (cases(), scripts_with_inputs(flavour, batch_inputs()));
        super::same_cases(180, &case, reached, |(case, script)| {
            Ok(check(&case, &script, reached)?)
        });
    }
    for (number, flavour) in [(180, Flavour::Mixed), (480, Flavour::Outages)] {
        let case = (
            cases(),
            scripts_with_inputs(flavour, growing_batch_inputs()),
        );
        super::same_cases(number, &case, reached, |(case, script)| {
            Ok(check_growing(&case, &script, reached)?)
        });
    }
}

fn the_last_poll_is_called_so(
    _: &ObservedBatch,
    output: &Output<BatchEvent>,
    moment: &Moment,
) -> Result<(), String> {
    let Some((_, JobEventKind::PollDue { reason, .. })) = job_event(output) else {
        return Ok(());
    };
    let is_early = moment.latest() < moment.start() + DEADLINE;
    if *reason == PollReason::Deadline && is_early {
        Err(format!("a last poll {}", moment.latest()))
    } else {
        Ok(())
    }
}

fn neither_key_nor_document_is_shown(
    batch: &ObservedBatch,
    output: &Output<BatchEvent>,
    _: &Moment,
) -> Result<(), String> {
    let shown = format!("{output:?} {:?}", batch.machine);
    let secrets = ["s3cret", "another-key", "secret contents"];
    if secrets.iter().any(|secret| shown.contains(secret)) {
        Err(shown)
    } else {
        Ok(())
    }
}

fn nothing_is_sent_after_a_shutdown(
    batch: &ObservedBatch,
    output: &Output<BatchEvent>,
    _: &Moment,
) -> Result<(), String> {
    let progress = batch.machine.progress();
    match output {
        _ if !batch.observer.is_shut_down => Ok(()),
        Output::Send(_) | Output::NeedInput => Err(format!("it is shut down, and {output:?}")),
        Output::Wait(_) if progress.in_flight < progress.unfinished() => {
            Err(format!("it waits for more than what is out: {progress:?}"))
        }
        _ => Ok(()),
    }
}

/// Each job has one outcome, or comes back unfinished, and has no event after it.
fn each_job_has_one_outcome_and_it_is_last(
    finished: &RefCell<BTreeMap<JobKey, Time>>,
    output: &Output<BatchEvent>,
    moment: &Moment,
) -> Result<(), String> {
    let (key, is_last) = match output {
        Output::Event(BatchEvent {
            kind: BatchEventKind::Unfinished { key, .. },
            ..
        }) => (*key, true),
        _ => match job_event(output) {
            Some((key, event)) => (key, matches!(event, JobEventKind::Finished(_))),
            None => return Ok(()),
        },
    };
    let mut finished = finished.borrow_mut();
    // The checker creates the machine several times; each time the first event is the same.
    if matches!(output, Output::Event(event) if event.sequence == 1) {
        finished.clear();
    }
    if finished.contains_key(&key) {
        return Err(format!("{key} has finished, and now {output:?}"));
    }
    if is_last {
        finished.insert(key, moment.latest());
    }
    Ok(())
}

fn job_event(output: &Output<BatchEvent>) -> Option<(JobKey, &JobEventKind)> {
    match output {
        Output::Event(BatchEvent {
            kind: BatchEventKind::Job { key, event, .. },
            ..
        }) => Some((*key, event)),
        _ => None,
    }
}
