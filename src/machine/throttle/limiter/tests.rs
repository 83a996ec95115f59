//! The limiter by itself.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const START: Time = Time::from_unix_seconds(1_700_000_000);

/// Takes as soon as possible, from `from` until `end`: when each request was sent, after
/// `START`.
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
    limiter.slow_down(START, START, START + SECOND * 4);
    assert_eq!(
        limiter.delay_of_next(START + SECOND * 4),
        divide_up(interval * 32, 31),
        "at 31/32 of the rate"
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
fn a_burst_of_one_keeps_to_the_rate_in_any_second() {
    let mut limiter = Limiter::new(10, SECOND, 1);
    let times = sent(&mut limiter, START, START + SECOND * 20);
    assert_eq!(times.len(), 200);
    for from in &times {
        let second = *from..*from + SECOND;
        assert!(times.iter().filter(|at| second.contains(at)).count() <= 10);
    }
}

#[test]
fn slowing_down_stops_everyone_once_then_starts_lower_without_a_burst() {
    let mut limiter = Limiter::new(64, SECOND, 32);
    let refused_at = START + SECOND;
    let until = START + SECOND * 11;
    assert!(limiter.slow_down(START, until, refused_at));
    for (sent_at, later) in [(START, 2), (refused_at, 9)] {
        assert!(
            !limiter.slow_down(sent_at, until + SECOND * later, refused_at + SECOND * later),
            "it was out when the pause began"
        );
    }
    // 31/32 of 64 per second, for the ramp of 2 s and the hold of 5 s.
    let times = sent(&mut limiter, refused_at, until + SECOND * 7);
    assert_eq!((times[0], times.len()), (SECOND * 11, 62 * 7));
    let times = sent(&mut limiter, until + SECOND * 7, until + SECOND * 20);
    let last = times.iter().filter(|at| **at >= SECOND * 26);
    assert_eq!(last.count(), 64 * 5, "all of it again");
}

#[test]
fn refusals_with_nothing_admitted_between_them_halve_the_rate_each_time() {
    let mut limiter = Limiter::new(1000, SECOND, 1);
    let mut now = START;
    let mut intervals = Vec::new();
    for _ in 0..12 {
        now = now.max(limiter.ready_at());
        assert!(limiter.take(RequestKind::Poll, now));
        let refused_at = now + Duration::from_nanos(1);
        limiter.slow_down(now, refused_at + SECOND, refused_at);
        intervals.push(limiter.interval());
        now = refused_at;
    }
    assert!(
        intervals[1..9]
            .windows(2)
            .all(|pair| pair[1] >= pair[0] * 19 / 10)
    );
    assert_eq!(intervals[11], Duration::from_millis(256), "1/256 is left");
    now = limiter.ready_at();
    assert!(limiter.take(RequestKind::Poll, now));
    limiter.admitted(now);
    limiter.admitted(now + SECOND * 2);
    assert!(
        limiter.interval() < Duration::from_micros(1100),
        "and it is back soon"
    );
}

#[test]
fn it_takes_a_few_hundred_bytes() {
    assert!(size_of::<Limiter>() <= 512, "{}", size_of::<Limiter>());
}

#[test]
fn a_single_refusal_at_the_plateau_changes_nothing() {
    let mut limiter = Limiter::new(100, SECOND, 1);
    limiter.slow_down(START, START, START);
    let plateau = limiter.interval();
    limiter.admitted(START + SECOND);
    assert!(limiter.slow_down(START + SECOND, START + SECOND, START + SECOND));
    assert_eq!(limiter.interval(), plateau);
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
    Admitted,
    Pause(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Take),
        4 => Just(Step::WaitUntilReady),
        3 => (0..3_000_000_000_u64).prop_map(Step::Pass),
        1 => any::<u64>().prop_map(|to| Step::Jump(to / 2)),
        1 => (0..2_000_000_000_u64, 0..2_000_000_000_u64)
            .prop_map(|(ago, ahead)| Step::SlowDown(ago, ahead)),
        3 => Just(Step::Admitted),
        1 => (0..2_000_000_000_u64).prop_map(Step::Pause),
    ]
}

proptest! {
    #[test]
    fn no_span_has_more_than_the_rate_and_the_burst(
        requests in 1..2000_u32,
        milliseconds in 1..100_000_u64,
        burst in 0..50_u32,
        steps in prop::collection::vec(step(), 0..400),
    ) {
        let per = Duration::from_millis(milliseconds);
        let mut limiter = Limiter::new(requests, per, burst);
        let (mut now, mut latest, mut sent) = (START, Time::EPOCH, Vec::new());
        for step in steps {
            match step {
                Step::Take => {
                    latest = latest.max(now);
                    if limiter.take(RequestKind::Submit, now) {
                        sent.push(latest.since_epoch());
                    }
                }
                Step::WaitUntilReady => now = now.max(limiter.ready_at()),
                Step::Pass(span) => now = now + Duration::from_nanos(span),
                Step::Jump(to) => now = Time::from_unix(Duration::from_nanos(to)),
                Step::SlowDown(ago, ahead) => {
                    let ago = Duration::from_nanos(ago);
                    let sent_at = Time::from_unix(now.since_epoch().saturating_sub(ago));
                    let until = now + Duration::from_nanos(ahead);
                    latest = latest.max(now);
                    if limiter.slow_down(sent_at, until, now) {
                        prop_assert!(limiter.ready_at() >= until);
                    }
                }
                Step::Admitted => {
                    latest = latest.max(now);
                    limiter.admitted(now);
                }
                Step::Pause(ahead) => limiter.pause_until(now + Duration::from_nanos(ahead)),
            }
            prop_assert_eq!(limiter.ready_at(), limiter.clone().ready_at());
            prop_assert!(
                now < limiter.ready_at() || limiter.clone().take(RequestKind::Poll, now),
                "ready means ready"
            );
        }
        for (first, from) in sent.iter().enumerate() {
            for (count, to) in (1_u128..).zip(&sent[first..]) {
                let span = *to - *from;
                let by_rate = span.as_nanos() * u128::from(requests) / per.as_nanos();
                let allowed = u128::from(burst.max(1)) + by_rate;
                prop_assert!(count <= allowed, "{count} within {span:?}, not {allowed}");
            }
        }
    }
}
