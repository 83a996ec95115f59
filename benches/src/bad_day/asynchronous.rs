//! A day of a client without threads, which asks the queue.

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

use super::Day;
use super::audit::audit;
use super::ledger::Ledger;
use super::scene::Scene;
use crate::process::thread_cpu;

/// Spends the day over `Hyper`, on this thread alone. The service posts nothing, and its queue keeps what was read and forgets some of the rest.
///
/// # Errors
///
/// The system has no port or no thread left.
pub fn on_tokio(scene: &Scene) -> Result<Day, Box<dyn Error>> {
    let listener = scene.silent_service()?;
    let api = Api::new(&listener.base_url(), "any-key")?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (began, cpu_before) = (Instant::now(), thread_cpu());
    let (ledger, sent) = runtime.block_on(async {
        let clock = TokioClock::new();
        let mut batch = Batch::new(&api, scene.client(), clock.now());
        batch.add_all(scene.documents());
        batch.close();
        let mut driver = Driver::new(batch, transport(), clock);
        let mut ledger = Ledger::default();
        while let Some(event) = driver.next_event().await {
            ledger.take(event);
        }
        (ledger, driver.machine().progress())
    });
    let (elapsed, cpu) = (began.elapsed(), thread_cpu() - cpu_before);
    Ok(listener.with_service(|service| audit(scene, &ledger, service, sent, elapsed, cpu)))
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
