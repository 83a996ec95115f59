//! A day of a client with threads, which is told by webhooks.

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

use super::Day;
use super::audit::audit;
use super::ledger::Ledger;
use super::receiver::Receiver;
use super::scene::Scene;
use crate::process::thread_cpu;

/// Spends the day over `Ureq`, on as many threads as requests may be out. The service posts messages, and takes what was read off the queue.
///
/// # Errors
///
/// The system has no port or no thread left.
pub fn over_threads(scene: &Scene) -> Result<Day, Box<dyn Error>> {
    let receiver = Receiver::new()?;
    let listener = scene.talkative_service(&receiver.url())?;
    let api = Api::new(&listener.base_url(), "any-key")?;
    let (clock, transport) = (SystemClock::new(), Metered::default());
    let (began, cpu_before) = (Instant::now(), thread_cpu());
    let mut batch = Batch::new(&api, scene.client(), clock.now());
    batch.add_all(scene.documents());
    batch.close();
    let mut driver =
        Driver::new(batch, transport.clone(), clock).with_threads(scene.limits.in_flight);
    let hand = driver.handle();
    receiver.receive(move |notification| {
        hand.push(move |batch: &mut Batch, now| batch.handle_notification(&notification, now));
    })?;
    let mut ledger = Ledger::default();
    while let Some(event) = driver.next_event() {
        ledger.take(event);
    }
    let (elapsed, cpu) = (began.elapsed(), thread_cpu() - cpu_before + transport.cpu());
    let sent = driver.machine().progress();
    Ok(listener.with_service(|service| audit(scene, &ledger, service, sent, elapsed, cpu)))
}

/// A transport that adds up the CPU time of its exchanges, on whatever threads they are.
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
