//! How fast requests may follow each other, whatever they are for.

use std::time::Duration;

use super::Time;

/// The parts of the full rate in which it is cut and regained; cut to one at worst.
const PARTS: u32 = 64;

/// How long it takes to regain one part.
const REGAIN: Duration = Duration::from_secs(1);

/// Polls that may go ahead of a submit that waits: of ten requests one is a submit at least.
const POLLS_AHEAD: u8 = 9;

/// One limit for all requests of a batch: so many a second, and so many at once after a rest.
///
/// Within any span there are at most as many as the span is long at that rate, and the burst (the generic cell rate algorithm, in whole nanoseconds).
/// An answer that asks to slow down stops everything for a while and halves the rate, which then comes back bit by bit: a part in 64 each second. Time that goes back is ignored;
/// at [`Time::MAX`], after which there is nothing to wait for, there is no limit.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    pace: Option<Pace>,
    /// Nothing is sent before.
    paused_until: Time,
    /// When the last pause began.
    slowed_at: Option<Time>,
    latest: Time,
    polls_since_submit: u8,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// To submit a document.
    Submit,
    /// To find out what became of documents: polls, fetches, calls to the queue.
    Poll,
}

#[derive(Debug, Clone)]
struct Pace {
    /// Between two requests at the full rate.
    interval: Duration,
    /// How far ahead of its interval a request may come.
    tolerance: Duration,
    /// When the next request would come if all kept their interval.
    next: Time,
    /// How much of the rate is left, in parts.
    parts: u32,
    /// Up to when regained parts are counted.
    regained: Time,
}

impl Limiter {
    /// No limit but the pauses the service asks for.
    pub(crate) const fn unlimited() -> Self {
        Self {
            pace: None,
            paused_until: Time::EPOCH,
            slowed_at: None,
            latest: Time::EPOCH,
            polls_since_submit: 0,
        }
    }

    /// At most this many requests `per` span, which is rounded so that it is not exceeded, and `burst` at once. Both are one at least.
    pub(crate) fn new(requests: u32, per: Duration, burst: u32) -> Self {
        let interval = divided(per, requests);
        let tolerance = interval.saturating_mul(burst.saturating_sub(1));
        let pace = Pace {
            interval,
            tolerance,
            next: Time::EPOCH,
            parts: PARTS,
            regained: Time::EPOCH,
        };
        Self {
            pace: Some(pace),
            ..Self::unlimited()
        }
    }

    /// From when on the next request may be sent; a moment in the past where it may be now.
    pub(crate) fn ready_at(&self) -> Time {
        self.pace.as_ref().map_or(self.paused_until, |pace| {
            self.paused_until.max(pace.ready_at())
        })
    }

    /// Until when the service asked for a pause; a moment in the past where there is none.
    pub(crate) const fn paused_until(&self) -> Time {
        self.paused_until
    }

    /// By how much one more request now delays the one after it: nothing, while something is left of the burst.
    pub(crate) fn delay_of_next(&self, now: Time) -> Duration {
        let exhausted = self
            .pace
            .as_ref()
            .filter(|pace| now.saturating_since(pace.ready_at()) < pace.interval_now());
        exhausted.map_or(Duration::ZERO, Pace::interval_now)
    }

    /// From one request to the next, as things stand.
    pub(crate) fn interval(&self) -> Duration {
        self.pace
            .as_ref()
            .map_or(Duration::ZERO, Pace::interval_now)
    }

    /// The service took a request.
    pub(crate) fn admitted(&mut self, now: Time) {
        self.told(now);
    }

    /// From when on one more request delays none, if none is sent before.
    pub(crate) fn idle_at(&self) -> Time {
        self.pace
            .as_ref()
            .map_or(Time::EPOCH, |pace| pace.ready_at() + pace.interval_now())
    }

    /// Who is next: polls, which bring documents to their end, but every tenth request is a submit if one waits.
    pub(crate) const fn turn(&self, submits_wait: bool, polls_wait: bool) -> Option<RequestKind> {
        match (submits_wait, polls_wait) {
            (false, false) => None,
            (true, false) => Some(RequestKind::Submit),
            (true, true) if self.polls_since_submit >= POLLS_AHEAD => Some(RequestKind::Submit),
            (_, true) => Some(RequestKind::Poll),
        }
    }

    /// Takes the right to send one request, which is used up even if it is not sent; false if there is none yet.
    pub(crate) fn take(&mut self, purpose: RequestKind, now: Time) -> bool {
        let now = self.told(now);
        if now < self.ready_at() {
            return false;
        }
        if let Some(pace) = &mut self.pace {
            pace.regain(now);
            pace.next = pace.next.max(now) + pace.interval_now();
        }
        self.polls_since_submit = match purpose {
            RequestKind::Submit => 0,
            RequestKind::Poll => self.polls_since_submit.saturating_add(1),
        };
        true
    }

    /// Sends nothing before `until`, and then one after another, without a burst. A pause that lasts longer already stays.
    pub(crate) fn pause_until(&mut self, until: Time) {
        self.paused_until = self.paused_until.max(until);
        if let Some(pace) = &mut self.pace {
            pace.next = pace.next.max(until + pace.tolerance);
            pace.regained = pace.regained.max(until);
        }
    }

    /// The service asked to slow down: pauses, and halves the rate.
    ///
    /// Once for all requests that were out: what was sent no later than the last pause began says nothing new. Returns whether it did.
    pub(crate) fn slow_down(&mut self, sent_at: Time, until: Time, now: Time) -> bool {
        let now = self.told(now);
        if self.slowed_at.is_some_and(|slowed_at| sent_at <= slowed_at) {
            return false;
        }
        self.slowed_at = Some(now);
        if let Some(pace) = &mut self.pace {
            pace.regain(now);
            pace.parts = (pace.parts / 2).max(1);
        }
        self.pause_until(until.max(now));
        true
    }

    fn told(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }
}

impl Pace {
    fn ready_at(&self) -> Time {
        Time::from_unix(self.next.since_epoch().saturating_sub(self.tolerance))
    }

    fn interval_now(&self) -> Duration {
        if self.parts == PARTS {
            self.interval
        } else {
            divided(self.interval.saturating_mul(PARTS), self.parts)
        }
    }

    fn regain(&mut self, now: Time) {
        let parts = now.saturating_since(self.regained).as_nanos() / REGAIN.as_nanos();
        let parts = u32::try_from(parts).unwrap_or(u32::MAX);
        self.parts = self.parts.saturating_add(parts).min(PARTS);
        self.regained = self.regained + REGAIN.saturating_mul(parts);
    }
}

/// The span of one out of so many, rounded up to the nanosecond.
fn divided(span: Duration, parts: u32) -> Duration {
    let parts = u128::from(parts.max(1));
    let nanoseconds = u64::try_from(span.as_nanos().div_ceil(parts)).unwrap_or(u64::MAX);
    Duration::from_nanos(nanoseconds.max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Time = Time::from_unix_seconds(1_700_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    /// Takes as soon as it may, from `START` until `end`: when each went, after `START`.
    fn sent(limiter: &mut Limiter, from: Time, end: Time) -> Vec<Duration> {
        let mut times = Vec::new();
        loop {
            let now = limiter.ready_at().max(from);
            if now >= end {
                return times;
            }
            assert!(limiter.take(RequestKind::Poll, now));
            times.push(now.saturating_since(START));
        }
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut limiter = Limiter::new(10, SECOND, 5);
        let times = sent(&mut limiter, START, START + SECOND);
        assert_eq!(times.len(), 5 + 9);
        assert!(
            times[4].is_zero()
                && times[5] == Duration::from_millis(100)
                && times[13] == Duration::from_millis(900)
        );
        assert!(!limiter.take(RequestKind::Poll, START + Duration::from_nanos(999_999_999)));
        assert!(limiter.take(RequestKind::Poll, START + SECOND));
        assert!(
            !limiter.take(RequestKind::Poll, START),
            "time does not go back"
        );
    }

    #[test]
    fn one_more_delays_the_next_once_nothing_is_left_of_the_burst() {
        let mut limiter = Limiter::new(10, SECOND, 3);
        let interval = SECOND / 10;
        let mut delays = Vec::new();
        for _ in 0..3 {
            delays.push(limiter.delay_of_next(START));
            assert!(limiter.take(RequestKind::Poll, START));
        }
        assert_eq!(delays, [Duration::ZERO, Duration::ZERO, interval]);
        assert_eq!(
            limiter.delay_of_next(START + interval),
            interval,
            "one may go, and the next has to wait for it"
        );
        assert_eq!(
            (
                limiter.idle_at(),
                limiter.delay_of_next(START + interval * 2)
            ),
            (START + interval * 2, Duration::ZERO)
        );
        limiter.slow_down(START, START + SECOND * 5, START + SECOND * 4);
        assert_eq!(
            limiter.delay_of_next(START + SECOND * 4),
            interval * 2,
            "at half of the rate"
        );
        assert_eq!(Limiter::unlimited().delay_of_next(START), Duration::ZERO);
    }

    #[test]
    fn a_third_of_a_second_is_not_rounded_in_our_favour() {
        let mut limiter = Limiter::new(3, SECOND, 1);
        assert_eq!(
            sent(
                &mut limiter,
                START,
                START + SECOND * 100 + Duration::from_nanos(1)
            )
            .len(),
            300
        );
    }

    #[test]
    fn without_a_rate_only_pauses_hold() {
        let mut limiter = Limiter::unlimited();
        assert!((0..1000).all(|_| limiter.take(RequestKind::Submit, START)));
        limiter.pause_until(START + SECOND);
        limiter.pause_until(START);
        assert_eq!(limiter.ready_at(), START + SECOND);
        assert!(
            !limiter.take(RequestKind::Submit, START)
                && limiter.take(RequestKind::Submit, START + SECOND)
        );
    }

    #[test]
    fn slowing_down_stops_everyone_once_then_starts_at_half_the_rate_without_a_burst() {
        let mut limiter = Limiter::new(64, SECOND, 32);
        let answered = START + SECOND;
        let until = START + SECOND * 11;
        assert!(limiter.slow_down(START, until, answered));
        for (sent_at, later) in [(START, 2), (answered, 9)] {
            assert!(
                !limiter.slow_down(sent_at, until + SECOND * later, answered + SECOND * later),
                "it was out when the pause began"
            );
        }
        let times = sent(&mut limiter, answered, until + SECOND);
        assert_eq!((times[0], times.len()), (SECOND * 11, 32));
        let second = |from: u32| {
            sent(
                &mut limiter.clone(),
                until + SECOND * from,
                until + SECOND * (from + 1),
            )
            .len()
        };
        assert_eq!(second(1), 33);
        let regained = sent(&mut limiter, until + SECOND, until + SECOND * 40);
        assert_eq!(
            regained.iter().filter(|at| **at >= SECOND * 46).count(),
            64 * 5,
            "all of it again"
        );
    }

    #[test]
    fn the_rate_is_never_cut_to_nothing() {
        let mut limiter = Limiter::new(64, SECOND, 1);
        for second in 0..100 {
            let now = START + SECOND * second;
            limiter.slow_down(now, now, now);
        }
        assert!(limiter.ready_at() <= START + SECOND * 100);
    }

    #[test]
    fn submits_and_polls_keep_a_share_each() {
        let mut limiter = Limiter::unlimited();
        let mut counts = [0; 2];
        for _ in 0..1000 {
            let purpose = limiter.turn(true, true).expect("both wait");
            assert!(limiter.take(purpose, START));
            counts[usize::from(purpose == RequestKind::Submit)] += 1;
        }
        assert_eq!(counts, [900, 100]);
        assert_eq!(limiter.turn(false, true), Some(RequestKind::Poll));
        assert_eq!(limiter.turn(true, false), Some(RequestKind::Submit));
        assert_eq!(limiter.turn(false, false), None);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Take,
        WaitUntilReady,
        Pass(u64),
        Jump(u64),
        SlowDown(u64, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => Just(Step::Take),
            4 => Just(Step::WaitUntilReady),
            3 => (0..3_000_000_000_u64).prop_map(Step::Pass),
            1 => any::<u64>().prop_map(|to| Step::Jump(to / 2)),
            1 => (0..2_000_000_000_u64, 0..2_000_000_000_u64).prop_map(|(ago, ahead)| Step::SlowDown(ago, ahead)),
        ]
    }

    proptest! {
        #[test]
        fn no_span_has_more_than_the_rate_and_the_burst(
            requests in 1..2000_u32, milliseconds in 1..100_000_u64, burst in 0..50_u32, steps in prop::collection::vec(step(), 0..400),
        ) {
            let per = Duration::from_millis(milliseconds);
            let mut limiter = Limiter::new(requests, per, burst);
            let (mut now, mut told, mut sent) = (START, Time::EPOCH, Vec::new());
            for step in steps {
                match step {
                    Step::Take => { told = told.max(now); if limiter.take(RequestKind::Submit, now) { sent.push(told.since_epoch()); } }
                    Step::WaitUntilReady => now = now.max(limiter.ready_at()),
                    Step::Pass(span) => now = now + Duration::from_nanos(span),
                    Step::Jump(to) => now = Time::from_unix(Duration::from_nanos(to)),
                    Step::SlowDown(ago, ahead) => {
                        let sent_at = Time::from_unix(now.since_epoch().saturating_sub(Duration::from_nanos(ago)));
                        let until = now + Duration::from_nanos(ahead);
                        told = told.max(now);
                        if limiter.slow_down(sent_at, until, now) {
                            prop_assert!(limiter.ready_at() >= until);
                        }
                    }
                }
                prop_assert!(now < limiter.ready_at() || limiter.clone().take(RequestKind::Poll, now), "ready means ready");
            }
            for (first, from) in sent.iter().enumerate() {
                for (count, to) in (1_u128..).zip(&sent[first..]) {
                    let allowed = u128::from(burst.max(1)) + (*to - *from).as_nanos() * u128::from(requests) / per.as_nanos();
                    prop_assert!(count <= allowed, "{count} within {:?}, not {allowed}", *to - *from);
                }
            }
        }
    }
}
