//! How much may be tried again, by all jobs together.

use std::time::Duration;

use super::Time;

/// What a retry costs, and what a success gives back: one retry for ten successes.
const COST: u32 = 10;
const RETURN: u32 = 1;

/// How far apart retries are once the budget is spent.
const PROBE_EVERY: Duration = Duration::from_secs(30);

/// A budget of retries that all jobs share, so that an outage is not multiplied by the number of
/// jobs.
///
/// Full at first. Each retry takes from it and each success gives a tenth of a retry back, up to
/// what it held at first; once it is spent, one retry each 30 seconds finds out whether the service
/// is back. So there are at most as many retries as it holds, and one for ten successes, and one
/// for 30 seconds.
#[derive(Debug, Clone)]
pub(crate) struct RetryBudget {
    left: u32,
    full: u32,
    /// When the last retry was granted.
    last: Option<Time>,
}

impl RetryBudget {
    /// A budget of this many retries.
    pub(crate) const fn new(retries: u32) -> Self {
        let full = retries.saturating_mul(COST);
        Self {
            left: full,
            full,
            last: None,
        }
    }

    /// From when on a retry is granted, as things stand; a moment in the past where one is now.
    pub(crate) fn ready_at(&self) -> Time {
        match self.last {
            Some(last) if self.left < COST => last + PROBE_EVERY,
            _ => Time::EPOCH,
        }
    }

    /// Asks for a retry; false if there is none now. It has to be made, or the budget is smaller
    /// for nothing.
    #[must_use]
    pub(crate) fn try_spend(&mut self, now: Time) -> bool {
        let granted = now >= self.ready_at();
        if granted {
            self.left = self.left.saturating_sub(COST);
            self.last = self.last.max(Some(now));
        }
        granted
    }

    /// Something succeeded. A retry that did was none too many, and gives back what it took.
    pub(crate) fn refund(&mut self, is_retry: bool) {
        let cost = if is_retry { COST } else { 0 };
        self.left = self.left.saturating_add(RETURN + cost).min(self.full);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Time = Time::from_unix_seconds(1_700_000_000);

    #[test]
    fn an_outage_is_tried_as_often_as_the_budget_says_and_then_once_in_a_while() {
        let mut budget = RetryBudget::new(3);
        assert_eq!((0..100).filter(|_| budget.try_spend(START)).count(), 3);
        assert_eq!(budget.ready_at(), START + PROBE_EVERY);
        let second = |second| START + Duration::from_secs(second);
        let probes: Vec<u64> = (1..=100)
            .filter(|at| budget.try_spend(second(*at)))
            .collect();
        assert_eq!(probes, [30, 60, 90]);
        (0..9).for_each(|_| budget.refund(false));
        assert!(!budget.try_spend(second(100)));
        budget.refund(false);
        assert!(budget.try_spend(second(100)) && !budget.try_spend(second(100)));
    }

    #[test]
    fn without_a_budget_there_are_probes_alone() {
        let mut budget = RetryBudget::new(0);
        assert!(budget.try_spend(START) && !budget.try_spend(START));
        assert_eq!(budget.ready_at(), START + PROBE_EVERY);
    }

    proptest! {
        #[test]
        fn there_are_never_more_retries_than_it_says(
            retries in 0..20_u32,
            steps in prop::collection::vec((0..40_u64, 0..4_u8), 0..500),
        ) {
            let (mut budget, mut now) = (RetryBudget::new(retries), START);
            let (mut made, mut successes) = (0_u64, 0_u64);
            for (pass, what) in steps {
                match what {
                    0 => now = now + Duration::from_secs(pass),
                    1 => { successes += 1; budget.refund(false); }
                    _ => made += u64::from(budget.try_spend(now)),
                }
                let probes = now.saturating_since(START).as_secs() / 30 + 1;
                prop_assert!(made <= u64::from(retries) + successes / 10 + probes);
            }
        }
    }
}
