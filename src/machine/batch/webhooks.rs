//! Whether webhooks can be counted on.

use std::collections::VecDeque;
use std::time::Duration;

use crate::machine::collections::id_index::IdHash;
use crate::machine::time::Time;

/// Whether a webhook came for each of the jobs that finished last: while nine in ten are notified,
/// everything else only has to find the tenth.
#[derive(Debug, Default)]
pub(super) struct Webhooks {
    finished: VecDeque<Finished>,
    notified: usize,
}

/// A job that has finished.
#[derive(Debug)]
struct Finished {
    id: IdHash,
    at: Time,
    notified: bool,
}

/// How many of the last finished jobs are judged by, at most and at least.
const MAX: usize = 50;
const FEWEST: usize = 10;

/// How long a webhook may take after a job was found finished by other means.
const GRACE: Duration = Duration::from_secs(10);

impl Webhooks {
    /// A job has finished; whether a webhook had said so.
    pub(super) fn finished(&mut self, id: IdHash, notified: bool, now: Time) {
        self.finished.push_back(Finished {
            id,
            at: now,
            notified,
        });
        self.notified += usize::from(notified);
        if self.finished.len() > MAX {
            let oldest = self.finished.pop_front();
            self.notified -= usize::from(oldest.is_some_and(|finished| finished.notified));
        }
    }

    /// A webhook came for an id that no job has, or no more.
    pub(super) fn came(&mut self, id: IdHash) {
        if let Some(finished) = self
            .finished
            .iter_mut()
            .find(|finished| finished.id == id && !finished.notified)
        {
            finished.notified = true;
            self.notified += 1;
        }
    }

    /// Whether they can be counted on.
    pub(super) fn arrive(&self, now: Time) -> bool {
        if self.notified < FEWEST.min(self.finished.len()) || self.finished.len() < FEWEST {
            return false;
        }
        let missing = self
            .finished
            .iter()
            .filter(|finished| !finished.notified && now.saturating_since(finished.at) > GRACE)
            .count();
        self.notified >= missing * 9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::collections::id_index::IdIndex;

    const START: Time = Time::from_unix_seconds(1_700_000_000);

    #[test]
    fn nine_in_ten_are_enough_and_fewer_are_not() {
        let (index, mut webhooks) = (IdIndex::new(7), Webhooks::default());
        let id = |number: usize| index.hash(&number.to_string());
        let later = START + Duration::from_secs(11);
        (0..9).for_each(|number| webhooks.finished(id(number), true, START));
        assert!(!webhooks.arrive(later), "too few to tell");
        webhooks.finished(id(9), false, START);
        assert!(!webhooks.arrive(START), "still too few that came");
        webhooks.finished(id(10), true, START);
        assert!(webhooks.arrive(later));
        webhooks.finished(id(11), false, START);
        assert!(webhooks.arrive(START), "it may still come");
        assert!(!webhooks.arrive(later));
        webhooks.came(id(11));
        webhooks.came(id(11));
        assert!(webhooks.arrive(later));
        (12..200).for_each(|number| webhooks.finished(id(number), false, START));
        assert!(!webhooks.arrive(later));
        assert_eq!((webhooks.finished.len(), webhooks.notified), (MAX, 0));
    }

    #[test]
    fn two_missing_of_twenty_are_few_enough_and_of_nineteen_too_many() {
        let index = IdIndex::new(7);
        for (came, is_enough) in [(18, true), (17, false)] {
            let mut webhooks = Webhooks::default();
            for number in 0..came + 2 {
                let id = index.hash(&number.to_string());
                webhooks.finished(id, number < came, START);
            }
            let later = START + Duration::from_secs(11);
            assert_eq!(webhooks.arrive(later), is_enough, "{came}");
        }
    }
}
