//! A run of a client with threads, which receives webhooks.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{BlockingTransport, Clock};
use typless::machine::{Batch, Failure, Limits};
use typless::wire::{Api, Body};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;
use typless_transports::ureq::Ureq;

use super::RunReport;
use super::audit::audit;
use super::outcome_log::OutcomeLog;
use super::receiver::Receiver;
use super::scenario::Scenario;
use crate::process::thread_cpu;

/// Runs over `Ureq`, with one thread for each request in flight. The service sends webhooks, and
/// removes fetched results from the queue.
///
/// # Errors
///
/// The system has no free port or thread.
pub fn over_threads(scenario: &Scenario) -> Result<RunReport, Box<dyn Error>> {
    let receiver = Receiver::new()?;
    let listener = scenario.service_with_webhooks(&receiver.url())?;
    let api = Api::new(&listener.base_url(), "any-key")?;
    let (clock, transport) = (SystemClock::new(), Metered::default());
    let (began, cpu_before) = (Instant::now(), thread_cpu());
    let mut batch = Batch::new(&api, scenario.client(), clock.now());
    batch.add_all(scenario.documents());
    batch.close();
    let mut driver =
        Driver::new(batch, transport.clone(), clock).with_threads(scenario.limits.in_flight);
    let handle = driver.handle();
    receiver.receive(move |notification| {
        handle.push(move |batch: &mut Batch, now| batch.handle_notification(&notification, now));
    })?;
    let mut log = OutcomeLog::default();
    while let Some(event) = driver.next_event()? {
        log.take(event);
    }
    let (elapsed, cpu) = (began.elapsed(), thread_cpu() - cpu_before + transport.cpu());
    let sent = driver.machine().progress();
    Ok(listener.with_service(|service| audit(scenario, &log, service, sent, elapsed, cpu)))
}

/// A transport that sums up the CPU time of its requests, on any thread.
#[derive(Debug, Clone, Default)]
struct Metered {
    transport: Ureq,
    nanoseconds: Arc<AtomicU64>,
}

impl Metered {
    fn cpu(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }
}

impl BlockingTransport for Metered {
    fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        let before = thread_cpu();
        let result = self.transport.send(request, limits);
        let spent = u64::try_from((thread_cpu() - before).as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(spent, Ordering::Relaxed);
        result
    }
}
