//! What takes the place of the limiter in a simulation: itself, and two rivals.

use std::time::Duration;

use super::super::Time;
use super::super::limiter::{Limiter, RequestKind};
use super::simulation::{SECOND, START};

/// What takes the place of the limiter in a simulation.
pub(super) trait Rival {
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
pub(super) struct Aimd {
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
pub(super) struct Cubic {
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
