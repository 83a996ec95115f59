//! How far the queue of finished extractions is believed.
//!
//! ```text
//! Unproven -> Proven     lists ours
//! Unproven -> Degraded   problem
//! Proven   -> Stale      lists none of ours, 16 times
//! Proven   -> Degraded   problem
//! Stale    -> Proven     lists ours
//! Stale    -> Degraded   problem
//! Degraded -> Proven     lists ours
//! Degraded -> Unproven   lists none of ours
//! ```
//!
//! From `Off` there is no way.
//!
//! Only what a queue lists is evidence for it. What it does not list is believed to be unfinished,
//! as far as it has shown that it lists what has finished; see `Listing::lists_all_but_one_in`.

use super::event::QueueProblem;

/// How far the queue is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is not used.
    Off,
    /// It has listed none of our jobs yet: it may be the queue of a wrong customer.
    Unproven,
    /// It lists what has finished.
    Proven,
    /// It has listed none of ours for long: it may have broken.
    Stale,
    /// It is of no use for now.
    Degraded(QueueProblem),
}

/// What was seen of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// A listing with some of our jobs.
    Ours,
    /// A listing with none of our jobs, this many times in a row.
    None(u8),
    /// What makes it useless.
    Problem(QueueProblem),
}

/// After so many listings that list none of ours, one more says no more than at first.
const STALE_LISTINGS: u8 = 16;

/// Before it has listed any, one job in so many is assumed never to be listed. A poll for each
/// listing finds that out.
const UNPROVEN: u32 = 4;

/// While nothing is known of that, one in so many.
pub(super) const PRIOR: u32 = 60;

impl Trust {
    pub(super) fn next(self, seen: Seen) -> Self {
        match (self, seen) {
            (Self::Off, _) => Self::Off,
            (_, Seen::Problem(problem)) => Self::Degraded(problem),
            (_, Seen::Ours) => Self::Proven,
            (Self::Proven, Seen::None(times)) if times >= STALE_LISTINGS => Self::Stale,
            // That it lists none again does not show that it lists what has finished.
            (Self::Degraded(QueueProblem::NotListed), Seen::None(_)) => self,
            (Self::Degraded(_), Seen::None(_)) => Self::Unproven,
            (Self::Unproven | Self::Proven | Self::Stale, Seen::None(_)) => self,
        }
    }

    /// Whether a listing says something about jobs that it does not list.
    pub(super) fn is_usable(self) -> bool {
        matches!(self, Self::Unproven | Self::Proven | Self::Stale)
    }

    /// Whether what it does not list is evidence, from which can be learned.
    pub(super) fn is_evidence(self) -> bool {
        self == Self::Proven
    }

    /// Whether it has listed ours since it was last useless.
    pub(super) fn has_listed(self) -> bool {
        matches!(self, Self::Proven | Self::Stale)
    }

    pub(super) fn problem(self) -> Option<QueueProblem> {
        match self {
            Self::Degraded(problem) => Some(problem),
            _ => None,
        }
    }

    /// At most so much is believed of how rarely a finished job is not listed.
    pub(super) fn max_believed(self) -> u32 {
        match self {
            Self::Proven => u32::MAX,
            Self::Stale => PRIOR,
            Self::Off | Self::Unproven | Self::Degraded(_) => UNPROVEN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [(&str, Trust); 5] = [
        ("Off", Trust::Off),
        ("Unproven", Trust::Unproven),
        ("Proven", Trust::Proven),
        ("Stale", Trust::Stale),
        ("Degraded", Trust::Degraded(QueueProblem::TooLarge)),
    ];

    #[test]
    fn the_ways_are_those_at_the_top_of_this_file() {
        let name = |trust: Trust| {
            let kind = std::mem::discriminant(&trust);
            let named = STATES
                .iter()
                .find(|(_, state)| std::mem::discriminant(state) == kind);
            named.expect("all states are here").0
        };
        let seen = [
            ("lists ours", Seen::Ours),
            ("lists none of ours", Seen::None(1)),
            ("lists none of ours, 16 times", Seen::None(16)),
            ("problem", Seen::Problem(QueueProblem::TooLarge)),
        ];
        let mut ways: Vec<String> = Vec::new();
        for (from, state) in STATES {
            for (what, seen) in seen {
                let to = name(state.next(seen));
                let is_said = ways
                    .iter()
                    .any(|way| way.starts_with(&format!("{from} -> {to}:")));
                if to != from && !is_said {
                    ways.push(format!("{from} -> {to}: {what}"));
                }
            }
        }
        // A line there has a state, an arrow, a state, and what was seen.
        let written = include_str!("trust.rs").lines().filter_map(|line| {
            let (from, way) = line.strip_prefix("//! ")?.split_once(" -> ")?;
            let (to, seen) = way.split_once("   ")?;
            Some(format!("{} -> {}: {}", from.trim(), to, seen.trim()))
        });
        let mut written: Vec<String> = written.collect();
        written.sort();
        ways.sort();
        assert_eq!(ways, written);
    }

    #[test]
    fn empty_listings_do_not_restore_a_queue_that_does_not_list() {
        let degraded = Trust::Degraded(QueueProblem::NotListed);
        assert_eq!(degraded.next(Seen::None(200)), degraded);
        assert_eq!(degraded.next(Seen::Ours), Trust::Proven);
    }
}
