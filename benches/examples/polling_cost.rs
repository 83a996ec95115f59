//! Draws what polls cost: requests for each document against delay, for our policy and other
//! clients, from one simulation.
//!
//! `cargo run --release -p typless-benches --example polling_cost` prints it as text, and writes
//! `docs/polling_cost.svg`.

use std::error::Error;
use std::path::Path;

use typless::machine::DelayEstimator;
use typless_benches::polling::chart::{Chart, Dot, Line, Panel, Style};
use typless_benches::polling::optimum::best;
use typless_benches::polling::outcome::Outcome;
use typless_benches::polling::rivals::{Rival, ours};
use typless_benches::polling::single::{by_ages, by_learning, by_rival};
use typless_benches::polling::trace::TRACES;

const JOBS: usize = 4000;
const SEED: u64 = 42;

/// The price of a poll, in seconds of delay, from the lowest to the highest.
const PRICES: [f64; 17] = [
    0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.35, 0.6, 1.0, 1.6, 2.5, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0,
];
const NAMED: [(f64, &str); 3] = [(0.2, "eager"), (1.0, "balanced"), (8.0, "frugal")];

fn main() -> Result<(), Box<dyn Error>> {
    let jobs: Vec<Vec<f64>> = TRACES.iter().map(|trace| trace.jobs(JOBS, SEED)).collect();
    let ours: Vec<(f64, Outcome)> = PRICES
        .map(|price| {
            (
                price,
                all(&jobs, |jobs| {
                    by_learning(ours(price), DelayEstimator::new(), jobs)
                }),
            )
        })
        .into();
    let best: Vec<Outcome> = PRICES
        .map(|price| {
            Outcome::joined(
                TRACES
                    .iter()
                    .zip(&jobs)
                    .map(|(trace, jobs)| by_ages(&best(trace, price), jobs)),
            )
        })
        .into();
    let rivals: Vec<(Rival, Outcome)> = Rival::ALL
        .map(|rival| (rival, all(&jobs, |jobs| by_rival(rival.unlimited(), jobs))))
        .into();
    let panel = |delay, measure: fn(&Outcome) -> f64, has_limit: bool| {
        let point = |outcome: &Outcome| (measure(outcome), outcome.polls());
        let named = NAMED.iter().filter_map(|(price, name)| {
            let (_, outcome) = ours.iter().find(|(other, _)| other == price)?;
            Some(Dot {
                name,
                at: point(outcome),
            })
        });
        let line = Line {
            style: Style::Ours,
            points: ours.iter().map(|(_, outcome)| point(outcome)).collect(),
            dots: named.collect(),
        };
        let limit = has_limit.then(|| {
            let points: Vec<(f64, f64)> = best.iter().map(point).collect();
            let name = "the best there is, if all were known";
            Line {
                style: Style::Limit,
                dots: vec![Dot {
                    name,
                    at: points[PRICES.len() - 1],
                }],
                points,
            }
        });
        let dots = rivals.iter().map(|(rival, outcome)| Dot {
            name: rival.name.split(',').next().unwrap_or_default(),
            at: point(outcome),
        });
        Panel {
            delay,
            lines: limit.into_iter().chain([line]).collect(),
            dots: dots.collect(),
        }
    };
    let chart = Chart {
        title: "Fewer requests, sooner: what it costs to notice a result".to_owned(),
        subtitle: format!(
            "{} documents, one by one, at nine services from quick to stuck. Blue: this library; \
             orange: other clients. Lower and further left is better",
            JOBS * TRACES.len()
        ),
        panels: vec![
            panel("delay on average, in seconds", Outcome::mean_delay, true),
            panel(
                "delay that one in twenty exceeds, in seconds",
                Outcome::p95_delay,
                false,
            ),
        ],
    };
    print!("{}", chart.text());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/polling_cost.svg");
    std::fs::write(path, chart.svg())?;
    Ok(())
}

fn all(jobs: &[Vec<f64>], follow: impl Fn(&[f64]) -> Outcome) -> Outcome {
    Outcome::joined(jobs.iter().map(|jobs| follow(jobs)))
}
