//! The rate that the service admits, found out from its responses.

use std::time::Duration;

use super::Time;

const SECOND: Duration = Duration::from_secs(1);

/// The full rate, in parts. All rates that the service is found to admit are in this unit.
pub(super) const FULL: u32 = 1 << 16;

/// The rate falls at most to this part of the full rate, however often the service refuses.
const MAX_SLOWDOWN: u32 = 256;

/// Slowed down, the interval is at most this, unless twice the full rate's interval is longer. The
/// rate is regained in time, not by requests; a longer interval would sleep through that.
const MAX_SLOW_INTERVAL: Duration = Duration::from_secs(2);

/// A pause from this on is a hint of the service, or follows several refusals in a row. Either way
/// the refusal is not a random one.
const MIN_HINTED_PAUSE: Duration = Duration::from_millis(500);

/// What a refusal adds to the evidence of a limit; an admission takes 1 away. So evidence grows
/// while more than one response in 50 is a refusal, and vanishes under random refusals of 1 %.
const EVIDENCE_OF_REFUSAL: u32 = 50;

/// The least evidence that is a limit: three refusals with at most 30 admissions among them.
const MIN_EVIDENCE_OF_LIMIT: u32 = 120;

/// How much more evidence a limit takes each time that the rate doubles: the faster requests are
/// sent, the more often random refusals come together by chance. At 2000/s it takes seven refusals.
const EVIDENCE_PER_DOUBLING: u32 = 32;

/// A repeated refusal follows another one with no admission between them. It may be random if this
/// many single ones came before it; a service that counts per second repeats most of them.
const SINGLES_PER_REPEATED: u8 = 4;

/// This many single refusals at or below one plateau are random ones.
const RANDOM_REFUSALS: u8 = 3;

/// For how long single refusals count as random once they were found to be.
const RANDOM_FOR: Duration = Duration::from_secs(60);

/// The longest time between two attempts to exceed a limit that was confirmed.
const MAX_HOLD: Duration = Duration::from_secs(120);

/// The rate that the service is found to admit, in parts of [`FULL`].
///
/// The ceiling is the rate at which the service last refused: what it admitted in the second
/// before, where that is known. After a refusal the rate is a function of time:
///
/// ```text
/// ceiling  . . . . . . . . . . . . . . . . . . . . ./    3 s after the hold, then faster (cubic)
/// plateau              ____________________________/     31/32 of the ceiling, for `hold`
/// low      ________.--'                                  up to the plateau in 2 s
///          pause   ramp           hold             climb
/// ```
///
/// The ramp starts on the plateau, or lower if nothing was admitted between several refusals: each
/// halves `low`. A limit found near the last ceiling is confirmed, and doubles the hold.
///
/// A single refusal at the plateau is random: the rate is lower there than where the service
/// refused before. While there are such refusals, a single one above the plateau is random too, and
/// changes nothing. Several in quick succession are a limit; so is one with a long pause.
#[derive(Debug, Clone)]
pub(super) struct AdmittedRate {
    /// The rate at the latest time.
    parts: u32,
    /// The least rate.
    lowest: u32,
    /// Where the rate starts after the pause.
    low: u32,
    /// The rate at which the service last refused; [`FULL`] if it never did.
    ceiling: u32,
    /// When the ramp begins: the end of the pause.
    resumes_at: Time,
    /// How long the ramp takes.
    ramp: Duration,
    /// How long the probe takes from the plateau up to the ceiling.
    climb: Duration,
    /// How long the rate stays on the plateau; the least is `min_hold`.
    hold: Duration,
    min_hold: Duration,
    /// Whether the service ever refused; nothing above has a meaning before.
    is_slowed: bool,
    /// How strongly recent refusals speak for a limit.
    evidence: u32,
    /// How much evidence is a limit.
    evidence_of_limit: u32,
    /// How many refusals there were since the last repeated one.
    singles: u8,
    /// Whether the last refusal was taken as one by a limit.
    is_limit: bool,
    /// The last refusal, and how things were.
    refusal: Refusal,
    /// Whether the service admitted nothing since it last refused.
    is_refusing: bool,
    /// How many refusals there were on the plateau or below it.
    below_plateau: u8,
    /// When refusals were last found to be random.
    random_at: Option<Time>,
    admissions: Admissions,
}

#[derive(Debug, Clone, Copy)]
struct Refusal {
    /// The rate.
    parts: u32,
    /// The ceiling before, if there was one.
    ceiling: Option<u32>,
    /// The rate at which requests were admitted before, if that is known.
    admitted: Option<u32>,
    /// The pause that the service asked for, and its end.
    pause: Duration,
    until: Time,
}

/// How many requests the service admitted in about the last second, in buckets of time.
#[derive(Debug, Clone)]
struct Admissions {
    /// The time between two requests at the full rate.
    interval: Duration,
    /// The length of a bucket in nanoseconds, at least 1.
    width: u64,
    /// The number of the newest bucket: time since the epoch divided by the width.
    newest: u64,
    /// How many in the newest bucket, in the one before it, ...
    counts: [u32; Self::BUCKETS as usize],
    /// How much of the time since the epoch was paused.
    paused_for: Duration,
    paused_until: Time,
    /// Nothing is known of the time before, without pauses. `None` until the first request.
    since: Option<Time>,
}

impl AdmittedRate {
    pub(super) fn new(interval: Duration) -> Self {
        // 1 s, but at least four intervals: without requests nothing is learned.
        let unit = SECOND.max(interval.saturating_mul(4));
        let slowest = interval
            .saturating_mul(MAX_SLOWDOWN)
            .min(MAX_SLOW_INTERVAL)
            .max(interval.saturating_mul(2));
        // FULL * interval / slowest, in parts: `slowest` is 1 to 256 intervals, so this is 256 to
        // FULL. The product is less than 2^16 * 2^94.
        let lowest = u128::from(FULL) * interval.as_nanos() / slowest.as_nanos().max(1);
        let lowest = u32::try_from(lowest).unwrap_or(FULL);
        // Doublings of the rate from 1/s: at most 30, as the interval is at least 1 ns.
        let per_second = SECOND.as_nanos() / interval.as_nanos().max(1);
        let doublings = per_second.max(1).ilog2();
        let evidence_of_limit = (EVIDENCE_PER_DOUBLING * doublings).max(MIN_EVIDENCE_OF_LIMIT);
        let min_hold = unit.saturating_mul(5);
        Self {
            parts: FULL,
            lowest,
            low: FULL,
            ceiling: FULL,
            resumes_at: Time::EPOCH,
            ramp: SECOND.saturating_mul(2),
            climb: unit.saturating_mul(3),
            hold: min_hold,
            min_hold,
            is_slowed: false,
            evidence: 0,
            evidence_of_limit,
            singles: 0,
            is_limit: false,
            refusal: Refusal {
                parts: FULL,
                ceiling: None,
                admitted: None,
                pause: Duration::ZERO,
                until: Time::EPOCH,
            },
            is_refusing: false,
            below_plateau: 0,
            random_at: None,
            admissions: Admissions::new(interval),
        }
    }

    /// The rate in parts of [`FULL`], at the latest time that was passed in.
    pub(super) const fn parts(&self) -> u32 {
        self.parts
    }

    /// Time passes: the rate grows.
    pub(super) fn advance(&mut self, now: Time) {
        self.parts = self.parts_at(now);
    }

    /// A request is sent.
    pub(super) fn sent(&mut self, now: Time) {
        self.admissions.since.get_or_insert(now);
    }

    /// The rate at a time not before the last refusal.
    fn parts_at(&self, now: Time) -> u32 {
        if !self.is_slowed {
            return FULL;
        }
        let plateau = self.plateau();
        let running = now.saturating_since(self.resumes_at);
        if let Some(remaining) = self.ramp.checked_sub(running) {
            // low + (plateau - low) * x^2 parts, where x is the finished share of the ramp in units
            // of 1/1024, so 2^10 at most. The product is at most 2^16 * 2^20.
            let x = 1024 - share(remaining, self.ramp).min(1024);
            let rise = (u64::from(plateau.saturating_sub(self.low)) * x * x) >> 20;
            return self.low.saturating_add(saturating_u32(rise));
        }
        let probing = running.saturating_sub(self.ramp.saturating_add(self.hold));
        // plateau + ceiling / 32 * x^3 parts, where x is the time since the hold by the time of the
        // climb: at 1 the ceiling is reached, and from the least ceiling, 256, at 20 the full rate.
        // x is in units of 1/1024, 2^16 at most; the product is at most 2^11 * 2^48.
        let x = share(probing, self.climb).min(64 << 10);
        let rise = (u64::from((self.ceiling / 32).max(1)) * (x * x * x)) >> 30;
        plateau.saturating_add(saturating_u32(rise)).min(FULL)
    }

    /// The rate just below the ceiling, where the service is not expected to refuse.
    fn plateau(&self) -> u32 {
        self.plateau_below(self.ceiling)
    }

    fn plateau_below(&self, ceiling: u32) -> u32 {
        (ceiling - ceiling / 32).max(self.lowest)
    }

    /// The service processed a request.
    pub(super) fn admitted(&mut self, now: Time) {
        self.admissions.add(now);
        self.evidence = self.evidence.saturating_sub(1);
        self.is_refusing = false;
    }

    /// The service refused a request that was sent after the last pause began.
    pub(super) fn refused(&mut self, until: Time, now: Time) {
        let is_repeated = self.is_refusing;
        if !is_repeated {
            self.refusal.parts = self.parts;
            self.refusal.ceiling = self.is_slowed.then_some(self.ceiling);
            self.refusal.admitted = self.admissions.parts(now);
        }
        self.refusal.pause = until.saturating_since(now);
        self.refusal.until = until;
        self.is_refusing = true;
        let is_long = self.refusal.pause >= MIN_HINTED_PAUSE;
        if is_repeated && self.is_limit {
            // Nothing was admitted since the ceiling was set, so it stays. The rate starts lower,
            // at a half each time.
            if is_long {
                self.low = (self.low.min(self.parts) / 2).max(self.lowest);
                self.resumes_at = until;
            }
            return;
        }
        self.is_limit = false;
        let is_hinted = is_long && !is_repeated;
        let is_suspect = is_repeated && self.singles < SINGLES_PER_REPEATED;
        self.singles = if is_repeated {
            0
        } else {
            self.singles.saturating_add(1)
        };
        self.add_evidence();
        if self.evidence >= self.evidence_of_limit || is_hinted || is_suspect {
            self.limit();
        } else if self.is_slowed && self.parts <= self.plateau() {
            self.below_plateau = self.below_plateau.saturating_add(1);
            if self.below_plateau >= RANDOM_REFUSALS {
                self.random_at = Some(now);
            }
        } else if !self.is_random(now) {
            let ceiling = if self.is_slowed {
                self.parts.max(self.ceiling)
            } else {
                self.parts
            };
            self.restart(ceiling, false);
        }
    }

    /// The service refused a request that was sent before the last pause began.
    pub(super) fn refused_in_flight(&mut self) {
        if self.is_limit || !self.is_slowed {
            return;
        }
        self.add_evidence();
        if self.evidence >= self.evidence_of_limit {
            self.limit();
        }
    }

    fn add_evidence(&mut self) {
        self.evidence = (self.evidence + EVIDENCE_OF_REFUSAL).min(self.evidence_of_limit);
    }

    fn is_random(&self, now: Time) -> bool {
        self.random_at
            .is_some_and(|at| now.saturating_since(at) < RANDOM_FOR)
    }

    /// The last refusal was by a limit: the ceiling is what was admitted.
    fn limit(&mut self) {
        let Refusal {
            parts,
            ceiling,
            admitted,
            ..
        } = self.refusal;
        let admitted = admitted.unwrap_or(parts);
        let ceiling = match ceiling {
            // Halved at most: there may have been little to send.
            None => admitted.clamp(parts / 2, parts),
            // Between the last ceiling, if it was passed, and the present rate.
            Some(ceiling) if parts > self.plateau_below(ceiling) => {
                admitted.clamp(ceiling.min(parts), parts)
            }
            // The last ceiling was too high.
            Some(_) => admitted.clamp(parts - parts / 4, parts - parts / 16),
        };
        self.restart(ceiling.max(self.lowest), true);
        self.evidence = 0;
        self.random_at = None;
    }

    /// Starts again after the pause, on the plateau.
    fn restart(&mut self, ceiling: u32, is_limit: bool) {
        let Refusal {
            parts,
            ceiling: last_ceiling,
            pause,
            until,
            ..
        } = self.refusal;
        // Refused again near the ceiling: the limit is confirmed, and is probed half as often. From
        // the second refusal on, pauses take at most a fifth of the time.
        let hold = last_ceiling.map_or(self.min_hold, |ceiling| {
            let near = self.plateau_below(ceiling) + 1..=ceiling.saturating_add(ceiling / 8);
            let hold = if is_limit && near.contains(&parts) {
                self.hold.saturating_mul(2)
            } else {
                self.min_hold
            };
            hold.max(pause.saturating_mul(4))
        });
        self.hold = hold.min(MAX_HOLD.max(self.min_hold));
        self.is_limit = is_limit;
        self.is_slowed = true;
        self.ceiling = ceiling;
        self.low = self.plateau();
        self.below_plateau = 0;
        self.resumes_at = until;
    }

    /// Time stands still in a pause.
    pub(super) fn pause(&mut self, until: Time, now: Time) {
        let running = now.saturating_since(self.resumes_at);
        let resumes_at = until.since_epoch().saturating_sub(running);
        self.resumes_at = self.resumes_at.max(Time::from_unix(resumes_at));
        self.admissions.pause(until, now);
    }
}

impl Admissions {
    /// The newest bucket, which is not full yet, and four before it.
    const BUCKETS: u8 = 5;

    fn new(interval: Duration) -> Self {
        // A quarter of a second, but at least two intervals.
        let width = Duration::from_millis(250).max(interval.saturating_mul(2));
        Self {
            interval,
            width: u64::try_from(width.as_nanos()).unwrap_or(u64::MAX),
            newest: 0,
            counts: [0; Self::BUCKETS as usize],
            paused_for: Duration::ZERO,
            paused_until: Time::EPOCH,
            since: None,
        }
    }

    fn add(&mut self, now: Time) {
        let bucket = self.bucket(now).max(self.newest);
        for _ in 0..(bucket - self.newest).min(Self::BUCKETS.into()) {
            self.counts.rotate_right(1);
            self.counts[0] = 0;
        }
        self.newest = bucket;
        self.counts[0] = self.counts[0].saturating_add(1);
    }

    /// Time stands still in a pause. What was admitted before one of a second or more says little
    /// of the time after it.
    fn pause(&mut self, until: Time, now: Time) {
        let pause = until.saturating_since(now.max(self.paused_until));
        self.paused_for = self.paused_for.saturating_add(pause);
        self.paused_until = self.paused_until.max(until);
        if pause.as_nanos() >= u128::from(self.width) * 4 {
            self.since = self.since.max(Some(self.unpaused(until)));
        }
    }

    /// This time without the pauses before it. It is too early within a pause, which makes no
    /// difference: the newest bucket stays the newest.
    fn unpaused(&self, now: Time) -> Time {
        Time::from_unix(now.since_epoch().saturating_sub(self.paused_for))
    }

    /// The rate at which requests were admitted, in parts of the full rate; `None` if it is known
    /// for less than four buckets of time.
    fn parts(&self, now: Time) -> Option<u32> {
        let bucket = self.bucket(now);
        let oldest = bucket.saturating_sub(u64::from(Self::BUCKETS) - 1);
        // The start of the oldest bucket: at most `now`, so it does not overflow.
        let start = Time::from_unix(Duration::from_nanos(oldest * self.width));
        let span = self.unpaused(now).saturating_since(start.max(self.since?));
        let span = span.as_nanos();
        if span < u128::from(self.width) * 4 {
            return None;
        }
        let counts = (oldest..=self.newest).rev().zip(self.counts);
        let admitted: u128 = counts.map(|(_, count)| u128::from(count)).sum();
        // admitted / span by 1 / interval, in parts of FULL. One more, as the span may begin at any
        // time between two. The span is at least 8 intervals and in 64 bits, so the interval is in
        // 61; the product is at most 2^35 * 2^61 * 2^16.
        let parts = (admitted + 1) * self.interval.as_nanos() * u128::from(FULL) / span;
        Some(u32::try_from(parts).map_or(FULL, |parts| parts.min(FULL)))
    }

    fn bucket(&self, now: Time) -> u64 {
        // Nanoseconds since the epoch fit in 64 bits.
        let nanoseconds = self.unpaused(now).since_epoch().as_nanos();
        u64::try_from(nanoseconds).unwrap_or(u64::MAX) / self.width
    }
}

/// How much of `whole` is in `part`, in units of 1/1024.
fn share(part: Duration, whole: Duration) -> u64 {
    // Durations are less than 2^94 ns.
    let share = (part.as_nanos() << 10) / whole.as_nanos().max(1);
    u64::try_from(share).unwrap_or(u64::MAX)
}

fn saturating_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
