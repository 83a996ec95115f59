//! Simulations of [`Limiter`] against a service with a hidden limit, beside two rivals.

mod rivals;
mod simulation;

use std::time::Duration;

use super::limiter::Limiter;
use rivals::{Aimd, Cubic, Rival};
use simulation::{Case, Limit, Outcome, ROW_AT, SECOND, run};

const FULL_RATES: [u32; 4] = [2, 10, 200, 2000];
const ROUND_TRIPS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_millis(300),
];

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
