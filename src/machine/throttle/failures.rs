//! Failures in a row, and whether they are about more than one job or listing.

use super::Subject;

/// After so many in a row it is the service that fails, if they are common.
const MAX_FAILURES: u16 = 8;

/// Failures since the last success.
#[derive(Debug, Default)]
pub(super) struct Failures {
    count: u16,
    /// Whom the first was about.
    first: Option<Subject>,
    is_common: bool,
}

impl Failures {
    /// One more. `is_unsent` says that there was no way to the service.
    pub(super) fn add(&mut self, subject: Subject, is_unsent: bool) {
        self.count = self.count.saturating_add(1);
        let first = *self.first.get_or_insert(subject);
        self.is_common = self.is_common || first != subject || is_unsent;
    }

    /// Whether they are about more than one, or about the way to the service.
    pub(super) fn are_common(&self) -> bool {
        self.is_common
    }

    /// Whether they are common, and so many that it is the service that fails.
    pub(super) fn are_many(&self) -> bool {
        self.is_common && self.count >= MAX_FAILURES
    }

    /// Something succeeded.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
