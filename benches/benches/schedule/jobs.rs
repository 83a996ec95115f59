//! The jobs that are scheduled, and when they are due.

use std::time::Duration;

use typless::machine::Time;
use typless::wire::ExtractionId;
use typless_benches::noise::Noise;

use crate::shipped::id_index::IdIndex;
use crate::shipped::schedule::Schedule;
use crate::shipped::slab::Slab;

pub(crate) const START: Time = Time::from_unix_seconds(1_700_000_000);

/// A gap between two polls: 1 to 15 seconds, with nanosecond resolution.
pub(crate) fn gap(noise: &mut Noise) -> Duration {
    Duration::from_nanos(1_000_000_000 + noise.next_below(14_000_000_000))
}

/// The record of a job, as long as the maximum of the core's record: a test there checks that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) due: Time,
    polled_at: Time,
    pub(crate) polls: u32,
    fresh: bool,
    _others: [u32; 10],
}

const _: () = assert!(size_of::<Record>() == 64);

/// A job that is due after a gap.
pub(crate) fn record(noise: &mut Noise) -> Record {
    Record {
        due: START + gap(noise),
        polled_at: START,
        polls: 0,
        fresh: true,
        _others: [0; 10],
    }
}

/// Updates a job's record as a poll does, and returns when it is due again.
pub(crate) fn poll(record: &mut Record, noise: &mut Noise, now: Time) -> Time {
    record.polls += 1;
    record.fresh = false;
    record.polled_at = now;
    record.due = now + gap(noise);
    record.due
}

/// An id like those of the service: 40 digits that begin with the time.
pub(crate) fn id(noise: &mut Noise, number: usize) -> String {
    format!(
        "14a5{number:08x}{:016x}{:012x}",
        noise.next_below(u64::MAX),
        noise.next_below(1 << 48)
    )
}

/// A job and its extraction id.
#[derive(Debug)]
pub(crate) struct Job {
    #[expect(dead_code, reason = "it is there for its size")]
    record: Record,
    pub(crate) id: ExtractionId,
}

/// Jobs, their schedule, and the index of their ids.
#[derive(Debug)]
pub(crate) struct Jobs {
    pub(crate) slab: Slab<Job>,
    pub(crate) schedule: Schedule,
    pub(crate) index: IdIndex,
}

impl Jobs {
    pub(crate) fn new(ids: impl Iterator<Item = ExtractionId>) -> Self {
        let mut noise = Noise::new(5);
        let mut jobs = Self {
            slab: Slab::new(),
            schedule: Schedule::new(START),
            index: IdIndex::new(9),
        };
        for id in ids {
            let (hash, record) = (jobs.index.hash(id.as_str()), record(&mut noise));
            let slot = jobs.slab.insert(Job { record, id }).slot;
            jobs.schedule.push(slot, record.due);
            jobs.index.insert(hash, slot);
        }
        jobs
    }
}
