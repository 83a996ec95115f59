//! One row of the report: what is asked of a transport.

use std::fmt;
use std::io;

use typless::wire::ConfigError;

use super::rows::ALL;
use super::scene::Scene;

/// One case of the suite: what is asked of a transport.
///
/// Listed by [`rows`](super::rows()); what came of each is in the [`Report`](super::Report).
pub struct Row {
    pub(super) id: &'static str,
    pub(super) asks: &'static str,
    pub(super) needs: Needs,
    pub(super) check: fn(&Scene) -> Finding,
}

/// What a row can be asked of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Every transport.
    Anything,
    /// One that speaks HTTP/2 without TLS.
    Http2,
    /// One whose exchanges are futures.
    Futures,
}

/// What was observed, if it is as it should be.
pub(super) type Finding = Result<String, Objection>;

/// Why a row did not pass.
#[derive(Debug)]
pub(super) enum Objection {
    Failed(String),
    NotApplicable(String),
}

impl Row {
    pub(super) const fn new(
        id: &'static str,
        asks: &'static str,
        check: fn(&Scene) -> Finding,
    ) -> Self {
        Self {
            id,
            asks,
            needs: Needs::Anything,
            check,
        }
    }

    pub(super) const fn needing(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// The row's name, which stays the same from version to version; for [`skip`](super::Suite::skip).
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What is asked of a transport, in a sentence.
    pub fn asks(&self) -> &'static str {
        self.asks
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("id", &self.id)
            .field("asks", &self.asks)
            .finish_non_exhaustive()
    }
}

/// All rows, in the order they are run in.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ALL.iter().copied().flatten()
}

impl Objection {
    pub(super) fn failed<T>(observed: impl Into<String>) -> Result<T, Self> {
        Err(Self::Failed(observed.into()))
    }
}

impl From<io::Error> for Objection {
    fn from(error: io::Error) -> Self {
        Self::Failed(format!("the row could not be set up: {error}"))
    }
}

impl From<ConfigError> for Objection {
    fn from(error: ConfigError) -> Self {
        Self::Failed(format!("the row could not be set up: {error}"))
    }
}
