//! When to poll: the cost of our policy and of other clients' schedules, on nine traces of
//! processing times.
//!
//! This is a simulation, so its figures are the same in each run, and all of its goals are bounds.

use std::error::Error;
use std::process::ExitCode;
use std::thread;

use typless::machine::{DelayEstimator, PollPolicy};
use typless_benches::bounds::Bounds;
use typless_benches::polling::curve::{Curve, Measure};
use typless_benches::polling::optimum::{Rule, best, by_rule};
use typless_benches::polling::outcome::Outcome;
use typless_benches::polling::rivals::{Rival, ours};
use typless_benches::polling::single::{by_ages, by_learning, by_policy, by_rival};
use typless_benches::polling::trace::{TRACES, Trace};
use typless_benches::table::Table;

const JOBS: usize = 8000;
/// The seed of the traces unless `-- --seed N` gives another. The estimator was tuned on this one,
/// and its bounds are for it.
const SEED: u64 = 42;

/// The number of cold starts, and the jobs of each that are counted.
const STARTS: u64 = 400;
const EARLY: std::ops::Range<usize> = 5..20;

/// The price of a poll where costs are compared, in seconds of delay.
const PRICE: f64 = 2.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let seed = std::env::args()
        .skip_while(|argument| argument != "--seed")
        .nth(1)
        .map_or(Ok(SEED), |seed| seed.parse())?;
    let cases: Vec<Case> = thread::scope(|scope| {
        let cases = TRACES
            .each_ref()
            .map(|trace| scope.spawn(move || Case::new(trace, seed)));
        cases
            .into_iter()
            .map(|case| case.join().map_err(|_| "a trace could not be followed"))
            .collect::<Result<_, _>>()
    })?;
    let mut bounds = Bounds::new();
    costs(&cases);
    rules(&cases);
    goals(&cases, &mut bounds);
    Ok(bounds.finish())
}

/// A trace, and what our policy costs on it.
struct Case {
    seed: u64,
    trace: Trace,
    jobs: Vec<f64>,
    balanced: Outcome,
    priced: Outcome,
    best: Outcome,
    absolute: Curve,
    relative: Curve,
}

impl Case {
    fn new(trace: &Trace, seed: u64) -> Self {
        let jobs = trace.jobs(JOBS, seed);
        Self {
            seed,
            trace: *trace,
            balanced: by_learning(ours(1.0), DelayEstimator::new(), &jobs),
            priced: by_learning(ours(PRICE), DelayEstimator::new(), &jobs),
            best: by_ages(&best(trace, PRICE), &jobs),
            absolute: Curve::new(&jobs, |policy| policy),
            relative: Curve::new(&jobs, PollPolicy::with_relative_lateness),
            jobs,
        }
    }

    fn rival(&self, rival: Rival) -> Outcome {
        by_rival(rival.unlimited(), &self.jobs)
    }

    /// Our polls for each of a rival's, at the same delay.
    fn at_its(&self, measure: Measure, rival: Rival) -> f64 {
        let rival = self.rival(rival);
        let curve = if measure == Measure::RelativeP95 {
            &self.relative
        } else {
            &self.absolute
        };
        curve.polls_at(measure.delay(&rival), measure) / rival.polls()
    }

    /// The cost of the first jobs, relative to the same rule with a known distribution.
    fn cold(&self) -> f64 {
        let ages = by_rule(&self.trace, Rule::Odds, PRICE);
        let starts: Vec<Vec<f64>> = (1..=STARTS)
            .map(|start| self.trace.jobs(EARLY.end, self.seed + start))
            .collect();
        let cost = |follow: &dyn Fn(&[f64]) -> Outcome| {
            Outcome::joined(starts.iter().map(|jobs| follow(jobs).part(EARLY))).cost(PRICE)
        };
        cost(&|jobs| by_learning(ours(PRICE), DelayEstimator::new(), jobs))
            / cost(&|jobs| by_ages(&ages, jobs))
    }
}

fn figures(outcome: &Outcome) -> String {
    let short = |value: f64| {
        if value < 9.95 {
            format!("{value:.1}")
        } else {
            format!("{value:.0}")
        }
    };
    format!(
        "{}/{}/{}",
        short(outcome.polls()),
        short(outcome.mean_delay()),
        short(outcome.p95_delay())
    )
}

fn header(first: &str) -> Vec<&str> {
    std::iter::once(first)
        .chain(TRACES.iter().map(|trace| trace.name))
        .collect()
}

fn row(name: &str, cases: &[Case], cell: impl FnMut(&Case) -> String) -> Vec<String> {
    std::iter::once(name.to_owned())
        .chain(cases.iter().map(cell))
        .collect()
}

/// Prints the cost of every schedule.
fn costs(cases: &[Case]) {
    for trace in TRACES {
        println!("{}  {}", trace.name, trace.what);
    }
    println!(
        "\npolls for each job / mean delay / p95 delay, in seconds; {JOBS} jobs, one after the \
         other, with no limit on polls\n"
    );
    let mut table = Table::new(&header("schedule"));
    for rival in Rival::ALL {
        table.row(row(rival.name, cases, |case| figures(&case.rival(rival))));
    }
    table.gap();
    for (name, price) in [
        ("ours, eager", 0.2),
        ("ours, balanced", 1.0),
        ("ours, frugal", 8.0),
    ] {
        table.row(row(name, cases, |case| {
            figures(&by_learning(ours(price), DelayEstimator::new(), &case.jobs))
        }));
    }
    table.row(row("ours, balanced, not learning", cases, |case| {
        figures(&by_policy(ours(1.0), &case.jobs))
    }));
    table.gap();
    table.row(row("ours at 2 s a poll", cases, |case| {
        figures(&case.priced)
    }));
    table.row(row("the optimum at 2 s a poll", cases, |case| {
        figures(&case.best)
    }));
    table.print();

    println!(
        "\nour polls for each of theirs, at the same delay: p95, mean, and p95 relative to the \
         job's time\n"
    );
    let mut table = Table::new(&header("schedule"));
    for rival in Rival::ALL {
        table.row(row(rival.name, cases, |case| {
            let at = |measure| case.at_its(measure, rival);
            format!(
                "{:.2}/{:.2}/{:.2}",
                at(Measure::P95),
                at(Measure::Mean),
                at(Measure::RelativeP95)
            )
        }));
    }
    table.gap();
    for rival in [Rival::CONNECT, Rival::MINDEE] {
        let name = format!("jobs abandoned by {}", rival.name);
        table.row(row(&name, cases, |case| {
            format!(
                "{:.1} %",
                100.0 * by_rival(rival, &case.jobs).abandoned_fraction()
            )
        }));
    }
    table.print();
}

/// Prints the cost of two rules with a known distribution, relative to the optimum.
fn rules(cases: &[Case]) {
    println!(
        "\nthe cost of a rule relative to the optimum, with a known distribution: polls times \
         price, plus mean delay\n"
    );
    let mut table = Table::new(&header("rule"));
    for price in [1.0, PRICE, 8.0] {
        for (name, rule) in [("odds", Rule::Odds), ("lateness", Rule::Lateness)] {
            table.row(row(&format!("{name} at {price} s a poll"), cases, |case| {
                let cost = |ages: &[f64]| by_ages(ages, &case.jobs).cost(price);
                format!(
                    "{:.3}",
                    cost(&by_rule(&case.trace, rule, price)) / cost(&best(&case.trace, price))
                )
            }));
        }
    }
    table.print();
}

/// A goal: its name, its measure, and the maximum for each trace it applies to.
struct Goal<'a> {
    name: &'a str,
    measure: &'a dyn Fn(&Case) -> f64,
    max: &'a [(&'a str, f64)],
}

const ALL: &str = "ABCDEFGHI";

fn goals(cases: &[Case], bounds: &mut Bounds) {
    let goals = [
        Goal {
            name: "P1  cost relative to the optimum, learning included",
            measure: &|case| case.priced.cost(PRICE) / case.best.cost(PRICE),
            max: &[("ABCEG", 1.06), ("D", 1.10)],
        },
        Goal {
            name: "P2  jobs 6 to 20, cost relative to the same rule with a known distribution",
            measure: &Case::cold,
            max: &[("ABCDI", 1.20), ("F", 1.60)],
        },
        Goal {
            name: "P3  polls for each of google-cloud-rust's, same p95 delay",
            measure: &|case| case.at_its(Measure::P95, Rival::GOOGLE),
            max: &[(ALL, 0.40)],
        },
        Goal {
            name: "P4  polls for each of gax's, same p95 delay",
            measure: &|case| case.at_its(Measure::P95, Rival::GAX),
            max: &[(ALL, 0.70)],
        },
        Goal {
            name: "P4b polls for each of Extend's, same p95 delay",
            measure: &|case| case.at_its(Measure::P95, Rival::EXTEND),
            max: &[("BCDEFGH", 0.50), ("AI", 1.0)],
        },
        Goal {
            name: "P5  polls for each of connect-typless', same relative p95 delay",
            measure: &|case| case.at_its(Measure::RelativeP95, Rival::CONNECT),
            max: &[("BDEFGHI", 0.55), ("AC", 0.75)],
        },
        Goal {
            name: "P6  balanced: polls for each of connect-typless'",
            measure: &|case| case.balanced.polls() / case.rival(Rival::CONNECT).polls(),
            max: &[(ALL, 0.42)],
        },
        Goal {
            name: "P6  balanced: mean delay relative to mean time",
            measure: &|case| case.balanced.mean_delay() / case.balanced.mean_time(),
            max: &[(ALL, 0.25)],
        },
        Goal {
            name: "P7  drift: cost relative to the best schedule that does not learn",
            measure: &|case| case.priced.cost(PRICE) / case.best.cost(PRICE),
            max: &[("H", 0.90)],
        },
        Goal {
            name: "P11 jobs abandoned",
            measure: &|case| case.balanced.abandoned_fraction(),
            max: &[(ALL, 0.0)],
        },
    ];
    println!("\nthe goals, each with its maximum; figures without a goal are in brackets\n");
    let mut table = Table::new(&header("goal"));
    for Goal { name, measure, max } in goals {
        table.row(row(name, cases, |case| {
            let value = measure(case);
            let bound = max
                .iter()
                .find(|(traces, _)| traces.contains(case.trace.name));
            let Some((_, bound)) = bound else {
                return format!("({value:.2})");
            };
            bounds.bound(
                &format!("{name}, {}: {value:.3}, at most {bound}", case.trace.name),
                value <= *bound,
            );
            format!(
                "{value:.2} {}",
                if value <= *bound { "pass" } else { "FAIL" }
            )
        }));
    }
    table.print();
}
