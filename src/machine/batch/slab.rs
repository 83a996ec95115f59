//! Values under short keys.

use super::blocks::Blocks;

/// No slot.
const NONE: u32 = u32::MAX;

/// Values under keys that are never given twice, in places that are reused.
///
/// A place holds a value and 8 bytes more. Fewer than 2^32 values have room.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Blocks<Place<T>>,
    /// The first of the free places, the one freed last.
    free: u32,
    /// The generation of new places.
    first_generation: u32,
    len: usize,
}

/// Places beyond which the memory is given back once there is no value.
const KEPT_PLACES: usize = 1024;

/// The key of one value: the place it has, and how many had it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

#[derive(Debug)]
struct Place<T> {
    value: Option<T>,
    generation: u32,
    /// The next free place, where this is one.
    next: u32,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { places: Blocks::new(), free: NONE, first_generation: 0, len: 0 }
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn insert(&mut self, value: T) -> Key {
        self.len += 1;
        if let Some(place) = self.places.get_mut(self.free) {
            let key = Key { slot: self.free, generation: place.generation };
            self.free = place.next;
            place.value = Some(value);
            return key;
        }
        let key = Key { slot: self.places.len() as u32, generation: self.first_generation };
        self.places.push(Place { value: Some(value), generation: key.generation, next: NONE });
        key
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.places.get(key.slot).filter(|place| place.generation == key.generation)?.value.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.places.get_mut(key.slot).filter(|place| place.generation == key.generation)?.value.as_mut()
    }

    /// Whatever value has this place now, and its key.
    pub(crate) fn at(&self, slot: u32) -> Option<(Key, &T)> {
        let place = self.places.get(slot)?;
        place.value.as_ref().map(|value| (Key { slot, generation: place.generation }, value))
    }

    /// Whatever value has this place now, and its key.
    pub(crate) fn at_mut(&mut self, slot: u32) -> Option<(Key, &mut T)> {
        let place = self.places.get_mut(slot)?;
        let key = Key { slot, generation: place.generation };
        place.value.as_mut().map(|value| (key, value))
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.places.get_mut(key.slot).filter(|place| place.generation == key.generation)?;
        let value = place.value.take()?;
        self.len -= 1;
        // A place that had all keys it can have stays empty: a stale key must never find another's value.
        if let Some(generation) = place.generation.checked_add(1) {
            place.generation = generation;
            place.next = self.free;
            self.free = key.slot;
        }
        if self.len == 0 && self.places.len() > KEPT_PLACES {
            self.shrink();
        }
        Some(value)
    }

    /// All values, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0..).zip(self.places.iter()).filter_map(|(slot, place)| {
            let key = Key { slot, generation: place.generation };
            place.value.as_ref().map(|value| (key, value))
        })
    }

    /// Gives the memory back, and sees to it that no key comes again. All places are free.
    fn shrink(&mut self) {
        let latest = self.places.iter().map(|place| place.generation).max();
        if let Some(generation) = latest.filter(|generation| *generation < u32::MAX) {
            self.places.clear();
            (self.free, self.first_generation) = (NONE, generation);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_finds_its_value_until_it_is_removed_and_never_another(steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..80)) {
            let (mut slab, mut model, mut given) = (Slab::new(), BTreeMap::new(), Vec::new());
            for (value, (insert, which)) in (0_u32..).zip(steps) {
                if insert {
                    let key = slab.insert(value);
                    prop_assert!(!given.contains(&key));
                    given.push(key);
                    model.insert(key, value);
                } else if !given.is_empty() {
                    let key = *which.get(&given);
                    prop_assert_eq!(slab.remove(key), model.remove(&key));
                }
                prop_assert_eq!(slab.len(), model.len());
                for key in &given {
                    prop_assert_eq!(slab.get(*key), model.get(key));
                    let there = slab.at(key.slot).map(|(key, value)| (key, *value));
                    prop_assert!(there.is_none_or(|(key, value)| model.get(&key) == Some(&value)));
                }
                prop_assert_eq!(slab.iter().map(|(key, value)| (key, *value)).collect::<BTreeMap<_, _>>(), model.clone());
            }
        }
    }

    #[test]
    fn places_are_reused() {
        let mut slab = Slab::new();
        let keys = [slab.insert('a'), slab.insert('b'), slab.insert('c')];
        slab.remove(keys[1]);
        let again = slab.insert('d');
        assert_eq!((again.slot, again.generation), (keys[1].slot, keys[1].generation + 1));
        *slab.get_mut(again).expect("it is there") = 'e';
        assert_eq!(slab.at_mut(again.slot), Some((again, &mut 'e')));
        assert!(slab.get(keys[1]).is_none() && slab.get_mut(keys[1]).is_none());
    }

    #[test]
    fn memory_of_a_burst_is_given_back_and_its_keys_stay_dead() {
        let mut slab = Slab::new();
        let keys: Vec<Key> = (0..5000).map(|value| slab.insert(value)).collect();
        for key in &keys {
            slab.remove(*key);
        }
        assert_eq!(slab.places.len(), 0);
        let again: Vec<Key> = (0..5000).map(|value| slab.insert(value)).collect();
        assert!(keys.iter().all(|key| slab.get(*key).is_none()));
        assert!(again.iter().all(|key| slab.get(*key).is_some()));
    }

    #[test]
    fn a_place_without_another_key_stays_empty() {
        let mut slab = Slab { first_generation: u32::MAX, ..Slab::new() };
        let last = slab.insert('a');
        assert_eq!(slab.remove(last), Some('a'));
        assert_ne!(slab.insert('b').slot, last.slot);
        assert_eq!(slab.get(last), None);
    }
}
