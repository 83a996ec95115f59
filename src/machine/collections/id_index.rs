//! Which job an id belongs to.
//!
//! It is never iterated, so the order of the hash table is not visible.

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// The number of places of the smallest table.
pub(super) const MIN_PLACES: usize = 16;

/// Slots of jobs by the hash of their id.
///
/// A batch inserts a slot when a submit is accepted or a ticket resumed. The index holds no ids:
/// callers compare the id at the slot found, as different ids may have the same hash. It takes 8
/// bytes for each place; between a sixth and two thirds of the places are used. The seed prevents
/// an attacker from choosing ids that collide.
#[derive(Debug)]
pub(crate) struct IdIndex {
    /// A power of two, or none yet.
    pub(super) places: Vec<Place>,
    len: usize,
    seed: [u64; 2],
}

/// The hash of an id under an index's seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdHash(pub(super) u64);

/// A place of the table: the upper half of an id's hash, and the slot.
///
/// The same bits choose the home of an entry, so the table grows without reading the ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) hash: u32,
    pub(super) slot: u32,
}

impl Place {
    const EMPTY: Self = Self {
        hash: 0,
        slot: NONE,
    };
}

impl IdIndex {
    /// The maximum number of ids that are looked up together.
    pub(crate) const TOGETHER: usize = 64;

    /// An empty index. The seed should be unknown to those who choose the ids.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            places: Vec::new(),
            len: 0,
            seed: [
                mix(seed, 0x9e37_79b9_7f4a_7c15),
                mix(seed, 0xd1b5_4a32_d192_ed03),
            ],
        }
    }

    /// How many slots there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The hash of an id, to insert, find and remove its slot.
    pub(crate) fn hash(&self, id: &str) -> IdHash {
        IdHash(hash(id.as_bytes(), self.seed))
    }

    /// Inserts a slot. The same id may have several slots.
    pub(crate) fn insert(&mut self, hash: IdHash, slot: u32) {
        if (self.len + 1) * 3 > self.places.len() * 2 {
            self.resize((self.places.len() * 2).max(MIN_PLACES));
        }
        self.len += 1;
        self.settle(Place {
            hash: hash.upper(),
            slot,
        });
    }

    /// The first slot of this hash for which `is_match` is true; the caller compares the id there.
    pub(crate) fn find(&self, hash: IdHash, is_match: impl FnMut(u32) -> bool) -> Option<u32> {
        self.find_place(hash, is_match)
            .map(|place| self.places[place].slot)
    }

    /// Looks up some ids, at most [`TOGETHER`](Self::TOGETHER), such as those of a listing. Returns
    /// the slot of each id found. `is_match` returns whether a slot has this id. Before that,
    /// `fetch` is called with all slots it will be called for, to load them into the cache.
    ///
    /// Much faster than one by one in a large table: each step is made for all ids before the next,
    /// and within a step no id waits for the memory of another.
    pub(crate) fn find_together<I: AsRef<str>>(
        &self,
        ids: &[I],
        fetch: impl FnOnce(&[u32]),
        is_match: impl Fn(u32, &str) -> bool,
    ) -> [Option<u32>; Self::TOGETHER] {
        let (mut hashes, mut taken) = ([IdHash(0); Self::TOGETHER], [false; Self::TOGETHER]);
        for (hash, id) in hashes.iter_mut().zip(ids) {
            *hash = self.hash(id.as_ref());
        }
        for (taken, hash) in taken.iter_mut().zip(hashes) {
            *taken = self
                .places
                .get(self.home(hash.upper()))
                .is_some_and(|place| place.slot != NONE);
        }
        let (mut slots, mut likely, mut count) = ([NONE; Self::TOGETHER], [0; Self::TOGETHER], 0);
        for (index, (hash, _)) in hashes
            .into_iter()
            .zip(taken)
            .enumerate()
            .take(ids.len())
            .filter(|(_, (_, taken))| *taken)
        {
            if let Some(slot) = self.find(hash, |_| true) {
                (slots[count], likely[count]) = (slot, index);
                count += 1;
            }
        }
        fetch(&slots[..count]);
        let mut found = [None; Self::TOGETHER];
        for (slot, index) in slots.into_iter().zip(likely).take(count) {
            let id = ids[index].as_ref();
            // The first slot of a hash hardly ever belongs to another id.
            found[index] = if is_match(slot, id) {
                Some(slot)
            } else {
                self.find(hashes[index], |slot| is_match(slot, id))
            };
        }
        found
    }

    /// Removes a slot; false if it was not there under this hash.
    pub(crate) fn remove(&mut self, hash: IdHash, slot: u32) -> bool {
        let Some(place) = self.find_place(hash, |there| there == slot) else {
            return false;
        };
        self.len -= 1;
        self.close(place);
        if self.len * 6 < self.places.len() && self.places.len() > MIN_PLACES {
            self.resize(self.places.len() / 2);
        }
        true
    }

    fn find_place(&self, hash: IdHash, mut is_match: impl FnMut(u32) -> bool) -> Option<usize> {
        let upper = hash.upper();
        let mut index = self.home(upper);
        // Terminates: a third of the places is empty.
        while let Some(place) = self.places.get(index).filter(|place| place.slot != NONE) {
            if place.hash == upper && is_match(place.slot) {
                return Some(index);
            }
            index = self.after(index);
        }
        None
    }

    /// Inserts an entry into the first empty place from its home on.
    fn settle(&mut self, entry: Place) {
        let mut index = self.home(entry.hash);
        while self.places[index].slot != NONE {
            index = self.after(index);
        }
        self.places[index] = entry;
    }

    /// Empties a place, and moves entries back that could not be closer to their home before.
    fn close(&mut self, mut gap: usize) {
        let mut index = self.after(gap);
        while self.places[index].slot != NONE {
            let home = self.home(self.places[index].hash);
            let mask = self.places.len() - 1;
            if (index.wrapping_sub(home) & mask) >= (index.wrapping_sub(gap) & mask) {
                self.places[gap] = self.places[index];
                gap = index;
            }
            index = self.after(index);
        }
        self.places[gap] = Place::EMPTY;
    }

    fn resize(&mut self, length: usize) {
        let before = std::mem::replace(&mut self.places, vec![Place::EMPTY; length]);
        for entry in before.into_iter().filter(|entry| entry.slot != NONE) {
            self.settle(entry);
        }
    }

    /// The preferred place of an entry: `upper / 2^32` of the table. The product of two numbers
    /// below 2^32 fits in 64 bits.
    pub(super) fn home(&self, upper: u32) -> usize {
        ((u64::from(upper) * self.places.len() as u64) >> u32::BITS) as usize
    }

    fn after(&self, index: usize) -> usize {
        (index + 1) & (self.places.len() - 1)
    }
}

impl IdHash {
    const fn upper(self) -> u32 {
        (self.0 >> u32::BITS) as u32
    }
}

/// A hash of 64 bits: two words at a time are multiplied, and both halves of the product folded.
fn hash(bytes: &[u8], seed: [u64; 2]) -> u64 {
    let mut state = seed[0] ^ bytes.len() as u64;
    for pair in bytes.chunks(16) {
        let (first, second) = pair.split_at(pair.len().min(8));
        state = mix(word(first) ^ seed[1], word(second) ^ state);
    }
    mix(state ^ seed[1], 0x9e37_79b9_7f4a_7c15)
}

/// Up to eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    match bytes.try_into() {
        Ok(whole) => word = whole,
        Err(_) => word[..bytes.len()].copy_from_slice(bytes),
    }
    u64::from_le_bytes(word)
}

fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> u64::BITS) as u64
}
