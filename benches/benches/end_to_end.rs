//! A job end to end over loopback: with the client, the same by hand, and what users and the vendor
//! write.
//!
//! The service is a separate process: this program, started again with another argument.

use std::env;
use std::process::ExitCode;

use typless_benches::bounds::Bounds;
use typless_benches::end_to_end::{
    BARE_HYPER, BenchResult, Competitor, HAND_HYPER, HAND_UREQ, LENGTH, NAIVE_REQWEST, OURS_HYPER,
    OURS_HYPER_AGAIN, OURS_UREQ, OURS_UREQ_AGAIN, PYTHON, Service, Task, competitors, sample,
    serve,
};
use typless_benches::process;
use typless_benches::rounds::{Times, order};
use typless_benches::table::{Table, size};

const ROUNDS: usize = 21;

/// How many jobs run at the same time.
const AT_ONCE: [usize; 2] = [1, 16];

/// The number of jobs in one sample. Python has fewer: it is much slower.
const JOBS: usize = 128;
const PYTHON_JOBS: usize = 16;

/// The arguments that make this program the service.
const SERVER: &str = "server";
const CHECKING_SERVER: &str = "checking-server";

/// Two competitors, the number of jobs at the same time, and how many times as fast the first
/// should be.
const GOALS: [(&str, &str, usize, f64); 8] = [
    (OURS_UREQ, HAND_UREQ, 1, 0.95),
    (OURS_UREQ, HAND_UREQ, 16, 0.95),
    (OURS_HYPER, HAND_HYPER, 1, 0.95),
    (OURS_HYPER, HAND_HYPER, 16, 0.95),
    (OURS_HYPER, BARE_HYPER, 16, 0.80),
    (OURS_HYPER, NAIVE_REQWEST, 1, 1.5),
    (OURS_HYPER, NAIVE_REQWEST, 16, 1.8),
    (OURS_HYPER, PYTHON, 1, 15.0),
];

fn main() -> BenchResult<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [word @ (SERVER | CHECKING_SERVER)] => {
            process::pin_to_processor(true);
            serve(word == CHECKING_SERVER).map(|()| ExitCode::SUCCESS)
        }
        ["--only", name, max_in_flight, jobs, base, ..] => {
            only(name, max_in_flight.parse()?, jobs.parse()?, base).map(|()| ExitCode::SUCCESS)
        }
        _ => compare(),
    }
}

/// Runs one competitor alone, for a profiler, against a service that was started before.
fn only(name: &str, max_in_flight: usize, jobs: usize, base: &str) -> BenchResult<()> {
    let mut field = competitors(&Task::new(base), max_in_flight)?;
    let competitor = field
        .iter_mut()
        .find(|competitor| competitor.name() == name)
        .ok_or("no competitor has this name")?;
    println!(
        "{:.1} us per job",
        competitor.run(jobs)?.as_secs_f64() * 1e6 / jobs as f64
    );
    Ok(())
}

fn compare() -> BenchResult<ExitCode> {
    let checking = Service::start(CHECKING_SERVER)?;
    let service = Service::start(SERVER)?;
    process::pin_to_processor(false);
    let mut bounds = Bounds::new();
    println!(
        "CPU time of the client for one job: a submit of {} and two polls, over loopback; median \
         of {ROUNDS} rounds\n",
        size(LENGTH as u64)
    );
    for max_in_flight in AT_ONCE {
        // First check each competitor: the document arrives and the result is decoded.
        for competitor in &mut everybody(&Task::new(checking.base()), max_in_flight)? {
            competitor.run(max_in_flight)?;
        }
        let mut field = everybody(&Task::new(service.base()), max_in_flight)?;
        let times = measure(&mut field, max_in_flight)?;
        report(&field, &times, max_in_flight, &mut bounds);
    }
    Ok(bounds.finish())
}

fn everybody(task: &Task, max_in_flight: usize) -> BenchResult<Vec<Competitor>> {
    let mut field = competitors(task, max_in_flight)?;
    field.extend(sample(task, max_in_flight)?);
    Ok(field)
}

/// Measures each competitor once in each round, in a changing order.
fn measure(field: &mut [Competitor], max_in_flight: usize) -> BenchResult<Vec<Times>> {
    let mut times = vec![Times::default(); field.len()];
    for round in 0..ROUNDS {
        for index in order(round, field.len()) {
            let jobs = if field[index].name() == PYTHON {
                PYTHON_JOBS
            } else {
                JOBS
            };
            // Warm up.
            field[index].run(max_in_flight)?;
            times[index].push(field[index].run(jobs)?.as_secs_f64() / jobs as f64);
        }
    }
    Ok(times)
}

fn report(field: &[Competitor], times: &[Times], max_in_flight: usize, bounds: &mut Bounds) {
    let find = |name: &str| {
        field
            .iter()
            .position(|competitor| competitor.name() == name)
            .map(|index| &times[index])
    };
    let against = |own: &Times, name: &str| {
        find(name).map_or_else(
            || "-".to_owned(),
            |other| format!("{:.2}", own.faster_than(other)),
        )
    };
    let mut table = Table::new(&[
        &format!("{max_in_flight} at once"),
        "us per job",
        "x bare hyper",
        "x naive reqwest",
        "x the vendor's sample",
    ]);
    for (competitor, own) in field.iter().zip(times) {
        let us = format!("{:.1}", own.median() * 1e6);
        table.row(vec![
            competitor.name().to_owned(),
            us,
            against(own, BARE_HYPER),
            against(own, NAIVE_REQWEST),
            against(own, PYTHON),
        ]);
    }
    if find(PYTHON).is_none() {
        table.row(vec![
            PYTHON.to_owned(),
            "not measured: it needs python3 with requests".to_owned(),
        ]);
    }
    table.print();
    let pairs = [(OURS_UREQ, OURS_UREQ_AGAIN), (OURS_HYPER, OURS_HYPER_AGAIN)];
    let noises = pairs.map(|(one, same)| {
        find(one)
            .zip(find(same))
            .map_or(f64::NAN, |(one, same)| one.noise(same))
    });
    let noise = noises.into_iter().fold(0.0, f64::max);
    let percent = noises.map(|noise| noise * 100.0);
    println!(
        "\nthe same entered twice differs by {:.1} % over ureq, by {:.1} % over hyper\n",
        percent[0], percent[1]
    );
    for (own, other, _, goal) in GOALS
        .into_iter()
        .filter(|(_, _, many, _)| *many == max_in_flight)
    {
        let text = format!("{own} against {other}, {max_in_flight} at once");
        if find(other).is_some() {
            bounds.ratio(&text, ratio(find(own), find(other)), goal, noise);
        }
    }
}

fn ratio(own: Option<&Times>, other: Option<&Times>) -> f64 {
    own.zip(other)
        .map_or(f64::NAN, |(own, other)| own.faster_than(other))
}
