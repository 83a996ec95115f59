//! Shows by the accounts of the service what the worker does when processes die. The first lines
//! of `README.md` say how to run it.

mod server;
mod stage;

use std::error::Error;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use stage::{Call, MAX_SUBMITS, Stage};
use tokio::task::JoinHandle;
use typless::machine::{JobError, JobEvent, JobEventKind};
use typless_emulator::{Fault, Faults, Pace, ServiceOptions};

type Outcome<T> = Result<T, Box<dyn Error>>;
type Called = JoinHandle<Result<JobEvent, String>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let only: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    if is_wanted("kills") {
        kills().await?;
    }
    if is_wanted("naive") {
        naive().await?;
    }
    if is_wanted("taken-over") {
        taken_over().await?;
    }
    if is_wanted("webhooks") {
        webhooks().await?;
    }
    if is_wanted("throughput") {
        throughput().await?;
    }
    Ok(())
}

/// A service that needs some seconds for a document, and responds late.
fn slow_service(stage: &Stage, delay: Duration) -> Outcome<ServiceOptions> {
    let late = Faults::new(1.0)
        .with_kinds([Fault::ResponseDelayed])
        .with_delay(delay);
    Ok(ServiceOptions::new()
        .with_pace(Pace::lognormal(Duration::from_secs(4), 0.5))
        .with_faults(late)
        .with_webhook(stage.webhook()?))
}

/// Calls one document after another, evenly within this time.
fn call_all(calls: &[Call], within: Duration) -> Vec<Called> {
    let gap = within / u32::try_from(calls.len()).unwrap_or(u32::MAX);
    let spawn = |(number, call): (u32, &Call)| {
        let call = call.clone();
        tokio::spawn(async move {
            tokio::time::sleep(gap * number).await;
            call.outcome().await
        })
    };
    (0..).zip(calls).map(spawn).collect()
}

/// Kills one worker after another, evenly within this time, and the server once.
async fn kill(stage: &mut Stage, kills: usize, workers: usize, within: Duration) -> Outcome<()> {
    for number in 0..kills {
        tokio::time::sleep(within / kills as u32).await;
        stage.restart_worker(number % workers)?;
        if number == kills / 2 {
            stage.server.restart()?;
        }
    }
    Ok(())
}

/// What became of documents, by their outcomes and by the accounts of the service.
#[derive(Debug, Default)]
struct Accounts {
    successes: usize,
    unknown: usize,
    /// Of these, how many the service has accepted.
    unknown_accepted: usize,
    /// Documents that the service has accepted more than once.
    repeated: usize,
    /// Documents whose outcome does not fit what the service has.
    wrong: usize,
}

async fn settle(stage: &Stage, calls: &[Call], called: Vec<Called>) -> Outcome<Accounts> {
    let mut accounts = Accounts::default();
    for (call, outcome) in calls.iter().zip(join_all(called).await) {
        let accepted = stage.accepted(&call.digest);
        accounts.repeated += usize::from(accepted > 1);
        match outcome??.kind {
            JobEventKind::Finished(Ok(_)) => {
                accounts.successes += 1;
                accounts.wrong += usize::from(accepted == 0);
            }
            JobEventKind::Finished(Err(JobError::SubmitUnknown { .. })) => {
                accounts.unknown += 1;
                accounts.unknown_accepted += usize::from(accepted > 0);
            }
            _ => accounts.wrong += 1,
        }
    }
    Ok(accounts)
}

/// A thousand documents, three workers, twenty kills of workers, one of the server.
async fn kills() -> Outcome<()> {
    const DOCUMENTS: usize = 1000;
    const KILLS: usize = 20;
    const WORKERS: usize = 3;
    let within = Duration::from_secs(60);
    let mut stage = Stage::new(WORKERS, false).await?;
    let delay = Duration::from_millis(200);
    // One of ten requests is refused, to be repeated.
    let kinds = [
        [Fault::ResponseDelayed; 9].as_slice(),
        &[Fault::TooManyRequests],
    ]
    .concat();
    let faults = Faults::new(1.0).with_kinds(kinds).with_delay(delay);
    stage.serve(slow_service(&stage, delay)?.with_faults(faults));
    let calls = stage.documents("kills", DOCUMENTS)?;

    let start = Instant::now();
    let called = call_all(&calls, within);
    kill(&mut stage, KILLS, WORKERS, within).await?;
    let accounts = settle(&stage, &calls, called).await?;
    println!(
        "kills: {DOCUMENTS} documents, {WORKERS} workers, {KILLS} killed, the server once, {} s: \
         {accounts:?}",
        start.elapsed().as_secs(),
    );

    // Called once more, they are the same extractions.
    let before = stage
        .emulator
        .with_service(|service| service.counts().requests);
    let again = call_all(&calls, Duration::from_secs(5));
    let again = settle(&stage, &calls, again).await?;
    let after = stage
        .emulator
        .with_service(|service| service.counts().requests);
    println!(
        "       {:.2} requests a document; called once more: {} requests, {} unknown",
        before as f64 / DOCUMENTS as f64,
        after - before,
        again.unknown,
    );

    let in_flight = MAX_SUBMITS * (KILLS + WORKERS);
    check(accounts.repeated == 0, "a document was submitted twice")?;
    check(accounts.wrong == 0, "a document was lost")?;
    check(
        accounts.unknown <= in_flight,
        "more are unknown than in flight",
    )?;
    check(after == before, "a call was another extraction")
}

/// The same with submits in a step of a single attempt.
async fn naive() -> Outcome<()> {
    const DOCUMENTS: usize = 200;
    const KILLS: usize = 10;
    const WORKERS: usize = 3;
    let within = Duration::from_secs(15);
    let mut stage = Stage::new(WORKERS, true).await?;
    stage.serve(slow_service(&stage, Duration::from_millis(200))?);
    let calls = stage.documents("naive", DOCUMENTS)?;
    let called = call_all(&calls, within);
    kill(&mut stage, KILLS, WORKERS, within).await?;
    let accounts = settle(&stage, &calls, called).await?;
    let accepted = stage.emulator.with_service(|service| service.accepted());
    println!("naive: {DOCUMENTS} documents, {KILLS} killed: {accepted} accepted, {accounts:?}");
    check(
        accounts.repeated > 0,
        "the trial does not find what it is for",
    )
}

/// Invocations that an operator ends, at any moment, and documents that are then called again, as
/// for another version of the worker.
async fn taken_over() -> Outcome<()> {
    const DOCUMENTS: usize = 60;
    let stage = Stage::new(2, false).await?;
    stage.serve(slow_service(&stage, Duration::from_millis(500))?);
    let calls = stage.documents("taken over", DOCUMENTS)?;
    let moments = (0..).map(|number| Duration::from_millis(50) * number);
    let killed = calls.iter().zip(moments);
    let killed = killed.map(|(call, moment)| call.kill_after(&stage, moment));
    for killed in join_all(killed).await {
        killed?;
    }
    let called = call_all(&calls, Duration::from_secs(1));
    let accounts = settle(&stage, &calls, called).await?;
    println!("taken over: {DOCUMENTS} invocations killed, called again: {accounts:?}");
    check(accounts.repeated == 0, "a document was submitted twice")?;
    check(accounts.wrong == 0, "a document was lost")
}

/// How much later than it has finished a document's outcome is there, with webhooks and without.
async fn webhooks() -> Outcome<()> {
    const DOCUMENTS: usize = 20;
    let stage = Stage::new(2, false).await?;
    let mut medians = [0.0, 0.0];
    for (with_webhooks, median) in [true, false].into_iter().zip(&mut medians) {
        let mut lateness = Vec::new();
        for pace in [4, 9, 16].map(Duration::from_secs) {
            let mut options = ServiceOptions::new().with_pace(pace);
            if with_webhooks {
                options = options.with_webhook(stage.webhook()?);
            }
            stage.serve(options);
            let name = format!("webhooks {with_webhooks} {}", pace.as_secs());
            let calls = stage.documents(&name, DOCUMENTS)?;
            let called = calls
                .into_iter()
                .enumerate()
                .map(|(number, call)| async move {
                    tokio::time::sleep(Duration::from_millis(100) * number as u32).await;
                    let start = Instant::now();
                    call.outcome().await?;
                    Ok(start.elapsed().saturating_sub(pace).as_secs_f64())
                });
            let late: Result<Vec<f64>, String> = join_all(called).await.into_iter().collect();
            lateness.extend(late?);
        }
        lateness.sort_by(f64::total_cmp);
        *median = lateness[lateness.len() / 2];
    }
    let [with, without] = medians;
    println!("webhooks: median lateness {with:.2} s with them, {without:.2} s without");
    check(with < without / 2.0, "webhooks do not cut the waits")
}

/// Documents per second with one, two and four workers, as ratios. What bounds them are the submits
/// in flight, as with a service that responds late.
async fn throughput() -> Outcome<()> {
    const DOCUMENTS: usize = 120;
    let mut first = None;
    for workers in [1, 2, 4] {
        let stage = Stage::new(workers, false).await?;
        let options = slow_service(&stage, Duration::from_secs(2))?;
        stage.serve(options.with_pace(Duration::from_secs(1)));
        let calls = stage.documents("throughput", DOCUMENTS)?;
        let start = Instant::now();
        let called = call_all(&calls, Duration::from_secs(1));
        let accounts = settle(&stage, &calls, called).await?;
        let took = start.elapsed().as_secs_f64();
        let first = *first.get_or_insert(took);
        println!("throughput: {workers} workers {:.2}x", first / took);
        check(
            accounts.successes == DOCUMENTS,
            "something else is in the way",
        )?;
    }
    Ok(())
}

fn check(holds: bool, otherwise: &str) -> Outcome<()> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
