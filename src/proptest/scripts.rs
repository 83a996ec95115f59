//! Scripts by chance: well-formed, hostile, mixed.

use std::convert::Infallible;
use std::fmt::Debug;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::answers::{garbled_answers, listing_answers, refusals, status_answers, submit_answers};
use super::fields::Fields;
use super::script::{Reply, Script, Step, Which};
use crate::machine::FailureKind;

/// What kind of world a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flavour {
    /// Requests are answered once, after a while, by what a service answers, or fail; time goes on. A job gets far in it.
    WellFormed,
    /// Whatever can be handed in, at any time, in any order, any number of times; answers to requests that were never made; time that jumps and goes back.
    Hostile,
    /// It begins well-formed, and may become hostile at any step.
    Mixed,
}

/// Scripts for a machine that takes nothing but answers and failures.
pub fn scripts(flavour: Flavour) -> BoxedStrategy<Script> {
    any_scripts(
        flavour,
        &Vec::<(u32, BoxedStrategy<Step<Infallible>>)>::new(),
    )
}

/// Scripts for a machine that takes these inputs as well, such as those of [`job_inputs`](super::job_inputs).
pub fn scripts_with_inputs<I: Debug + Clone + 'static>(
    flavour: Flavour,
    inputs: impl Strategy<Value = I> + 'static,
) -> BoxedStrategy<Script<I>> {
    any_scripts(flavour, &vec![(4, inputs.prop_map(Step::Input).boxed())])
}

/// The longest script, in rounds of a well-formed world, and in steps of a hostile one.
const ROUNDS: usize = 8;
const STEPS: usize = 60;

/// Choices with their weights.
type Choices<I> = Vec<(u32, BoxedStrategy<Step<I>>)>;

fn any_scripts<I: Debug + Clone + 'static>(
    flavour: Flavour,
    inputs: &Choices<I>,
) -> BoxedStrategy<Script<I>> {
    let well_formed = |rounds| vec(round(inputs), 0..rounds).prop_map(|rounds| rounds.concat());
    let hostile = || vec(Union::new_weighted(hostile_steps(inputs)), 0..STEPS);
    match flavour {
        Flavour::WellFormed => well_formed(ROUNDS).prop_map(Script::new).boxed(),
        Flavour::Hostile => hostile().prop_map(Script::new).boxed(),
        Flavour::Mixed => (well_formed(ROUNDS / 2), hostile())
            .prop_map(|(start, rest)| Script::new([start, rest].concat()))
            .boxed(),
    }
}

/// One exchange with a world that behaves: the machine does what it wants, something of its own may happen, a while later its request is answered, or is not.
fn round<I: Debug + Clone + 'static>(inputs: &Choices<I>) -> BoxedStrategy<Vec<Step<I>>> {
    let input = match inputs.as_slice() {
        [] => Just(Vec::new()).boxed(),
        inputs => vec(Union::new_weighted(inputs.to_vec()), 0..3).boxed(),
    };
    let reply = prop_oneof![
        9 => fitting(&Fields::invoice()),
        1 => failure(),
    ];
    let answer = reply.prop_map(|reply| Step::Answer(Which::InFlight, reply));
    let pause =
        (0..20_000_u64).prop_map(|milliseconds| Step::Pass(Duration::from_millis(milliseconds)));
    let end = prop_oneof![4 => (pause, answer).prop_map(|(pause, answer)| vec![pause, answer]), 1 => Just(Vec::new())];
    (input, end)
        .prop_map(|(input, end)| {
            [
                vec![Step::Pull],
                input,
                vec![Step::Pull],
                end,
                vec![Step::Pull, Step::PassUntilDue],
            ]
            .concat()
        })
        .boxed()
}

fn hostile_steps<I: Debug + Clone + 'static>(inputs: &Choices<I>) -> Choices<I> {
    let span = prop_oneof![
        6 => (0..40_000_u64).prop_map(Duration::from_millis),
        1 => (0..200_000_u64).prop_map(Duration::from_secs),
        1 => Just(Duration::MAX),
    ];
    let which = prop_oneof![
        6 => Just(Which::Newest),
        2 => (1..6_usize).prop_map(Which::Earlier),
        1 => (0..12_u64).prop_map(Which::Number),
        1 => any::<u64>().prop_map(Which::Number),
    ];
    // A fitting answer, or that to another question.
    let unfit = prop_oneof![
        submit_answers(),
        status_answers(&Fields::new()),
        refusals(),
        garbled_answers()
    ]
    .prop_map(Reply::Response);
    let reply = prop_oneof![3 => fitting(&Fields::new()), 2 => unfit, 2 => failure()];
    let steps = vec![
        (6, Just(Step::Pull).boxed()),
        (2, Just(Step::PullOne).boxed()),
        (3, span.clone().prop_map(Step::Pass).boxed()),
        (2, Just(Step::PassUntilDue).boxed()),
        (1, span.prop_map(Step::PutBack).boxed()),
        (
            6,
            (which, reply)
                .prop_map(|(which, reply)| Step::Answer(which, reply))
                .boxed(),
        ),
        (1, Just(Step::Again).boxed()),
    ];
    [steps, inputs.to_vec()].concat()
}

/// What the service answers to whatever it is asked.
fn fitting(fields: &Fields) -> impl Strategy<Value = Reply> + use<> {
    let boxed = |response| Box::new(Reply::Response(response));
    (submit_answers(), listing_answers(), status_answers(fields)).prop_map(
        move |(submit, listing, status)| {
            let other = Reply::ByPath {
                listing: boxed(listing),
                other: boxed(status),
            };
            Reply::ByMethod {
                post: boxed(submit),
                other: Box::new(other),
            }
        },
    )
}

fn failure() -> impl Strategy<Value = Reply> {
    let kinds = [
        FailureKind::NotSent,
        FailureKind::NotSent,
        FailureKind::Interrupted,
        FailureKind::Source,
        FailureKind::TooLarge,
    ];
    select(kinds.to_vec()).prop_map(Reply::Failure)
}
