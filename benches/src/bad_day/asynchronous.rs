//! A run of an async client, which uses the queue.

use std::error::Error;
use std::time::{Duration, Instant};

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::runtime;
use typless::drive::Clock;
use typless::machine::Batch;
use typless::wire::Api;
use typless_transports::TokioClock;
use typless_transports::asynchronous::Driver;
use typless_transports::hyper::{EarlyResponses, Hyper};

use super::RunReport;
use super::audit::audit;
use super::outcome_log::OutcomeLog;
use super::scenario::Scenario;
use crate::process::thread_cpu;

/// Runs over `Hyper`, on this thread alone. The service sends no webhooks; its queue keeps fetched
/// results, and omits some of the others.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn on_tokio(scenario: &Scenario) -> Result<RunReport, Box<dyn Error>> {
    let listener = scenario.service_without_webhooks()?;
    let api = Api::new(&listener.base_url(), "any-key")?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (began, cpu_before) = (Instant::now(), thread_cpu());
    let (log, sent) = runtime.block_on(async {
        let clock = TokioClock::new();
        let mut batch = Batch::new(&api, scenario.client(), clock.now());
        batch.add_all(scenario.documents());
        batch.close();
        let mut driver = Driver::new(batch, transport(), clock);
        let mut log = OutcomeLog::default();
        while let Some(event) = driver.next_event().await {
            log.take(event);
        }
        (log, driver.machine().progress())
    });
    let (elapsed, cpu) = (began.elapsed(), thread_cpu() - cpu_before);
    Ok(listener.with_service(|service| audit(scenario, &log, service, sent, elapsed, cpu)))
}

fn transport() -> Hyper<EarlyResponses<HttpConnector>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(4))
        .pool_timer(TokioTimer::new())
        .build(EarlyResponses::new(connector));
    Hyper::from(client)
}
