//! What a driver says when it stops before the machine is done.

use std::error::Error;
use std::fmt;

/// The machine is not done, it waits for an input, and nobody could wake the driver: no exchange is
/// in flight, and no [`Handle`](crate::Handle) lives.
///
/// The machine is unchanged. Push what it waits for through `machine_mut`, and call the driver
/// again. What that may be: a confirmation, or, for a batch or a drain that is open, more work or
/// `close`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a value to match against: it says all there is to say"
)]
pub struct NeedInput;

impl fmt::Display for NeedInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the machine is not done and waits for an input, and nobody could push one: confirm \
             the last event, add work, close the machine, or keep a handle",
        )
    }
}

impl Error for NeedInput {}

/// Why `finish` of a driver returned no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishError {
    /// As [`NeedInput`].
    NeedInput,
    /// The machine is done, and no event had an outcome, as for a batch without documents.
    NoOutcome,
}

impl fmt::Display for FinishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedInput => NeedInput.fmt(f),
            Self::NoOutcome => f.write_str("the machine is done, and there was no outcome"),
        }
    }
}

impl Error for FinishError {}

impl From<NeedInput> for FinishError {
    fn from(NeedInput: NeedInput) -> Self {
        Self::NeedInput
    }
}
