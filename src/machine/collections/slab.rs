//! Values under short keys.

use std::hint::black_box;

use super::blocks::Blocks;

/// No slot.
const NONE: u32 = u32::MAX;

/// Values under keys that are never reused, in places that are.
///
/// A place holds a value and 8 more bytes. There is room for fewer than 2^32 values.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    pub(super) places: Blocks<Place<T>>,
    /// The first free place, the one freed last.
    free: u32,
    /// The generation of new places.
    pub(super) first_generation: u32,
    len: usize,
}

/// The memory of more places than this is freed once there is no value.
const MAX_KEPT_PLACES: usize = 1024;

/// The key of one value: its place, and how many values had the place before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

#[derive(Debug)]
pub(super) struct Place<T> {
    value: Option<T>,
    generation: u32,
    /// The next free place, if this is one.
    next: u32,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            places: Blocks::new(),
            free: NONE,
            first_generation: 0,
            len: 0,
        }
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn insert(&mut self, value: T) -> Key {
        self.len += 1;
        if let Some(place) = self.places.get_mut(self.free) {
            let key = Key {
                slot: self.free,
                generation: place.generation,
            };
            self.free = place.next;
            place.value = Some(value);
            return key;
        }
        let key = Key {
            slot: self.places.len() as u32,
            generation: self.first_generation,
        };
        self.places.push(Place {
            value: Some(value),
            generation: key.generation,
            next: NONE,
        });
        key
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.places
            .get(key.slot)
            .filter(|place| place.generation == key.generation)?
            .value
            .as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.places
            .get_mut(key.slot)
            .filter(|place| place.generation == key.generation)?
            .value
            .as_mut()
    }

    /// Whatever value has this place now, and its key.
    pub(crate) fn at(&self, slot: u32) -> Option<(Key, &T)> {
        let place = self.places.get(slot)?;
        place.value.as_ref().map(|value| {
            (
                Key {
                    slot,
                    generation: place.generation,
                },
                value,
            )
        })
    }

    /// The first value in this place or a later one, and its key. Visiting all values in this way
    /// takes as long as [`iter`](Self::iter).
    pub(crate) fn next_from(&self, slot: u32) -> Option<(Key, &T)> {
        (slot..self.places.len() as u32).find_map(|slot| self.at(slot))
    }

    /// Whatever value has this place now, and its key.
    pub(crate) fn at_mut(&mut self, slot: u32) -> Option<(Key, &mut T)> {
        let place = self.places.get_mut(slot)?;
        let key = Key {
            slot,
            generation: place.generation,
        };
        place.value.as_mut().map(|value| (key, value))
    }

    /// Loads what `read` reads of the values in these places into the cache, in little more time
    /// than one takes. The caller can then visit them one by one without waiting.
    pub(crate) fn fetch<R>(&self, slots: &[u32], read: impl Fn(&T) -> R) {
        for slot in slots {
            // The result is unused, so nothing waits for it.
            black_box(self.at(*slot).map(|(key, value)| (key, read(value))));
        }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let place = self
            .places
            .get_mut(key.slot)
            .filter(|place| place.generation == key.generation)?;
        let value = place.value.take()?;
        self.len -= 1;
        // A place that has used all its keys stays empty: an old key must never find another value.
        if let Some(generation) = place.generation.checked_add(1) {
            place.generation = generation;
            place.next = self.free;
            self.free = key.slot;
        }
        if self.len == 0 && self.places.len() > MAX_KEPT_PLACES {
            self.shrink();
        }
        Some(value)
    }

    /// All values, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0..).zip(self.places.iter()).filter_map(|(slot, place)| {
            let key = Key {
                slot,
                generation: place.generation,
            };
            place.value.as_ref().map(|value| (key, value))
        })
    }

    /// Frees the memory, and makes sure that no key is reused. All places must be free.
    fn shrink(&mut self) {
        let latest = self.places.iter().map(|place| place.generation).max();
        if let Some(generation) = latest.filter(|generation| *generation < u32::MAX) {
            self.places.clear();
            (self.free, self.first_generation) = (NONE, generation);
        }
    }
}
