//! The schedules of other clients, from their source code.

use std::time::Duration;

use typless::machine::PollPolicy;

/// The schedule of a client that knows nothing of the jobs.
#[derive(Debug, Clone, Copy)]
pub struct Rival {
    /// The client's name.
    pub name: &'static str,
    schedule: Schedule,
    /// The number of polls after which it abandons a job.
    pub attempts: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Schedule {
    /// The first gap, and every further gap.
    Fixed(f64, f64),
    /// The first gap, the factor, and the longest gap.
    Exponential(f64, f64, f64),
    /// The duration of a fixed gap, that gap, then the factor and the longest gap.
    Hybrid(f64, f64, f64, f64),
}

impl Rival {
    /// A published connector in TypeScript: immediately, then every 2 s, 60 times.
    pub const CONNECT: Self = Self {
        name: "connect-typless, every 2 s",
        schedule: Schedule::Fixed(0.0, 2.0),
        attempts: Some(60),
    };
    /// Mindee's client for Python: after 2 s, then every 1.5 s, 80 times.
    pub const MINDEE: Self = Self {
        name: "Mindee, every 1.5 s",
        schedule: Schedule::Fixed(2.0, 1.5),
        attempts: Some(80),
    };
    /// Every 5 s.
    pub const FIXED: Self = Self {
        name: "every 5 s",
        schedule: Schedule::Fixed(5.0, 5.0),
        attempts: None,
    };
    /// `azure_core`: every 30 s by default.
    pub const AZURE: Self = Self {
        name: "azure_core, every 30 s",
        schedule: Schedule::Fixed(30.0, 30.0),
        attempts: None,
    };
    /// google-cloud-rust: 1 s, doubling, up to 60 s.
    pub const GOOGLE: Self = Self {
        name: "google-cloud-rust, 1 to 60 s",
        schedule: Schedule::Exponential(1.0, 2.0, 60.0),
        attempts: None,
    };
    /// gax: 5 s, growing by half, up to 45 s.
    pub const GAX: Self = Self {
        name: "gax, 5 to 45 s",
        schedule: Schedule::Exponential(5.0, 1.5, 45.0),
        attempts: None,
    };
    /// Extend's client: every second for half a minute, then growing by 15 % up to 30 s.
    pub const EXTEND: Self = Self {
        name: "Extend, 1 to 30 s",
        schedule: Schedule::Hybrid(30.0, 1.0, 1.15, 30.0),
        attempts: None,
    };

    /// All rivals.
    pub const ALL: [Self; 7] = [
        Self::CONNECT,
        Self::MINDEE,
        Self::FIXED,
        Self::AZURE,
        Self::GOOGLE,
        Self::GAX,
        Self::EXTEND,
    ];

    /// The same schedule without a limit on polls.
    #[must_use]
    pub fn unlimited(self) -> Self {
        Self {
            attempts: None,
            ..self
        }
    }

    /// The ages of its polls, an infinite iterator.
    pub fn polls(self) -> impl Iterator<Item = f64> {
        let first = match self.schedule {
            Schedule::Fixed(first, _)
            | Schedule::Exponential(first, ..)
            | Schedule::Hybrid(_, first, ..) => first,
        };
        let next = move |(age, gap): &(f64, f64)| {
            let gap = match self.schedule {
                Schedule::Fixed(_, gap) => gap,
                Schedule::Exponential(_, factor, longest) => (gap * factor).min(longest),
                Schedule::Hybrid(until, ..) if *age < until => *gap,
                Schedule::Hybrid(_, _, factor, longest) => (gap * factor).min(longest),
            };
            Some((age + gap, gap))
        };
        std::iter::successors(Some((first, first)), next).map(|(age, _)| age)
    }
}

/// Seconds as a duration.
pub fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// Our policy at this price, in seconds.
pub fn ours(price: f64) -> PollPolicy {
    PollPolicy::balanced().with_price(duration(price))
}
