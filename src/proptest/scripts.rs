//! Strategies for scripts.

use std::convert::Infallible;
use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::fields::Fields;
use super::responses::{
    garbled_responses, listing_responses, refusals, status_responses, submit_responses,
};
use super::script::{Reply, Script, Step, Which};
use super::shrink::Shrinking;
use crate::machine::FailureKind;

/// How the world of a script behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flavour {
    /// Each request gets one reply after a while: a response as the service sends it, or a failure.
    /// Time never goes back. A job gets far in it.
    WellFormed,
    /// Any input, at any time, in any order and number; replies to requests that were never sent;
    /// time that jumps and goes back.
    Hostile,
    /// Begins well-formed and may become hostile at any step.
    Mixed,
    /// Begins well-formed, but for a while the same befalls each request, or each submit or
    /// listing: an outage, a refused key, a listing that never comes. Then it may become hostile.
    Outages,
}

/// Scripts for a machine without inputs of its own.
pub fn scripts(flavour: Flavour) -> BoxedStrategy<Script> {
    any_scripts(
        flavour,
        &Vec::<(u32, BoxedStrategy<Step<Infallible>>)>::new(),
    )
}

/// Scripts for a machine with these inputs of its own, such as those of
/// [`job_inputs`](super::job_inputs).
pub fn scripts_with_inputs<I: Debug + Clone + 'static>(
    flavour: Flavour,
    inputs: impl Strategy<Value = I> + 'static,
) -> BoxedStrategy<Script<I>> {
    any_scripts(flavour, &vec![(4, inputs.prop_map(Step::Input).boxed())])
}

/// The maximum length of a script: in rounds if well-formed, in spells with outages, in steps if
/// hostile.
const ROUNDS: usize = 8;
const SPELLS: usize = 5;
const STEPS: usize = 60;

/// Choices with their weights.
type Choices<I> = Vec<(u32, BoxedStrategy<Step<I>>)>;

fn any_scripts<I: Debug + Clone + 'static>(
    flavour: Flavour,
    inputs: &Choices<I>,
) -> BoxedStrategy<Script<I>> {
    let well_formed =
        |rounds| vec(usual_round(inputs), 0..rounds).prop_map(|rounds| rounds.concat());
    let hostile = |steps| vec(Union::new_weighted(hostile_steps(inputs)), 0..steps);
    let join = |(start, rest): (Vec<_>, Vec<_>)| [start, rest].concat();
    let steps = match flavour {
        Flavour::WellFormed => well_formed(ROUNDS).boxed(),
        Flavour::Hostile => hostile(STEPS).boxed(),
        Flavour::Mixed => (well_formed(ROUNDS / 2), hostile(STEPS))
            .prop_map(join)
            .boxed(),
        Flavour::Outages => {
            let spells = vec(spell(inputs), 1..SPELLS).prop_map(|spells| spells.concat());
            (spells, hostile(STEPS / 3)).prop_map(join).boxed()
        }
    };
    Shrinking(steps).boxed()
}

/// One well-formed exchange: the machine does what it wants, perhaps gets inputs, and after a while
/// its request perhaps gets a reply.
fn usual_round<I: Debug + Clone + 'static>(inputs: &Choices<I>) -> BoxedStrategy<Vec<Step<I>>> {
    let reply = prop_oneof![
        9 => fitting(&Fields::invoice()),
        1 => failure(),
    ];
    let replied = (pause(), reply)
        .prop_map(|(pause, reply)| vec![pause, Step::Reply(Which::InFlight, reply)]);
    let end = prop_oneof![4 => replied, 1 => Just(Vec::new())];
    round(inputs, Just(vec![Step::Pull]), end)
}

/// Some rounds as usual, or some in which the same happens to the oldest requests.
fn spell<I: Debug + Clone + 'static>(inputs: &Choices<I>) -> BoxedStrategy<Vec<Step<I>>> {
    let usual = vec(usual_round(inputs), 1..4);
    let inputs = inputs.clone();
    let same = fault().prop_flat_map(move |fault| {
        // Inputs come while some of the outputs are taken, too.
        let outputs = prop_oneof![
            2 => Just(vec![Step::Pull]),
            1 => (1..5_usize).prop_map(|outputs| vec![Step::PullOne; outputs]),
        ];
        let requests = prop_oneof![3 => Just(1), 1 => Just(3)];
        let end = (pause(), requests).prop_map(move |(pause, requests)| {
            let replied = fault
                .clone()
                .map(|reply| Step::Reply(Which::InFlight, reply));
            let replied = replied.map(|replied| vec![pause, replied]);
            vec![replied.unwrap_or_default(); requests].concat()
        });
        vec(round(&inputs, outputs, end), 3..10)
    });
    prop_oneof![usual, same]
        .prop_map(|rounds| rounds.concat())
        .boxed()
}

fn pause<I: Debug + Clone + 'static>() -> impl Strategy<Value = Step<I>> + Clone {
    (0..20_000_u64).prop_map(|milliseconds| Step::Advance(Duration::from_millis(milliseconds)))
}

/// What may befall each request for a while: a failure, the same response, or nothing at all; or
/// only each submit, or each listing.
fn fault() -> BoxedStrategy<Option<Reply>> {
    let response = |(status, body)| {
        let mut response = Response::new(Bytes::from_static(body));
        *response.status_mut() = status;
        Reply::Response(response)
    };
    let html: &'static [u8] = b"<html>Service unavailable</html>";
    let responses = vec![
        (StatusCode::OK, html),
        (StatusCode::UNAUTHORIZED, b""),
        (StatusCode::FORBIDDEN, b""),
        (StatusCode::TOO_MANY_REQUESTS, b""),
        (StatusCode::INTERNAL_SERVER_ERROR, b""),
        (StatusCode::BAD_GATEWAY, html),
        (StatusCode::SERVICE_UNAVAILABLE, html),
    ];
    let reply = prop_oneof![
        4 => select(responses).prop_map(response),
        3 => refusals().prop_map(Reply::Response),
        2 => Just(Reply::Failure(FailureKind::NotSent)),
        2 => Just(Reply::Failure(FailureKind::Interrupted)),
    ];
    let (post, listing) = (reply.clone(), reply.clone());
    let usual = || fitting(&Fields::new());
    prop_oneof![
        4 => reply.prop_map(Some),
        1 => Just(None),
        1 => (post, usual()).prop_map(|(post, other)| Some(Reply::ByMethod {
            post: Box::new(post),
            other: Box::new(other),
        })),
        1 => (listing, usual()).prop_map(|(listing, other)| Some(Reply::ByPath {
            listing: Box::new(listing),
            other: Box::new(other),
        })),
    ]
    .boxed()
}

/// Some outputs, perhaps inputs, the other outputs, what comes of them, and the time until more is
/// due.
fn round<I: Debug + Clone + 'static>(
    inputs: &Choices<I>,
    outputs: impl Strategy<Value = Vec<Step<I>>> + 'static,
    end: impl Strategy<Value = Vec<Step<I>>> + 'static,
) -> BoxedStrategy<Vec<Step<I>>> {
    let input = match inputs.as_slice() {
        [] => Just(Vec::new()).boxed(),
        inputs => vec(Union::new_weighted(inputs.to_vec()), 0..3).boxed(),
    };
    (outputs, input, end)
        .prop_map(|(outputs, input, end)| {
            [
                outputs,
                input,
                vec![Step::Pull],
                end,
                vec![Step::Pull, Step::AdvanceUntilDue],
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
    // A fitting response, or one to another request.
    let unfit = prop_oneof![
        submit_responses(),
        status_responses(&Fields::new()),
        refusals(),
        garbled_responses()
    ]
    .prop_map(Reply::Response);
    let reply = prop_oneof![3 => fitting(&Fields::new()), 2 => unfit, 2 => failure()];
    let steps = vec![
        (6, Just(Step::Pull).boxed()),
        (2, Just(Step::PullOne).boxed()),
        (3, span.clone().prop_map(Step::Advance).boxed()),
        (2, Just(Step::AdvanceUntilDue).boxed()),
        (1, span.prop_map(Step::SetBack).boxed()),
        (
            6,
            (which, reply)
                .prop_map(|(which, reply)| Step::Reply(which, reply))
                .boxed(),
        ),
        (1, Just(Step::RepeatReply).boxed()),
    ];
    [steps, inputs.to_vec()].concat()
}

/// Responses that fit whichever request is sent.
fn fitting(fields: &Fields) -> impl Strategy<Value = Reply> + use<> {
    let boxed = |response| Box::new(Reply::Response(response));
    (
        submit_responses(),
        listing_responses(),
        status_responses(fields),
    )
        .prop_map(move |(submit, listing, status)| {
            let other = Reply::ByPath {
                listing: boxed(listing),
                other: boxed(status),
            };
            Reply::ByMethod {
                post: boxed(submit),
                other: Box::new(other),
            }
        })
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
