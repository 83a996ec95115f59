//! The extractions that webhook messages have named.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use typless::machine::JobKey;
use typless::wire::ExtractionId;

/// The extractions that webhook messages have named, so that each is fetched once even if it is
/// named twice. Anybody can send a message, so all of it is bounded.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    ids: BTreeSet<ExtractionId>,
    /// The same ids, the oldest first.
    in_order: VecDeque<ExtractionId>,
    /// How many were admitted and have not finished.
    open: usize,
    under_way: BTreeMap<JobKey, ExtractionId>,
}

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    New,
    Known,
    /// Too many are unfinished; the message is refused.
    TooMany,
}

impl Known {
    /// The maximum number of ids that are remembered.
    const MAX_REMEMBERED: usize = 100_000;

    /// The maximum number of unfinished extractions.
    const MAX_OPEN: usize = 10_000;

    pub(super) fn admit(&self, id: &ExtractionId) -> Admission {
        let mut inner = self.lock();
        if inner.ids.contains(id) {
            return Admission::Known;
        }
        if inner.open >= Self::MAX_OPEN {
            return Admission::TooMany;
        }
        if inner.in_order.len() >= Self::MAX_REMEMBERED
            && let Some(oldest) = inner.in_order.pop_front()
        {
            inner.ids.remove(&oldest);
        }
        inner.ids.insert(id.clone());
        inner.in_order.push_back(id.clone());
        inner.open += 1;
        Admission::New
    }

    pub(super) fn follow(&self, key: JobKey, id: ExtractionId) {
        self.lock().under_way.insert(key, id);
    }

    /// The id of a finished extraction.
    pub(super) fn finish(&self, key: JobKey) -> Option<ExtractionId> {
        let mut inner = self.lock();
        let id = inner.under_way.remove(&key)?;
        inner.open = inner.open.saturating_sub(1);
        Some(id)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once_and_what_is_remembered_is_bounded() {
        let id = |number: usize| ExtractionId::new(&format!("{number:040x}")).expect("an id");
        let known = Known::default();
        assert_eq!(
            (known.admit(&id(0)), known.admit(&id(0))),
            (Admission::New, Admission::Known)
        );
        for number in 1..Known::MAX_OPEN {
            assert_eq!(known.admit(&id(number)), Admission::New);
        }
        assert_eq!(known.admit(&id(Known::MAX_OPEN)), Admission::TooMany);
        known.lock().open = 0;
        for number in 0..=Known::MAX_REMEMBERED {
            known.admit(&id(number));
            known.lock().open = 0;
        }
        let remembered = |inner: MutexGuard<'_, Inner>| (inner.ids.len(), inner.in_order.len());
        assert_eq!(
            remembered(known.lock()),
            (Known::MAX_REMEMBERED, Known::MAX_REMEMBERED)
        );
        assert_eq!(
            (known.admit(&id(1)), known.admit(&id(0))),
            (Admission::Known, Admission::New)
        );
    }
}
