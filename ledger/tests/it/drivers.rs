//! With the drivers of `typless-transports`, blocking and async.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use typless::drive::{AsyncTransport, BlockingTransport, Clock};
use typless::machine::{BatchEventKind, Failure, JobEventKind, Limits};
use typless::wire::Body;
use typless_ledger::Outcome;
use typless_transports::{ManualClock, asynchronous, blocking};

use crate::support::{START, Service, World, document, key};

/// The service of a world, for a driver.
#[derive(Clone)]
struct Transport {
    service: Arc<Mutex<Service>>,
    clock: ManualClock,
}

impl Transport {
    fn new(world: &mut World, clock: &ManualClock) -> Self {
        Self {
            service: Arc::new(Mutex::new(std::mem::take(&mut world.service))),
            clock: clock.clone(),
        }
    }

    fn exchange(&self, request: &Request<Body>) -> Result<http::Response<Bytes>, Failure> {
        let mut service = self.service.lock().unwrap();
        let now = self.clock.now();
        match request.uri().query() {
            None if request.method() == "POST" => service.submit(request.body(), now),
            Some(query) if query.contains("extraction_id") => Ok(service.poll(query, now)),
            _ => Ok(http::Response::new(Bytes::from(
                r#"{"extraction_ids": []}"#,
            ))),
        }
    }
}

impl BlockingTransport for Transport {
    fn send(&self, request: Request<Body>, _: Limits) -> Result<http::Response<Bytes>, Failure> {
        self.exchange(&request)
    }
}

impl AsyncTransport for Transport {
    async fn send(
        &self,
        request: Request<Body>,
        _: Limits,
    ) -> Result<http::Response<Bytes>, Failure> {
        self.exchange(&request)
    }
}

fn assert_all_succeeded(world: &World, transport: &Transport, count: usize) {
    let service = transport.service.lock().unwrap();
    assert_eq!(service.accepted(), count);
    let ledger = world.open();
    for number in 0..count {
        let outcome = ledger.outcome(&key(number)).unwrap().unwrap();
        assert_eq!(outcome.code, Outcome::SUCCESS);
    }
}

#[test]
fn a_blocking_driver_with_threads_and_group_commit() {
    let mut world = World::new();
    let clock = ManualClock::new(START);
    let transport = Transport::new(&mut world, &clock);
    for _ in 0..2 {
        let (mut session, mut batch) = world.start();
        session.recover(&mut batch, |_| None, START).unwrap();
        for number in 0..20 {
            batch.add(document(number), START).unwrap();
        }
        batch.close();
        let mut driver = blocking::Driver::new(batch, transport.clone(), &clock).with_threads(4);
        while let Some(event) = driver.next_event().unwrap() {
            session.record(driver.machine(), &event, clock.now());
            while let Some(event) = driver.ready_event() {
                session.record(driver.machine(), &event, clock.now());
            }
            session.commit(driver.machine_mut(), clock.now()).unwrap();
        }
    }
    assert_all_succeeded(&world, &transport, 20);
}

#[test]
fn an_async_driver_with_a_ledger_on_another_thread() {
    let mut world = World::new();
    let clock = ManualClock::new(START);
    let transport = Transport::new(&mut world, &clock);
    let (mut session, mut batch) = world.start();
    for number in 0..20 {
        batch.add(document(number), START).unwrap();
    }
    batch.close();
    let mut driver = asynchronous::Driver::new(batch, &transport, &clock);
    let handle = driver.handle();
    smol::block_on(async {
        let mut finished = 0;
        while let Some(event) = driver.next_event().await {
            session.record(driver.machine(), &event, clock.now());
            if let BatchEventKind::Job {
                event: JobEventKind::Finished(_),
                ..
            } = event.kind
            {
                finished += 1;
            }
            let now = clock.now();
            // The executor does not wait for the disk.
            let (back, stored) = smol::unblock(move || {
                let stored = session.store(now).unwrap();
                (session, stored)
            })
            .await;
            session = back;
            assert!(handle.push(move |batch, now| drop(stored.apply(batch, now))));
        }
        assert_eq!(finished, 20);
    });
    assert_all_succeeded(&world, &transport, 20);
}
