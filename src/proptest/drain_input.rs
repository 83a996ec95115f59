//! What a drain takes beside answers and failures.

use proptest::prelude::*;

use super::answers::listed_ids;
use super::handles::extraction_ids;
use super::moment::Moment;
use crate::machine::Drain;
use crate::wire::ExtractionId;

/// What a [`Drain`] takes beside answers and failures.
///
/// Made by [`drain_inputs`]; handed to a drain by [`apply`](Self::apply).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DrainInput {
    /// An extraction is done with, whether it was handed out or not.
    Acknowledge(ExtractionId),
    /// An extraction is to be fetched again, whether it was listed or not.
    Retry(ExtractionId),
    /// Another key.
    SetKey,
    /// The drain is to end.
    Close,
}

impl DrainInput {
    /// Hands the input to a drain; as a machine's hook for [`LawChecker::with_inputs`](super::LawChecker::with_inputs), also to one inside a machine of your own.
    pub fn apply(&self, drain: &mut Drain, moment: &Moment) {
        match self {
            Self::Acknowledge(extraction_id) => drain.acknowledge(extraction_id),
            Self::Retry(extraction_id) => drain.retry(extraction_id, moment.now()),
            // A key that can be used is taken.
            Self::SetKey => drop(drain.set_key("another-key")),
            Self::Close => drain.close(),
        }
    }
}

/// Inputs of a drain: mostly acknowledgements of what [`listing_answers`](super::listing_answers) name.
pub fn drain_inputs() -> BoxedStrategy<DrainInput> {
    prop_oneof![
        16 => listed_ids().prop_map(DrainInput::Acknowledge),
        4 => listed_ids().prop_map(DrainInput::Retry),
        1 => extraction_ids().prop_map(DrainInput::Acknowledge),
        1 => extraction_ids().prop_map(DrainInput::Retry),
        4 => Just(DrainInput::SetKey),
        1 => Just(DrainInput::Close),
    ]
    .boxed()
}
