//! The extractions that messages have named.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use typless::machine::JobKey;
use typless::wire::ExtractionId;

/// The extractions that messages have named, so that each is fetched once however often it is named. Anybody can write a message, so all of it is bounded.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    ids: BTreeSet<ExtractionId>,
    /// The same, the oldest first.
    in_order: VecDeque<ExtractionId>,
    /// Those that were admitted and have not ended.
    open: usize,
    under_way: BTreeMap<JobKey, ExtractionId>,
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    New,
    Known,
    /// So many are under way that no more are taken.
    TooMany,
}

impl Known {
    /// So many ids are remembered.
    const REMEMBERED: usize = 100_000;

    /// So many are followed at once.
    const OPEN: usize = 10_000;

    pub(super) fn admit(&self, id: &ExtractionId) -> Admission {
        let mut inner = self.lock();
        if inner.ids.contains(id) {
            return Admission::Known;
        }
        if inner.open >= Self::OPEN {
            return Admission::TooMany;
        }
        if inner.in_order.len() >= Self::REMEMBERED
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

    /// The id of what has ended.
    pub(super) fn finished(&self, key: JobKey) -> Option<ExtractionId> {
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
        for number in 1..Known::OPEN {
            assert_eq!(known.admit(&id(number)), Admission::New);
        }
        assert_eq!(known.admit(&id(Known::OPEN)), Admission::TooMany);
        known.lock().open = 0;
        for number in 0..=Known::REMEMBERED {
            known.admit(&id(number));
            known.lock().open = 0;
        }
        let remembered = |inner: MutexGuard<'_, Inner>| (inner.ids.len(), inner.in_order.len());
        assert_eq!(
            remembered(known.lock()),
            (Known::REMEMBERED, Known::REMEMBERED)
        );
        assert_eq!(
            (known.admit(&id(1)), known.admit(&id(0))),
            (Admission::Known, Admission::New)
        );
    }
}
