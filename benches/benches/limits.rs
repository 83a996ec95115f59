//! Whether a batch ever exceeds its limits: many kinds of runs, one after the other, in virtual
//! time.
//!
//! Everything in a run follows from its number: the limits, the load, the service, the faults.
//! `-- --long` runs a billion events; `-- --run N` repeats one run.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use typless::machine::{BatchOptions, PollPolicy};
use typless_benches::bounds::Bounds;
use typless_benches::polling::many::load::Load;
use typless_benches::polling::many::ours::{Conditions, Limits, follow};
use typless_benches::polling::many::rate::Rate;
use typless_benches::polling::many::report::Report;
use typless_benches::polling::random::Random;
use typless_benches::polling::trace::TRACES;

/// The minimum number of events (requests, responses, webhooks, documents) in all runs together.
const EVENTS: u64 = 5_000_000;
const LONG: u64 = 1_000_000_000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(flag) = arguments
        .by_ref()
        .find(|argument| argument == "--long" || argument == "--run")
    else {
        return Ok(all(EVENTS));
    };
    if flag == "--long" {
        return Ok(all(LONG));
    }
    let run = Run::new(
        arguments
            .next()
            .ok_or("--run takes the number of the run")?
            .parse()?,
    );
    let report = run.run();
    println!(
        "{run}: {} events, {} breaches",
        report.events, report.breaches
    );
    Ok(if report.breaches == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs until there were this many events, on all processors.
fn all(events: u64) -> ExitCode {
    let (next, seen, breaches) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        while seen.load(Ordering::Relaxed) < events {
            let run = Run::new(next.fetch_add(1, Ordering::Relaxed));
            let report = run.run();
            seen.fetch_add(report.events, Ordering::Relaxed);
            breaches.fetch_add(report.breaches, Ordering::Relaxed);
            if report.breaches > 0 {
                println!("{run}: {} breaches", report.breaches);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
        work();
    });
    let [runs, seen, breaches] = [next, seen, breaches].map(AtomicU64::into_inner);
    let mut bounds = Bounds::new();
    let text = format!(
        "P12 requests that were too early or one too many: {breaches} in {runs} runs of {seen} \
         events, at most 0"
    );
    bounds.bound(&text, breaches == 0);
    bounds.finish()
}

/// One run, as derived from its number.
struct Run {
    number: u64,
    trace: &'static str,
    load: Load,
    options: BatchOptions,
    limits: Limits,
    conditions: Conditions,
}

impl Run {
    fn new(number: u64) -> Self {
        let mut random = Random::new(number.wrapping_mul(0x9e37_79b9));
        let trace = &TRACES[pick(&mut random, TRACES.len())];
        let max_in_flight = between(&mut random, 1.0, 100.0) as usize;
        let limits = Limits {
            rate: rate(&mut random),
            max_in_flight,
            max_submits: 1 + pick(&mut random, max_in_flight),
        };
        let jobs = between(&mut random, 100.0, 20_000.0) as usize;
        let load = if pick(&mut random, 2) == 0 {
            Load::all_at_once(trace.jobs(jobs, number))
        } else {
            Load::steady(trace, (jobs / 8).max(1), 4, number)
        };
        Self {
            number,
            trace: trace.name,
            load,
            options: options(&mut random),
            limits,
            conditions: conditions(&mut random),
        }
    }

    fn run(&self) -> Report {
        follow(
            &self.load,
            self.options.clone(),
            self.limits,
            self.conditions,
        )
        .expect("the document is valid")
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            trace,
            load,
            options,
            limits,
            conditions,
        } = self;
        let come = if load.is_steady {
            "by chance"
        } else {
            "at once"
        };
        write!(
            f,
            "run {number}: {} documents of trace {trace} {come}, {limits:?}, {conditions:?}, \
             {options:?}",
            load.jobs.len()
        )
    }
}

/// Two to two thousand requests per second, over a period of a tenth of a second to a minute.
fn rate(random: &mut Random) -> Rate {
    let (seconds, per_second) = (between(random, 0.1, 60.0), between(random, 2.0, 2000.0));
    let requests = (per_second * seconds).max(1.0) as u32;
    Rate::new(
        requests,
        Duration::from_secs_f64(seconds),
        between(random, 1.0, 200.0) as u32,
    )
}

fn options(random: &mut Random) -> BatchOptions {
    let polls = [
        PollPolicy::eager(),
        PollPolicy::balanced(),
        PollPolicy::frugal(),
        PollPolicy::fixed(Duration::from_secs(2)),
    ];
    let options = BatchOptions::new()
        .with_seed(random.bits())
        .with_poll_policy(polls[pick(random, polls.len())])
        .with_max_unfinished(between(random, 1.0, 10_000.0) as usize)
        .with_retry_budget(between(random, 1.0, 1000.0) as u32);
    match pick(random, 4) {
        0 => options.without_queue(),
        1 => options.without_learning(),
        _ => options,
    }
}

fn conditions(random: &mut Random) -> Conditions {
    Conditions {
        foreign: [0, 0, 0, 1000][pick(random, 4)],
        unlisted: [0.0, 0.0, 0.0, 0.01][pick(random, 4)],
        webhooks: [None, None, Some(0.01), Some(0.5)][pick(random, 4)],
        max_round_trip: [0.0, between(random, 0.001, 20.0)][pick(random, 2)],
        fault_rate: [0.0, 0.03, 0.3][pick(random, 3)],
    }
}

fn pick(random: &mut Random, count: usize) -> usize {
    (random.bits() % count as u64) as usize
}

/// A number between the two, on a logarithmic scale.
fn between(random: &mut Random, min: f64, max: f64) -> f64 {
    min * (max / min).powf(random.share())
}
