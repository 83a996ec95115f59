//! One row of the report: what is asked of a transport.

use std::fmt;
use std::io;

use typless::wire::ConfigError;

use crate::rows::ALL;
use crate::scene::Scene;

/// One case of the suite: what is asked of a transport.
///
/// Listed by [`rows`](crate::rows()); what came of each is in the [`Report`](crate::Report).
pub struct Row {
    pub(crate) id: &'static str,
    pub(crate) asks: &'static str,
    pub(crate) needs: Needs,
    pub(crate) check: fn(&Scene) -> Finding,
}

/// What a row can be asked of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Every transport.
    Anything,
    /// One that speaks HTTP/2 without TLS.
    Http2,
    /// One whose exchanges are futures.
    Futures,
}

/// What was observed, if it is as it should be.
pub(crate) type Finding = Result<String, Objection>;

/// Why a row did not pass.
#[derive(Debug)]
pub(crate) enum Objection {
    Failed(String),
    NotApplicable(String),
}

impl Row {
    pub(crate) const fn new(
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

    pub(crate) const fn needing(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// The row's name, which stays the same from version to version; for
    /// [`skip`](crate::Suite::skip).
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
    pub(crate) fn failed<T>(observed: impl Into<String>) -> Result<T, Self> {
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
