//! One row of the suite.

use std::fmt;

use crate::check::CheckResult;
use crate::context::TestContext;

/// One row of the suite: a requirement on transports, and the check for it.
///
/// [`rows`](crate::rows()) lists them. The [`Report`](crate::Report) has the outcome of each.
pub struct Row {
    pub(crate) id: &'static str,
    pub(crate) requirement: &'static str,
    pub(crate) needs: Needs,
    pub(crate) check: fn(&TestContext) -> CheckResult,
}

/// Which transports a row applies to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// All transports.
    Nothing,
    /// Transports that speak HTTP/2 without TLS.
    Http2,
    /// Transports that trust a root of the suite.
    #[cfg(feature = "tls")]
    Tls,
    /// Transports whose exchanges are futures.
    Futures,
}

impl Row {
    pub(crate) const fn new(
        id: &'static str,
        requirement: &'static str,
        check: fn(&TestContext) -> CheckResult,
    ) -> Self {
        Self {
            id,
            requirement,
            needs: Needs::Nothing,
            check,
        }
    }

    pub(crate) const fn needing(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// The name of the row, for [`skip`](crate::Suite::skip). It stays the same in later versions.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What the row requires of a transport, in a sentence.
    pub fn requirement(&self) -> &'static str {
        self.requirement
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("id", &self.id)
            .field("requirement", &self.requirement)
            .finish_non_exhaustive()
    }
}
