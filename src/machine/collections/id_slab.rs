//! Values under short keys, found by their extraction id as well.

use std::borrow::Cow;

use super::id_index::{IdHash, IdIndex};
use super::slab::{Key, Slab};
use crate::wire::ExtractionId;

/// What may have an extraction id.
pub(crate) trait Identified {
    fn id(&self) -> Option<&ExtractionId>;
}

/// Values under keys that are never given twice, and an index of their ids.
#[derive(Debug)]
pub(crate) struct IdSlab<T> {
    values: Slab<T>,
    index: IdIndex,
}

impl<T: Identified> IdSlab<T> {
    /// No values. The seed should be unknown to those who choose the ids.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            values: Slab::new(),
            index: IdIndex::new(seed),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// How many have an id.
    pub(crate) fn ids(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn insert(&mut self, value: T) -> Key {
        let hash = value.id().map(|id| self.hash(id));
        let key = self.values.insert(value);
        if let Some(hash) = hash {
            self.index.insert(hash, key.slot);
        }
        key
    }

    /// Takes note of the id that a value has been given since it was inserted.
    pub(crate) fn note_id(&mut self, key: Key) {
        let id = self.values.get(key).and_then(Identified::id);
        if let Some(hash) = id.map(|id| self.hash(id)) {
            self.index.insert(hash, key.slot);
        }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let value = self.values.remove(key)?;
        if let Some(hash) = value.id().map(|id| self.hash(id)) {
            self.index.remove(hash, key.slot);
        }
        Some(value)
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.values.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.values.get_mut(key)
    }

    /// Whatever value has this slot now, and its key.
    pub(crate) fn at(&self, slot: u32) -> Option<(Key, &T)> {
        self.values.at(slot)
    }

    /// Whatever value has this slot now, and its key.
    pub(crate) fn at_mut(&mut self, slot: u32) -> Option<(Key, &mut T)> {
        self.values.at_mut(slot)
    }

    /// The first value in this slot or a later one, and its key.
    pub(crate) fn next_from(&self, slot: u32) -> Option<(Key, &T)> {
        self.values.next_from(slot)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.values.iter()
    }

    /// Fetches from memory what `read` reads of the values in these slots, all at once.
    pub(crate) fn fetch<R>(&self, slots: &[u32], read: impl Fn(&T) -> R) {
        self.values.fetch(slots, read);
    }

    /// The key of the value with this id.
    pub(crate) fn find(&self, id: &str) -> Option<Key> {
        let slot = self
            .index
            .find(self.index.hash(id), |slot| self.has_id(slot, id))?;
        self.values.at(slot).map(|(key, _)| key)
    }

    /// The slots of the values with these ids, at most [`TOGETHER`](Self::TOGETHER). `read` is what
    /// is fetched of each before it is compared.
    pub(crate) fn find_together<R>(
        &self,
        ids: &[Cow<'_, str>],
        read: impl Fn(&T) -> R,
    ) -> [Option<u32>; IdIndex::TOGETHER] {
        let fetch = |slots: &[u32]| self.values.fetch(slots, &read);
        self.index
            .find_together(ids, fetch, |slot, id| self.has_id(slot, id))
    }

    pub(crate) fn hash(&self, id: &ExtractionId) -> IdHash {
        self.index.hash(id.as_str())
    }

    /// Compares bytes: a text would be checked to be one each time.
    fn has_id(&self, slot: u32, id: &str) -> bool {
        let own = self.values.at(slot).and_then(|(_, value)| value.id());
        own.is_some_and(|own| own.as_bytes() == id.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Named(ExtractionId);

    impl Identified for Named {
        fn id(&self) -> Option<&ExtractionId> {
            Some(&self.0)
        }
    }

    #[test]
    fn two_ids_with_the_same_hash_are_two_ids() {
        let mut slab = IdSlab::<Named>::new(7);
        let mut seen = BTreeMap::new();
        // Among so many some pairs have the same 32 bits.
        let (one, other) = (0_u32..)
            .find_map(|number| {
                let id = ExtractionId::new(&number.to_string()).expect("an id");
                let upper = slab.hash(&id).0 >> 32;
                seen.insert(upper, id.clone()).map(|before| (before, id))
            })
            .expect("a pair");
        let key = slab.insert(Named(one.clone()));
        assert_eq!(slab.find(one.as_str()), Some(key));
        assert_eq!(slab.find(other.as_str()), None);
        let ids = [one.as_str().into(), other.as_str().into()];
        let found = slab.find_together(&ids, |_| ());
        assert_eq!(found[..2], [Some(key.slot), None]);
    }
}
