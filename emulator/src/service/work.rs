//! When a submitted document is done.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use typless::machine::Time;

use super::ServiceOptions;
use super::rng::{Purpose, Rng};

/// Works on documents in the order of their submits, on as many at once as the options allow.
pub(super) struct Work {
    rng: Rng,
    first_submit: Option<Time>,
    /// When each worker that has had work is free again; empty if there is a worker for everyone.
    free_at: BinaryHeap<Reverse<Time>>,
}

impl Work {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::for_purpose(Purpose::Pace, seed),
            first_submit: None,
            free_at: BinaryHeap::new(),
        }
    }

    /// Starts the work on a document; returns when it is done.
    pub(super) fn finish(&mut self, options: &ServiceOptions, now: Time) -> Time {
        let age = now.saturating_since(*self.first_submit.get_or_insert(now));
        let takes = options.pace.draw(age, &mut self.rng);
        match options.workers {
            None => now + takes,
            Some(workers) => self.finish_in_turn(workers.max(1), takes, now),
        }
    }

    fn finish_in_turn(&mut self, workers: usize, takes: Duration, now: Time) -> Time {
        let free_at = if self.free_at.len() < workers {
            None
        } else {
            self.free_at.pop()
        };
        let begins = free_at.map_or(now, |Reverse(free_at)| free_at.max(now));
        let finishes = begins + takes;
        self.free_at.push(Reverse(finishes));
        finishes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn documents_wait_for_their_turn() {
        let options = ServiceOptions::new().with_pace(10 * SECOND).with_workers(2);
        let mut work = Work::new(0);
        let mut finish = |at: u64| {
            work.finish(&options, Time::from_unix_seconds(at))
                .since_epoch()
                .as_secs()
        };
        assert_eq!(
            [finish(0), finish(1), finish(2), finish(3), finish(100)],
            [10, 11, 20, 21, 110]
        );
    }

    #[test]
    fn without_a_limit_no_document_waits() {
        let options = ServiceOptions::new().with_pace(10 * SECOND);
        let mut work = Work::new(0);
        assert!((0..100).all(|_| work.finish(&options, Time::EPOCH) == Time::EPOCH + 10 * SECOND));
    }
}
