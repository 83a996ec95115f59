//! Many documents at once: the cost of our batch, and of per-job pollers within the same limits.
//!
//! This is a simulation, so its figures are the same in each run, and all of its goals are bounds.

use std::error::Error;
use std::process::ExitCode;

use typless::machine::{BatchOptions, PollPolicy};
use typless_benches::bounds::Bounds;
use typless_benches::polling::many::load::Load;
use typless_benches::polling::many::ours::{Conditions, Limits, follow};
use typless_benches::polling::many::rate::Rate;
use typless_benches::polling::many::report::Report;
use typless_benches::polling::many::rivals;
use typless_benches::polling::random::Random;
use typless_benches::polling::rivals::Rival;
use typless_benches::polling::trace::{TRACES, Trace};
use typless_benches::table::Table;

const SEED: u64 = 42;

/// The number of jobs at the service at a time, and for how many mean processing times they arrive
/// before the measurement, and during it.
const AT_ONCE: usize = 1000;
const TIMES: usize = 8;

/// Limits of every client: the burst, and the requests in flight.
const BURST: u32 = 10;
const MAX_IN_FLIGHT: usize = 16;

/// The maximum number of submits in flight, for ours.
const MAX_SUBMITS: usize = 4;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut bounds = Bounds::new();
    let mut checked = Checked::default();
    steady(&mut bounds, &mut checked)?;
    abandoned(&mut bounds, &mut checked)?;
    around_45_seconds(&mut bounds, &mut checked)?;
    imperfect_service(&mut bounds, &mut checked)?;
    let Checked { events, breaches } = checked;
    bounds.bound(
        &format!("requests above the limits: {breaches} of {events} events, at most 0"),
        breaches == 0,
    );
    Ok(bounds.finish())
}

/// The checks of our limits, over all runs.
#[derive(Debug, Default)]
struct Checked {
    events: u64,
    breaches: u64,
}

impl Checked {
    fn ours(
        &mut self,
        load: &Load,
        options: BatchOptions,
        rate: Rate,
        conditions: Conditions,
    ) -> Result<Report, Box<dyn Error>> {
        let report = follow(
            load,
            options,
            Limits {
                rate,
                max_in_flight: MAX_IN_FLIGHT,
                max_submits: MAX_SUBMITS,
            },
            conditions,
        )?;
        self.events += report.events;
        self.breaches += report.breaches;
        if report.found + report.abandoned < load.jobs.len() {
            return Err(format!(
                "{} documents, {} accounted for",
                load.jobs.len(),
                report.found + report.abandoned
            )
            .into());
        }
        Ok(report)
    }
}

fn traces(names: &str) -> impl Iterator<Item = &'static Trace> {
    TRACES
        .iter()
        .filter(move |trace| names.contains(trace.name))
}

fn figures(report: &Report) -> String {
    let [mean, p95, loss] = [report.mean_delay(), report.p95_delay(), report.p95_loss()];
    format!(
        "{:.2} / {mean:.2} / {p95:.2} / {loss:.2}",
        report.requests()
    )
}

fn lost(report: &Report) -> String {
    let [p95, mean_loss, p95_loss] = [report.p95_delay(), report.mean_loss(), report.p95_loss()];
    format!(
        "{:.2} / {p95:.1} / {mean_loss:.1} / {p95_loss:.1}",
        report.requests()
    )
}

/// The rate for all requests: the arrival rate, for submits, plus `cap` times the arrival rate for
/// everything else.
fn rate(load: &Load, cap: f64) -> Rate {
    Rate::per_second(load.per_second * (1.0 + cap), BURST)
}

const FOREIGN: Conditions = Conditions {
    foreign: 100_000,
    unlisted: 0.0,
    webhooks: None,
    max_round_trip: 0.0,
    fault_rate: 0.0,
};

const RIVALS: [Rival; 4] = [Rival::CONNECT, Rival::MINDEE, Rival::GOOGLE, Rival::AZURE];

/// Goals P8 and P9.
fn steady(bounds: &mut Bounds, checked: &mut Checked) -> Result<(), Box<dyn Error>> {
    println!(
        "{AT_ONCE} jobs at the service at a time, random arrivals. The cap is relative to \
         completions per second, for polls and listings;"
    );
    println!(
        "the rate limit of each client is the cap, plus the completion rate for submits. Theirs \
         send submits first, and then the poll that has waited longest; ours by its own \
         priorities."
    );
    println!(
        "At a cap of 2 no client can make more than two requests for each job, and none can make \
         less than one: there the fetch is left out of the comparison."
    );
    println!(
        "Requests for each job besides its submit / mean delay / p95 delay / p95 delay including \
         the wait for the submit, in seconds\n"
    );
    let mut table = Table::new(&[
        "trace, cap",
        "ours",
        "ours, 1e5 stale ids listed",
        "connect-typless",
        "Mindee",
        "google-cloud-rust",
        "azure_core",
    ]);
    let mut goals = Vec::new();
    for trace in traces("ABD") {
        let load = Load::steady(trace, AT_ONCE, TIMES, SEED);
        for cap in [1.1, 2.0, 10.0] {
            let rate = rate(&load, cap);
            let ours = checked.ours(&load, BatchOptions::new(), rate, Conditions::default())?;
            let stale = if cap == 1.1 {
                Some(checked.ours(&load, BatchOptions::new(), rate, FOREIGN)?)
            } else {
                None
            };
            let theirs = RIVALS.map(|rival| rivals::follow(rival.unlimited(), &load, rate));
            let mut row = vec![
                format!("{}, {cap} x {:.0}/s", trace.name, load.per_second),
                figures(&ours),
            ];
            row.push(stale.as_ref().map(figures).unwrap_or_default());
            row.extend(theirs.iter().map(figures));
            table.row(row);
            goals.push(Steady {
                name: trace.name,
                cap,
                ours,
                stale,
                theirs,
            });
        }
    }
    table.print();
    for goal in &goals {
        goal.check(bounds);
    }
    Ok(())
}

/// The measurements of one trace with one cap.
struct Steady {
    name: &'static str,
    cap: f64,
    ours: Report,
    stale: Option<Report>,
    theirs: [Report; 4],
}

impl Steady {
    fn check(&self, bounds: &mut Bounds) {
        let Self {
            name,
            cap,
            ours,
            stale,
            theirs,
        } = self;
        let at = format!("{name}, cap {cap}");
        if *cap == 1.1 {
            let stale = stale
                .iter()
                .map(|report| (", 1e5 stale ids listed", report));
            for (what, report) in std::iter::once(("", ours)).chain(stale) {
                at_most(
                    bounds,
                    &format!("P8  {at}{what}: requests for each job"),
                    report.requests(),
                    1.10,
                );
                at_most(
                    bounds,
                    &format!("P8  {at}{what}: p95 delay"),
                    report.p95_delay(),
                    1.5,
                );
            }
            return;
        }
        for (rival, theirs) in RIVALS.iter().zip(theirs).take(3) {
            let (delay, requests) = (
                ours.p95_delay() / theirs.p95_delay(),
                ours.requests() / theirs.requests(),
            );
            if *cap == 2.0 {
                at_most(
                    bounds,
                    &format!("P9  {at}: p95 delay relative to {}", rival.name),
                    delay,
                    if *name == "A" { 1.0 / 8.0 } else { 1.0 / 25.0 },
                );
                // They can't make more than two for each, and no client can make less than one.
                let spare = (ours.requests() - 1.0) / (theirs.requests() - 1.0);
                at_most(
                    bounds,
                    &format!(
                        "P9  {at}: requests relative to {}, without the fetch",
                        rival.name
                    ),
                    spare,
                    0.1,
                );
            } else {
                at_most(
                    bounds,
                    &format!("P9  {at}: requests relative to {}", rival.name),
                    requests,
                    0.5,
                );
            }
        }
    }
}

/// Goal P11.
fn abandoned(bounds: &mut Bounds, checked: &mut Checked) -> Result<(), Box<dyn Error>> {
    println!(
        "\njobs abandoned before their deadline: {AT_ONCE} at a time, with a rate for all of \
         their polls; theirs with their own limits on attempts\n"
    );
    let mut table = Table::new(&["trace", "ours", "connect-typless", "Mindee"]);
    for trace in traces("BCDE") {
        let load = Load::steady(trace, AT_ONCE, TIMES / 2, SEED);
        let rate = rate(&load, 60.0);
        let ours = checked.ours(&load, BatchOptions::new(), rate, Conditions::default())?;
        let theirs =
            [Rival::CONNECT, Rival::MINDEE].map(|rival| rivals::follow(rival, &load, rate));
        let share = |report: &Report| format!("{:.1} %", 100.0 * report.abandoned_fraction());
        table.row(vec![
            trace.name.to_owned(),
            share(&ours),
            share(&theirs[0]),
            share(&theirs[1]),
        ]);
        at_most(
            bounds,
            &format!("P11 {}: jobs abandoned", trace.name),
            ours.abandoned as f64,
            0.0,
        );
    }
    table.print();
    Ok(())
}

/// A thousand documents that all take about the same time.
fn around_45_seconds(bounds: &mut Bounds, checked: &mut Checked) -> Result<(), Box<dyn Error>> {
    println!(
        "\n1000 documents at once that take around 45 s each (standard deviation 4.5 s), with \
         nothing known before: requests for each besides its submit / p95 delay / mean time lost, \
         including the wait for the submit / p95 of it, in seconds\n"
    );
    let mut random = Random::new(SEED);
    let load = Load::all_at_once(
        (0..1000)
            .map(|_| 45.0 * (0.1 * random.normal()).exp())
            .collect::<Vec<_>>(),
    );
    let mut table = Table::new(&[
        "rate for all",
        "ours",
        "ours, frugal",
        "ours, each by itself",
        "connect-typless",
        "google-cloud-rust",
    ]);
    for per_second in [10.0, 20.0, 50.0, 100.0, 1000.0] {
        let rate = Rate::per_second(per_second, BURST);
        let ours = checked.ours(&load, BatchOptions::new(), rate, Conditions::default())?;
        let frugal = checked.ours(
            &load,
            BatchOptions::new().with_poll_policy(PollPolicy::frugal()),
            rate,
            Conditions::default(),
        )?;
        let alone = checked.ours(
            &load,
            BatchOptions::new().without_queue(),
            rate,
            Conditions::default(),
        )?;
        let theirs = [Rival::CONNECT, Rival::GOOGLE]
            .map(|rival| lost(&rivals::follow(rival.unlimited(), &load, rate)));
        let [connect, google] = theirs;
        table.row(vec![
            format!("{per_second}/s"),
            lost(&ours),
            lost(&frugal),
            lost(&alone),
            connect,
            google,
        ]);
        // At ten a second they finish over four minutes, at an uneven rate, and a listing shows one
        // or two of them when there are few.
        let max = if per_second < 20.0 { 1.15 } else { 1.1 };
        at_most(
            bounds,
            &format!(
                "1000 documents around 45 s, {per_second}/s: requests for each besides its submit"
            ),
            ours.requests(),
            max,
        );
    }
    table.print();
    Ok(())
}

/// Goal P10, and an incomplete queue.
fn imperfect_service(bounds: &mut Bounds, checked: &mut Checked) -> Result<(), Box<dyn Error>> {
    println!(
        "\ntrace B, 300 jobs at the service at a time, 50 requests a second: requests for each \
         job besides its submit / mean delay / p95 delay / longest delay, in seconds; jobs not \
         found\n"
    );
    let mut table = Table::new(&["what", "", "not found"]);
    let trace = &TRACES[1];
    let load = Load::steady(trace, 300, 20, SEED);
    let rate = Rate::per_second(50.0, BURST);
    let cases = [
        ("queue", Conditions::default()),
        (
            "queue that never lists 1 %",
            Conditions {
                unlisted: 0.01,
                ..Conditions::default()
            },
        ),
        (
            "webhooks, 1 % lost, and the queue",
            Conditions {
                webhooks: Some(0.01),
                ..Conditions::default()
            },
        ),
        (
            "webhooks, 10 % lost, and the queue",
            Conditions {
                webhooks: Some(0.1),
                ..Conditions::default()
            },
        ),
    ];
    for (name, conditions) in cases {
        let report = checked.ours(&load, BatchOptions::new(), rate, conditions)?;
        let text = format!(
            "{:.3} / {:.2} / {:.2} / {:.0}",
            report.requests(),
            report.mean_delay(),
            report.p95_delay(),
            report.max_delay
        );
        table.row(vec![name.to_owned(), text, report.abandoned.to_string()]);
        if conditions.webhooks == Some(0.01) {
            at_most(
                bounds,
                "P10 webhooks, 1 % lost: requests for each job",
                report.requests(),
                1.01,
            );
            at_most(
                bounds,
                "P10 webhooks, 1 % lost: longest delay",
                report.max_delay,
                65.0,
            );
        }
        at_most(
            bounds,
            &format!("{name}: jobs not found"),
            report.abandoned as f64,
            0.0,
        );
    }
    table.print();
    Ok(())
}

fn at_most(bounds: &mut Bounds, what: &str, value: f64, bound: f64) {
    bounds.bound(
        &format!("{what}: {value:.3}, at most {bound:.3}"),
        value <= bound,
    );
}
