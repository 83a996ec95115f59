//! When each job is due: one schedule for any number of jobs.
//!
//! A hierarchical timing wheel with ticks of a millisecond. Three levels of 1024 slots cover the
//! next 1024 ticks, the next 17 minutes and the next 12 days. Later entries wait in a list for each
//! 12 days (an era). A slot is a chain of chunks of 31 entries: single linked entries would cause a
//! cache miss each, and a chunk is read in a row. Entries move down a level when the time of their
//! slot has come, at most three times, so removing one and inserting it again costs the same for a
//! thousand jobs and for a million. Bits mark the slots that are not empty: a jump of the clock
//! does not visit each slot, and the next due tick is always known.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Time;
use super::blocks::Blocks;

/// Bits of a tick that choose the slot within one level.
const BITS: u32 = 10;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = 3;

/// Bits of a tick that the levels cover. Ticks that agree in all higher bits belong to one era,
/// about 12 days.
const ERA_BITS: u32 = BITS * LEVELS as u32;
const WITHIN_ERA: u64 = (1 << ERA_BITS) - 1;

/// The number of entries of a chunk, which then has 256 bytes.
const CHUNK: usize = 31;

/// No chunk.
const NONE: u32 = u32::MAX;

/// The memory of more chunks than this is freed once nothing is scheduled.
const MAX_KEPT_CHUNKS: usize = 256;

/// Slots of jobs by the time when they are due, to the millisecond.
///
/// Entries are never cancelled: the caller compares each removed entry with the state of the job.
/// Entries come out in the order of their ticks (the due time rounded up to the millisecond), and
/// those of one tick in the order of insertion. An entry that is already due when inserted joins
/// the current tick. Time that goes back is ignored.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// The latest tick passed in or taken out; no remaining entry is before it.
    current: u64,
    /// Entries of the current era: level 0 within the current 1024 ticks, level 1 within the
    /// current 1024 * 1024, level 2 the others.
    levels: [Level; LEVELS],
    /// Entries of later eras, by the number of the era.
    eras: BTreeMap<u64, Chain>,
    chunks: Chunks,
    len: usize,
}

impl Schedule {
    pub(crate) fn new(now: Time) -> Self {
        let levels = [Level::new(), Level::new(), Level::new()];
        Self {
            current: tick_reached(now),
            levels,
            eras: BTreeMap::new(),
            chunks: Chunks::new(),
            len: 0,
        }
    }

    /// How many entries there are, outdated ones included.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Adds that this slot is due at `due`.
    pub(crate) fn push(&mut self, slot: u32, due: Time) {
        self.len += 1;
        self.place(slot, due_tick(due).max(self.current));
    }

    /// Removes the entries due next, and appends them to `slots`: those of one chunk at the same
    /// tick, about thirty at most; none if nothing is due.
    ///
    /// They come in groups, so that the caller can load them into the cache together.
    pub(crate) fn pop_due(&mut self, now: Time, slots: &mut Vec<u32>) {
        let now = tick_reached(now).max(self.current);
        let due = self.next_tick().filter(|tick| *tick <= now);
        self.advance(due.unwrap_or(now));
        if let Some(tick) = due {
            self.take(slot_at(tick, 0), slots);
        }
    }

    /// When the next entry is due: exactly its tick, or the latest time passed in if that is later.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.next_tick().map(tick_time)
    }

    fn next_tick(&self) -> Option<u64> {
        if let Some(slot) = self.levels[0].first() {
            return Some(self.current >> BITS << BITS | slot as u64);
        }
        let upper = self.levels[1..]
            .iter()
            .find_map(|level| level.first().map(|slot| level.chains[slot].earliest));
        let era = self.current >> ERA_BITS;
        upper
            .map(|earliest| (era, earliest))
            .or_else(|| {
                self.eras
                    .first_key_value()
                    .map(|(era, chain)| (*era, chain.earliest))
            })
            .map(|(era, earliest)| era << ERA_BITS | u64::from(earliest))
    }

    /// Advances to this tick, before which nothing is due, and moves near entries down.
    fn advance(&mut self, tick: u64) {
        if tick == self.current {
            return;
        }
        let changed = self.current ^ tick;
        self.current = tick;
        if changed >> ERA_BITS != 0 {
            if let Some(chain) = self.eras.remove(&(tick >> ERA_BITS)) {
                self.spread(chain);
            }
        }
        for level in (1..LEVELS).rev() {
            if changed >> (BITS * level as u32) != 0 {
                let chain = self.levels[level].remove(slot_at(tick, level));
                self.spread(chain);
            }
        }
    }

    /// Inserts the entries of a slot of the current era again, in their order.
    fn spread(&mut self, chain: Chain) {
        let era = self.current >> ERA_BITS << ERA_BITS;
        let mut next = chain.first;
        while next != NONE {
            let chunk = self.chunks.remove(next);
            for entry in chunk.entries() {
                self.place(entry.slot, era | u64::from(entry.tick));
            }
            next = chunk.next;
        }
    }

    fn place(&mut self, slot: u32, tick: u64) {
        let entry = Entry {
            slot,
            tick: (tick & WITHIN_ERA) as u32,
        };
        let differing = self.current ^ tick;
        let chain = if differing >> ERA_BITS != 0 {
            self.eras.entry(tick >> ERA_BITS).or_insert(Chain::EMPTY)
        } else {
            let level =
                usize::from(differing >> BITS != 0) + usize::from(differing >> (2 * BITS) != 0);
            self.levels[level].insert(slot_at(tick, level))
        };
        self.chunks.append(chain, entry);
    }

    /// Removes the first chunk of a slot of the lowest level.
    fn take(&mut self, slot: usize, slots: &mut Vec<u32>) {
        let chain = &mut self.levels[0].chains[slot];
        let chunk = self.chunks.remove(chain.first);
        chain.first = chunk.next;
        if chain.first == NONE {
            self.levels[0].remove(slot);
        }
        slots.extend(chunk.entries().iter().map(|entry| entry.slot));
        self.len -= chunk.entries().len();
        if self.len == 0 {
            self.chunks.shrink();
        }
    }
}

/// One entry: a job's slot, and when it is due within its era.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    slot: u32,
    tick: u32,
}

/// A slot of the wheel: its first and last chunk, and the earliest tick in them.
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u32,
    last: u32,
    earliest: u32,
}

impl Chain {
    const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
        earliest: u32::MAX,
    };
}

/// One level: its slots, and which of them are not empty.
#[derive(Debug)]
struct Level {
    chains: Vec<Chain>,
    occupied: [u64; SLOTS / 64],
    /// Which words of `occupied` are not zero.
    words: u16,
}

impl Level {
    fn new() -> Self {
        Self {
            chains: vec![Chain::EMPTY; SLOTS],
            occupied: [0; SLOTS / 64],
            words: 0,
        }
    }

    /// The first slot that is not empty.
    fn first(&self) -> Option<usize> {
        let word = self.words.trailing_zeros() as usize;
        self.occupied
            .get(word)
            .map(|bits| word * 64 + bits.trailing_zeros() as usize)
    }

    /// The chain of a slot, to add an entry to.
    fn insert(&mut self, slot: usize) -> &mut Chain {
        self.occupied[slot / 64] |= 1 << (slot % 64);
        self.words |= 1 << (slot / 64);
        &mut self.chains[slot]
    }

    /// Empties a slot.
    fn remove(&mut self, slot: usize) -> Chain {
        let word = &mut self.occupied[slot / 64];
        *word &= !(1 << (slot % 64));
        if *word == 0 {
            self.words &= !(1 << (slot / 64));
        }
        std::mem::replace(&mut self.chains[slot], Chain::EMPTY)
    }
}

/// Some entries in a row.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    next: u32,
    len: u32,
    places: [Entry; CHUNK],
}

impl Chunk {
    fn entries(&self) -> &[Entry] {
        &self.places[..self.len as usize]
    }
}

/// All chunks: those in chains, and the free ones, in a chain of their own.
#[derive(Debug)]
struct Chunks {
    blocks: Blocks<Chunk>,
    free: u32,
}

impl Chunks {
    const fn new() -> Self {
        Self {
            blocks: Blocks::new(),
            free: NONE,
        }
    }

    fn append(&mut self, chain: &mut Chain, entry: Entry) {
        chain.earliest = chain.earliest.min(entry.tick);
        if chain.last != NONE {
            let last = &mut self.blocks[chain.last];
            if let Some(place) = last.places.get_mut(last.len as usize) {
                *place = entry;
                last.len += 1;
                return;
            }
        }
        let added = self.add(entry);
        if chain.last == NONE {
            chain.first = added;
        } else {
            self.blocks[chain.last].next = added;
        }
        chain.last = added;
    }

    /// A chunk with one entry.
    fn add(&mut self, entry: Entry) -> u32 {
        if self.free == NONE {
            self.blocks.push(Chunk {
                next: NONE,
                len: 1,
                places: [entry; CHUNK],
            });
            return (self.blocks.len() - 1) as u32;
        }
        let index = self.free;
        let chunk = &mut self.blocks[index];
        self.free = chunk.next;
        (chunk.next, chunk.len, chunk.places[0]) = (NONE, 1, entry);
        index
    }

    /// The contents of a chunk, which becomes free.
    fn remove(&mut self, index: u32) -> Chunk {
        let chunk = self.blocks[index];
        self.free(index);
        chunk
    }

    fn free(&mut self, index: u32) {
        self.blocks[index].next = self.free;
        self.free = index;
    }

    /// Frees the memory, if it is much. All chunks must be free.
    fn shrink(&mut self) {
        if self.blocks.len() > MAX_KEPT_CHUNKS {
            self.blocks.clear();
            self.free = NONE;
        }
    }
}

const fn slot_at(tick: u64, level: usize) -> usize {
    (tick >> (BITS * level as u32)) as usize % SLOTS
}

/// The first tick at which an entry due then may come out.
fn due_tick(due: Time) -> u64 {
    let since = due.since_epoch();
    let partial = since.subsec_nanos() % 1_000_000 != 0;
    whole_milliseconds(since) + u64::from(partial)
}

/// The tick that is reached at `now`. [`Time::MAX`] counts as the tick it is rounded up to, or an
/// entry due then would never come out.
fn tick_reached(now: Time) -> u64 {
    if now == Time::MAX {
        due_tick(now)
    } else {
        whole_milliseconds(now.since_epoch())
    }
}

fn tick_time(tick: u64) -> Time {
    Time::from_unix(Duration::from_millis(tick))
}

fn whole_milliseconds(since_epoch: Duration) -> u64 {
    since_epoch.as_secs() * 1000 + u64::from(since_epoch.subsec_millis())
}
