//! Simulations of [`Limiter`] against a service with a hidden limit, beside two rivals.
//!
//! The client always has requests to send. A refusal without a hint pauses it as
//! [`Throttle`](super::Throttle) does: hardly at first, then for 0.5 s, doubling.

use std::collections::VecDeque;
use std::time::Duration;

use super::Time;
use super::limiter::{Limiter, RequestKind};

const START: Time = Time::from_unix_seconds(1_700_000_000);
const SECOND: Duration = Duration::from_secs(1);
/// When the refusals in a row begin.
const ROW_AT: Duration = Duration::from_secs(5);
const FULL_RATES: [u32; 4] = [2, 10, 200, 2000];
const ROUND_TRIPS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_millis(300),
];

/// What takes the place of the limiter in a simulation.
trait Rival {
    fn new(rate: u32) -> Self;
    fn ready_at(&self) -> Time;
    fn interval(&self) -> Duration;
    fn take(&mut self, now: Time);
    fn admitted(&mut self, now: Time);
    fn slow_down(&mut self, sent_at: Time, until: Time, now: Time) -> bool;
    fn pause_until(&mut self, until: Time);
}

impl Rival for Limiter {
    fn new(rate: u32) -> Self {
        Self::new(rate, SECOND, 1)
    }
    fn ready_at(&self) -> Time {
        self.ready_at()
    }
    fn interval(&self) -> Duration {
        self.interval()
    }
    fn take(&mut self, now: Time) {
        assert!(self.take(RequestKind::Poll, now), "ready means ready");
    }
    fn admitted(&mut self, now: Time) {
        self.admitted(now);
    }
    fn slow_down(&mut self, sent_at: Time, until: Time, now: Time) -> bool {
        self.slow_down(sent_at, until, now)
    }
    fn pause_until(&mut self, until: Time) {
        self.pause_until(until);
    }
}

/// Additive increase, multiplicative decrease: each refusal halves the rate, of which 1/64 comes
/// back each second.
struct Aimd {
    interval: Duration,
    ready_at: Time,
    share: f64,
    regained_at: Time,
    slowed_at: Time,
}

impl Aimd {
    fn regain(&mut self, now: Time) {
        self.share += now.saturating_since(self.regained_at).as_secs_f64() / 64.0;
        self.share = self.share.min(1.0);
        self.regained_at = self.regained_at.max(now);
    }
}

impl Rival for Aimd {
    fn new(rate: u32) -> Self {
        Self {
            interval: SECOND / rate,
            ready_at: START,
            share: 1.0,
            regained_at: START,
            slowed_at: Time::EPOCH,
        }
    }
    fn ready_at(&self) -> Time {
        self.ready_at
    }
    fn interval(&self) -> Duration {
        self.interval.div_f64(self.share)
    }
    fn take(&mut self, now: Time) {
        self.regain(now);
        self.ready_at = self.ready_at.max(now) + self.interval();
    }
    fn admitted(&mut self, now: Time) {
        self.regain(now);
    }
    fn slow_down(&mut self, sent_at: Time, until: Time, now: Time) -> bool {
        if sent_at <= self.slowed_at {
            return false;
        }
        self.slowed_at = now;
        self.regain(now);
        self.share = (self.share / 2.0).max(1.0 / 64.0);
        self.pause_until(until);
        true
    }
    fn pause_until(&mut self, until: Time) {
        self.ready_at = self.ready_at.max(until);
        self.regained_at = self.regained_at.max(until);
    }
}

/// The adaptive retry mode of the AWS SDKs, with their constants, held to the full rate. It knows
/// no pauses; those that the service asks for were added.
struct Cubic {
    interval: Duration,
    ready_at: Time,
    fill_rate: Option<f64>,
    last_max_rate: f64,
    throttled_at: f64,
    measured: f64,
    bucket: f64,
    count: f64,
    slowed_at: Time,
}

impl Cubic {
    const BETA: f64 = 0.7;
    const SCALE: f64 = 0.4;

    fn seconds(now: Time) -> f64 {
        now.saturating_since(START).as_secs_f64()
    }

    /// A response arrived.
    fn measure(&mut self, now: Time) {
        let bucket = (Self::seconds(now) * 2.0).floor() / 2.0;
        self.count += 1.0;
        if bucket > self.bucket {
            let rate = self.count / (bucket - self.bucket);
            self.measured = rate * 0.8 + self.measured * 0.2;
            self.count = 0.0;
            self.bucket = bucket;
        }
    }

    fn set_rate(&mut self, rate: f64) {
        self.fill_rate = Some(rate.min(2.0 * self.measured).max(0.5));
    }
}

impl Rival for Cubic {
    fn new(rate: u32) -> Self {
        Self {
            interval: SECOND / rate,
            ready_at: START,
            fill_rate: None,
            last_max_rate: 0.0,
            throttled_at: 0.0,
            measured: 0.0,
            bucket: 0.0,
            count: 0.0,
            slowed_at: Time::EPOCH,
        }
    }
    fn ready_at(&self) -> Time {
        self.ready_at
    }
    fn interval(&self) -> Duration {
        let slow = self.fill_rate.map(|rate| SECOND.div_f64(rate));
        slow.unwrap_or_default().max(self.interval)
    }
    fn take(&mut self, now: Time) {
        self.ready_at = self.ready_at.max(now) + self.interval();
    }
    fn admitted(&mut self, now: Time) {
        self.measure(now);
        if self.fill_rate.is_some() {
            let window = (self.last_max_rate * (1.0 - Self::BETA) / Self::SCALE).cbrt();
            let elapsed = Self::seconds(now) - self.throttled_at;
            self.set_rate(Self::SCALE * (elapsed - window).powi(3) + self.last_max_rate);
        }
    }
    fn slow_down(&mut self, sent_at: Time, until: Time, now: Time) -> bool {
        self.measure(now);
        let rate = self
            .fill_rate
            .map_or(self.measured, |fill| fill.min(self.measured));
        self.last_max_rate = rate;
        self.throttled_at = Self::seconds(now);
        self.set_rate(rate * Self::BETA);
        let is_new = sent_at > self.slowed_at;
        if is_new {
            self.slowed_at = now;
            self.pause_until(until);
        }
        is_new
    }
    fn pause_until(&mut self, until: Time) {
        self.ready_at = self.ready_at.max(until);
        self.throttled_at = self.throttled_at.max(Self::seconds(until));
    }
}

/// How the service decides which requests to refuse. Rates are per second.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
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
struct Service {
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
struct Case {
    rate: u32,
    limit: Limit,
    round_trip: Duration,
    hint: Option<Duration>,
}

/// What happened, in times after the start.
#[derive(Debug, Default)]
struct Outcome {
    /// When each admitted request was sent.
    admitted: Vec<Duration>,
    refused: Vec<Duration>,
    /// The pauses that the service asked for, one after the other.
    pauses: Vec<(Duration, Duration)>,
    /// The rate after each time it was asked for, by the interval.
    rates: Vec<(Duration, f64)>,
}

fn run<R: Rival>(case: Case, length: Duration) -> Outcome {
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
    fn admitted(self, full: u32) -> f64 {
        match self {
            Self::Bucket { rate, .. } | Self::Window { rate } => rate.min(full.into()),
            Self::Random { .. } | Self::Row { .. } => full.into(),
        }
    }
}

impl Outcome {
    /// The time between `from` and `to` in which the service asked for no pause, in seconds.
    fn unpaused(&self, from: Duration, to: Duration) -> f64 {
        let paused = self
            .pauses
            .iter()
            .map(|(begin, end)| (*end.min(&to)).saturating_sub(*begin.max(&from)));
        (to - from).saturating_sub(paused.sum()).as_secs_f64()
    }

    /// The least rate 5 s after a pause that began between `from` and `to`, as a share of what the
    /// service admits. Leaves out those that were followed by another pause before.
    fn least_after_pauses(&self, case: Case, from: Duration, to: Duration) -> f64 {
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

    fn count(times: &[Duration], from: Duration, to: Duration) -> usize {
        times.partition_point(|at| *at < to) - times.partition_point(|at| *at < from)
    }

    /// What was admitted, as a share of what can be, in the worst span that has `length` outside of
    /// pauses.
    fn worst_share(&self, admitted: f64, from: Duration, to: Duration, length: Duration) -> f64 {
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

/// One line of a table: figures of ours, of CUBIC and of AIMD.
fn print_row(name: &str, unit: &str, [ours, cubic, aimd]: [f64; 3]) {
    println!("{name:55} ours {ours:7.2} {unit}  CUBIC {cubic:7.2} {unit}  AIMD {aimd:7.2} {unit}");
}

/// The time from when requests are sent again, after the last refusal, until the rate is 90 % of
/// the full rate; and the least rate, as a share of it.
fn recovery<R: Rival>(case: Case) -> (f64, f64) {
    let hint = case.hint.unwrap_or(SECOND * 30);
    let Limit::Row { count } = case.limit else {
        panic!("not a row")
    };
    let length = ROW_AT + hint * count as u32 + SECOND * 70;
    let out = run::<R>(case, length);
    let last = *out.refused.last().expect("one was refused") + case.round_trip;
    let resumed_at = *out
        .admitted
        .iter()
        .find(|at| **at > last)
        .expect("one was admitted");
    let full = f64::from(case.rate);
    let slow = |(at, rate): &(Duration, f64)| *at >= ROW_AT && *rate < 0.9 * full;
    let recovered_at = match out.rates.iter().rposition(slow) {
        Some(last) => out.rates.get(last + 1).map_or(length, |(at, _)| *at),
        None => Duration::ZERO,
    };
    let least = out
        .rates
        .iter()
        .map(|(_, rate)| rate / full)
        .fold(1.0, f64::min);
    (recovered_at.saturating_sub(resumed_at).as_secs_f64(), least)
}

#[test]
fn after_one_refusal_most_of_the_rate_is_back_within_five_seconds() {
    for rate in FULL_RATES {
        for hint in [None, Some(SECOND), Some(SECOND * 2), Some(SECOND * 30)] {
            let mut worst = [0.0_f64; 3];
            for round_trip in ROUND_TRIPS {
                let limit = Limit::Row { count: 1 };
                let case = Case {
                    rate,
                    limit,
                    round_trip,
                    hint,
                };
                worst[0] = worst[0].max(recovery::<Limiter>(case).0);
                worst[1] = worst[1].max(recovery::<Cubic>(case).0);
                worst[2] = worst[2].max(recovery::<Aimd>(case).0);
            }
            print_row(&format!("one refusal, {rate}/s, hint {hint:?}"), "s", worst);
            let [ours, cubic, aimd] = worst;
            assert!(ours < 5.0 && ours <= cubic && ours < aimd);
        }
    }
}

#[test]
fn ten_refusals_in_a_row_cost_few_requests_and_little_time() {
    for rate in FULL_RATES {
        for hint in [None, Some(SECOND)] {
            let limit = Limit::Row { count: 10 };
            let case = Case {
                rate,
                limit,
                round_trip: Duration::ZERO,
                hint,
            };
            let ours = recovery::<Limiter>(case);
            let (cubic, aimd) = (recovery::<Cubic>(case), recovery::<Aimd>(case));
            let name = format!("ten refusals, {rate}/s, hint {hint:?}");
            print_row(&name, "s", [ours.0, cubic.0, aimd.0]);
            print_row(
                "    the least rate",
                "%",
                [ours.1, cubic.1, aimd.1].map(|x| x * 100.0),
            );
            assert!(ours.0 < 5.0 && ours.0 <= cubic.0 && ours.0 < aimd.0);
            // At most a request every 2 s, or 1/256 of the rate.
            assert!(ours.1 <= (0.5 / f64::from(rate)).max(1.0 / 250.0));
        }
    }
}

#[test]
fn random_refusals_leave_most_of_the_rate() {
    for rate in FULL_RATES {
        let (length, window) = match rate {
            2000 => (35, 10),
            200 => (200, 10),
            // Ten seconds have too few requests to speak of a share.
            _ => (900, 30),
        };
        let (length, window) = (SECOND * length, SECOND * window);
        for share in [0.001, 0.01] {
            for round_trip in ROUND_TRIPS {
                let (mut worst, mut mean) = ([1.0_f64; 3], [0.0; 3]);
                for seed in 1..4 {
                    let limit = Limit::Random {
                        share,
                        seed: seed << 32,
                    };
                    let case = Case {
                        rate,
                        limit,
                        round_trip,
                        hint: None,
                    };
                    let outs =
                        [run::<Limiter>, run::<Cubic>, run::<Aimd>].map(|run| run(case, length));
                    for (index, out) in outs.iter().enumerate() {
                        let full = f64::from(rate);
                        let least = out.worst_share(full, SECOND * 5, length, window);
                        worst[index] = worst[index].min(least);
                        let admitted = out.admitted.len() as f64;
                        mean[index] += admitted / length.as_secs_f64() / full / 3.0;
                    }
                }
                let name = format!(
                    "random {} %, {rate}/s, round trip {round_trip:?}",
                    share * 100.0
                );
                print_row(&name, "%", mean.map(|x| x * 100.0));
                print_row(
                    &format!("    the worst {window:?}"),
                    "%",
                    worst.map(|x| x * 100.0),
                );
                // At 2000/s without a round trip, two random refusals follow each other every 5 s;
                // the client pauses 0.4 s for that, and 0.8 s where a third one follows.
                let least = if rate == 2000 && round_trip.is_zero() && share > 0.001 {
                    0.6
                } else {
                    0.7
                };
                assert!(worst[0] >= least && mean[0] >= 0.85);
                if rate >= 200 {
                    assert!(worst[0] > worst[1] && worst[0] > worst[2]);
                    assert!(mean[0] > mean[1] && mean[0] > mean[2]);
                }
            }
        }
    }
}

/// How much of what the service admits gets through, of all the time and in the worst 10 s after
/// the first 40 s; and the share of refusals.
fn throughput(out: &Outcome, case: Case, length: Duration) -> [f64; 3] {
    let admitted = case.limit.admitted(case.rate);
    let mean = out.admitted.len() as f64 / length.as_secs_f64() / admitted;
    let worst = out.worst_share(admitted, SECOND * 40, length, SECOND * 10);
    let refused = out.refused.len() as f64;
    [mean, worst, refused / (refused + out.admitted.len() as f64)]
}

#[test]
fn a_hidden_limit_is_found_and_used() {
    type Hidden = fn(f64) -> Limit;
    let kinds: [(&str, Hidden); 3] = [
        ("bucket of 1 s", |rate| Limit::Bucket { rate, seconds: 1.0 }),
        ("bucket of one", |rate| Limit::Bucket { rate, seconds: 0.0 }),
        ("window of 1 s", |rate| Limit::Window {
            rate: rate.floor().max(1.0),
        }),
    ];
    for (name, kind) in kinds {
        for rate in FULL_RATES {
            for hint in [None, Some(SECOND), Some(SECOND * 2), Some(SECOND * 30)] {
                let length = match (rate, hint) {
                    (2000, Some(_)) => continue,
                    (2000, _) => 55,
                    (_, Some(hint)) if hint > SECOND * 2 => 600,
                    (200, _) => 100,
                    _ => 160,
                };
                let mut figures = [[0.0; 3]; 3];
                let mut worst = [1.0_f64; 3];
                let mut count = 0.0;
                // Many requests take long to simulate.
                let shares = if rate == 2000 {
                    &[0.5][..]
                } else {
                    &[0.3, 0.5, 0.9]
                };
                for share in shares {
                    for round_trip in ROUND_TRIPS {
                        let limit = kind(f64::from(rate) * share);
                        let case = Case {
                            rate,
                            limit,
                            round_trip,
                            hint,
                        };
                        let length = SECOND * length;
                        let runs = [run::<Limiter>, run::<Cubic>, run::<Aimd>];
                        let outs = runs.map(|run| run(case, length));
                        for (index, out) in outs.iter().enumerate() {
                            let [mean, least, refused] = throughput(out, case, length);
                            worst[index] = worst[index].min(least);
                            figures[0][index] += mean;
                            figures[2][index] += refused;
                        }
                        count += 1.0;
                        let after = outs[0].least_after_pauses(case, length / 4, length);
                        assert!(
                            after >= 0.9,
                            "{after} of the limit 5 s after a pause: {case:?}"
                        );
                    }
                }
                figures[1] = worst.map(|x| x * count);
                let [mean, worst, refused] = figures.map(|row| row.map(|x| x / count * 100.0));
                print_row(&format!("{name}, {rate}/s, hint {hint:?}"), "%", mean);
                print_row("    the worst 10 s", "%", worst);
                print_row("    refused", "%", refused);
                let what = format!("{name}, {rate}/s, hint {hint:?}");
                assert!(mean[0] > mean[1] - 1.0 && mean[0] > mean[2], "{what}");
                // At 2000/s most are those in flight before the first response.
                let is_fewer = refused[0] < refused[1];
                assert!(is_fewer || rate == 2000 && refused[0] < 2.0, "{what}");
                let least = match (rate, hint) {
                    (2, None) => 50.0,
                    (10, None) => 65.0,
                    (_, None) => 85.0,
                    _ => 80.0,
                };
                assert!(worst[0] >= least - 0.01, "{what}");
            }
        }
    }
}
