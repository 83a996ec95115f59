//! Inputs of a drain besides responses and failures.

use proptest::prelude::*;

use super::handles::extraction_ids;
use super::moment::Moment;
use super::responses::listed_ids;
use crate::machine::Drain;
use crate::wire::ExtractionId;

/// An input of a [`Drain`] besides responses and failures; see [`drain_inputs`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DrainInput {
    /// Acknowledges an extraction, whether it was emitted or not.
    Acknowledge(ExtractionId),
    /// Requests an extraction again, whether it was listed or not.
    Retry(ExtractionId),
    /// Sets another key.
    SetKey,
    /// Closes the drain.
    Close,
}

impl DrainInput {
    /// Passes the input to a drain. Use it as the hook for
    /// [`LawChecker::with_inputs`](super::LawChecker::with_inputs), also for a drain inside your
    /// own machine.
    pub fn apply(&self, drain: &mut Drain, moment: &Moment) {
        match self {
            Self::Acknowledge(extraction_id) => drain.acknowledge(extraction_id),
            Self::Retry(extraction_id) => drain.retry(extraction_id, moment.now()),
            // The key is valid.
            Self::SetKey => drop(drain.set_key("another-key")),
            Self::Close => drain.close(),
        }
    }
}

/// Inputs of a drain: mostly acknowledgements of ids from
/// [`listing_responses`](super::listing_responses).
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
