//! A service with a hidden limit, and a client that always has requests to send.
//!
//! A refusal without a hint pauses the client as [`Throttle`](super::super::Throttle) does: hardly
//! at first, then for 0.5 s, doubling.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::Time;
use super::rivals::Rival;

pub(super) const START: Time = Time::from_unix_seconds(1_700_000_000);
pub(super) const SECOND: Duration = Duration::from_secs(1);
/// When the refusals in a row begin.
pub(super) const ROW_AT: Duration = Duration::from_secs(5);

/// How the service decides which requests to refuse. Rates are per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    /// A token bucket that holds this many seconds of its rate, at least one token.
    Bucket { rate: f64, seconds: f64 },
    /// At most this many in each second of the clock.
    Window { rate: f64 },
    /// Refuses this share at random.
    Random { share: f64, seed: u64 },
    /// Refuses this many requests in a row, from [`ROW_AT`] on.
    Row { count: usize },
}

/// The service. Its state is a level of tokens, or a count.
pub(super) struct Service {
    limit: Limit,
    level: f64,
    at: f64,
    random: u64,
}

impl Service {
    fn new(limit: Limit) -> Self {
        Self {
            limit,
            level: f64::MAX,
            at: 0.0,
            random: match limit {
                Limit::Random { seed, .. } => seed,
                _ => 1,
            },
        }
    }

    fn admits(&mut self, now: Duration) -> bool {
        let at = now.as_secs_f64();
        let (was_at, level) = (self.at, self.level);
        self.at = at;
        match self.limit {
            Limit::Bucket { rate, seconds } => {
                let level = (level + (at - was_at) * rate).min((rate * seconds).max(1.0));
                let admits = level >= 1.0 - 1e-9;
                self.level = if admits { level - 1.0 } else { level };
                admits
            }
            Limit::Window { rate } => {
                let is_same = was_at.floor() == at.floor() && level <= rate;
                self.level = if is_same { level } else { rate };
                let admits = self.level >= 1.0;
                self.level -= if admits { 1.0 } else { 0.0 };
                admits
            }
            Limit::Random { share, .. } => {
                // splitmix64
                self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut bits = self.random;
                bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 >= share
            }
            Limit::Row { count } => {
                self.level = if level == f64::MAX {
                    count as f64
                } else {
                    level
                };
                let admits = at < ROW_AT.as_secs_f64() || self.level < 1.0;
                self.level -= if admits { 0.0 } else { 1.0 };
                admits
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) rate: u32,
    pub(super) limit: Limit,
    pub(super) round_trip: Duration,
    pub(super) hint: Option<Duration>,
}

/// What happened, in times after the start.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// When each admitted request was sent.
    pub(super) admitted: Vec<Duration>,
    pub(super) refused: Vec<Duration>,
    /// The pauses that the service asked for, one after the other.
    pub(super) pauses: Vec<(Duration, Duration)>,
    /// The rate after each time it was asked for, by the interval.
    pub(super) rates: Vec<(Duration, f64)>,
}

pub(super) fn run<R: Rival>(case: Case, length: Duration) -> Outcome {
    let mut limiter = R::new(case.rate);
    let mut service = Service::new(case.limit);
    let mut out = Outcome::default();
    let mut in_flight = VecDeque::new();
    let (mut unhinted, mut random) = (0_u32, 1_u64);
    let mut now = START;
    loop {
        let ready_at = limiter.ready_at().max(now);
        assert_eq!(limiter.ready_at(), limiter.ready_at());
        let response_at = in_flight.front().map(|(at, _, _)| *at);
        if response_at.is_none_or(|at| ready_at < at) {
            now = ready_at;
            let sent = now.saturating_since(START);
            if sent >= length {
                return out;
            }
            limiter.take(now);
            let is_admitted = service.admits(sent + case.round_trip / 2);
            in_flight.push_back((now + case.round_trip, now, is_admitted));
            if is_admitted {
                out.admitted.push(sent);
            } else {
                out.refused.push(sent);
            }
        } else if let Some((at, sent_at, is_admitted)) = in_flight.pop_front() {
            now = at;
            if is_admitted {
                unhinted = 0;
                limiter.admitted(now);
            } else {
                let pause = case.hint.unwrap_or_else(|| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005) + 1;
                    match unhinted {
                        0 => (limiter.interval() * 4).min(Duration::from_millis(250)),
                        _ => {
                            let full = (SECOND * (1 << (unhinted.min(9) - 1)) / 2).min(SECOND * 30);
                            full / 2 + full / 2 * ((random >> 40) as u32 % 1000) / 1000
                        }
                    }
                });
                let until = now + pause;
                let is_new = limiter.slow_down(sent_at, until, now);
                if case.hint.is_some() {
                    limiter.pause_until(until);
                    let until = until.saturating_since(START);
                    match out.pauses.last_mut() {
                        Some(last) if now.saturating_since(START) <= last.1 => last.1 = until,
                        _ => out.pauses.push((now.saturating_since(START), until)),
                    }
                } else if is_new {
                    unhinted += 1;
                }
            }
        }
        let rate = 1.0 / limiter.interval().as_secs_f64();
        out.rates.push((now.saturating_since(START), rate));
    }
}

impl Limit {
    /// How many requests per second it admits at most.
    pub(super) fn admitted(self, full: u32) -> f64 {
        match self {
            Self::Bucket { rate, .. } | Self::Window { rate } => rate.min(full.into()),
            Self::Random { .. } | Self::Row { .. } => full.into(),
        }
    }
}

impl Outcome {
    /// The time between `from` and `to` in which the service asked for no pause, in seconds.
    pub(super) fn unpaused(&self, from: Duration, to: Duration) -> f64 {
        let paused = self
            .pauses
            .iter()
            .map(|(begin, end)| (*end.min(&to)).saturating_sub(*begin.max(&from)));
        (to - from).saturating_sub(paused.sum()).as_secs_f64()
    }

    /// The least rate 5 s after a pause that began between `from` and `to`, as a share of what the
    /// service admits. Leaves out those that were followed by another pause before.
    pub(super) fn least_after_pauses(&self, case: Case, from: Duration, to: Duration) -> f64 {
        let mut least = f64::MAX;
        for (index, (begin, end)) in self.pauses.iter().enumerate() {
            let at = *end + SECOND * 5;
            let next = self.pauses.get(index + 1).map_or(to, |(begin, _)| *begin);
            if *begin >= from && at <= next {
                let (_, rate) = self.rates[self.rates.partition_point(|(time, _)| *time <= at) - 1];
                least = least.min(rate / case.limit.admitted(case.rate));
            }
        }
        least
    }

    pub(super) fn count(times: &[Duration], from: Duration, to: Duration) -> usize {
        times.partition_point(|at| *at < to) - times.partition_point(|at| *at < from)
    }

    /// What was admitted, as a share of what can be, in the worst span that has `length` outside of
    /// pauses.
    pub(super) fn worst_share(
        &self,
        admitted: f64,
        from: Duration,
        to: Duration,
        length: Duration,
    ) -> f64 {
        let mut worst = f64::MAX;
        let mut begin = from;
        while begin + length <= to {
            let mut end = begin + length;
            while self.unpaused(begin, end) < length.as_secs_f64() && end < to {
                end += SECOND / 4;
            }
            if end <= to && self.unpaused(begin, end) >= length.as_secs_f64() {
                let share = Self::count(&self.admitted, begin, end) as f64
                    / (self.unpaused(begin, end) * admitted);
                worst = worst.min(share);
            }
            begin += SECOND / 2;
        }
        worst
    }
}
