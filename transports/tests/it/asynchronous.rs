//! The async driver: any executor, cancel-safe, as many exchanges at once as the machine wants.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use typless::drive::Clock;
use typless::machine::{Job, JobEventKind, JobOptions, Time};
use typless_transports::asynchronous::Driver;
use typless_transports::{BoxedTransport, ManualClock};

use crate::support::{
    Ended, Many, Service, Yielding, api, assert_panic_fails_its_job_alone, document, run_until_idle,
};

fn job(clock: &ManualClock, options: JobOptions) -> Job {
    Job::submit(
        &api("http://127.0.0.1:9"),
        document("%PDF"),
        options,
        clock.now(),
    )
}

#[test]
fn a_job_runs_on_an_executor_without_tokio() {
    let (service, clock) = (
        Service {
            polls_needed: 3,
            yields: 2,
            ..Service::default()
        },
        ManualClock::default(),
    );
    let driver = Driver::new(job(&clock, JobOptions::default()), &service, &clock);
    let extraction = smol::block_on(driver.finish()).unwrap().unwrap();
    assert_eq!(extraction.object_id(), Some("1"));
    assert_eq!(service.polls.load(Ordering::SeqCst), 4);
}

#[test]
fn h05_a_source_that_panics_fails_its_job_and_no_other() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let run = |document| {
        let options = JobOptions::default();
        let job = Job::submit(&api("http://127.0.0.1:9"), document, options, clock.now());
        smol::block_on(Driver::new(job, &service, &clock).finish()).unwrap()
    };
    assert_panic_fails_its_job_alone(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_is_spawned_like_any_future() {
    let clock = ManualClock::default();
    let driver = Driver::new(
        job(&clock, JobOptions::default()),
        Arc::new(Service::default()),
        clock.clone(),
    );
    assert!(
        tokio::spawn(driver.finish())
            .await
            .unwrap()
            .unwrap()
            .is_ok()
    );
    let boxed = BoxedTransport::new(Service::default());
    let mut driver = Driver::new(job(&clock, JobOptions::default()), boxed, clock);
    let last = tokio::spawn(async move {
        let mut last = None;
        while let Some(event) = driver.next_event().await {
            last = Some(event);
        }
        last
    });
    assert!(matches!(
        last.await.unwrap().unwrap().kind,
        JobEventKind::Finished(Ok(_))
    ));
}

#[test]
fn as_many_exchanges_are_in_flight_as_the_machine_wants() {
    let (transport, clock) = (
        Yielding {
            times: 50,
            ..Yielding::default()
        },
        ManualClock::default(),
    );
    let mut driver = Driver::new(Many::new(100, 32), &transport, &clock);
    let mut responded = Vec::new();
    smol::block_on(async {
        while let Some(event) = driver.next_event().await {
            let Ended::Responded(id) = event else {
                panic!("{event:?}")
            };
            responded.push(id);
        }
    });
    responded.sort_unstable();
    assert_eq!(responded, (1..=100).collect::<Vec<_>>());
    assert_eq!(transport.counts.max_in_flight.load(Ordering::SeqCst), 32);
    assert_eq!(
        clock.now(),
        Time::EPOCH,
        "an exchange in flight takes no virtual time"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cancellations_lose_no_exchange() {
    const CANCELLATIONS: usize = 10_000;
    let transport = Arc::new(Yielding {
        times: 3,
        ..Yielding::default()
    });
    let mut driver = Driver::new(
        Many::new(u64::MAX, 16),
        transport.clone(),
        ManualClock::default(),
    );
    let (webhook, mut webhooks) = mpsc::channel(1);
    let sender = tokio::spawn(async move { while webhook.send(()).await.is_ok() {} });
    let (mut cancelled, mut responded) = (0, Vec::new());
    loop {
        tokio::select! {
            event = driver.next_event() => match event {
                Some(Ended::Responded(id)) => responded.push(id),
                Some(other) => panic!("{other:?}"),
                None => break,
            },
            Some(()) = webhooks.recv() => {
                cancelled += 1;
                if cancelled == CANCELLATIONS {
                    webhooks.close();
                    driver.machine_mut().stop();
                }
            }
        }
    }
    sender.await.unwrap();
    let started = transport.counts.started.load(Ordering::SeqCst);
    assert_eq!(
        transport.counts.finished.load(Ordering::SeqCst),
        started,
        "exchanges were dropped"
    );
    responded.sort_unstable();
    assert!(
        responded.iter().copied().eq(1..=started as u64),
        "{} responses to {started} exchanges",
        responded.len()
    );
    assert!(started > 100, "{started}");
}

#[test]
fn an_input_between_two_events_takes_effect_immediately() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let mut driver = Driver::new(
        job(&clock, JobOptions::default().with_confirmation()),
        &service,
        &clock,
    );
    smol::block_on(async {
        let event = driver.next_event().await.unwrap();
        assert!(matches!(event.kind, JobEventKind::Submitting { .. }));
        // Nothing is in flight, and the machine needs an input.
        assert!(run_until_idle(driver.next_event()).is_none());
        driver.machine_mut().confirm(event.sequence);
        assert!(matches!(
            driver.next_event().await.unwrap().kind,
            JobEventKind::Submitted(_)
        ));
        driver.machine_mut().abandon(clock.now());
        assert!(matches!(
            driver.next_event().await.unwrap().kind,
            JobEventKind::Finished(Err(_))
        ));
        assert!(driver.next_event().await.is_none());
    });
    assert!(driver.into_machine().ticket().is_some());
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn the_tokio_clock_follows_the_paused_clock_of_tokio() {
    let (service, clock) = (
        Service {
            polls_needed: 5,
            yields: 1,
            ..Service::default()
        },
        typless_transports::TokioClock::new(),
    );
    let began = clock.now();
    let job = Job::submit(
        &api("http://127.0.0.1:9"),
        document("%PDF"),
        JobOptions::default(),
        began,
    );
    Driver::new(job, &service, clock)
        .finish()
        .await
        .unwrap()
        .unwrap();
    let took = clock.now().saturating_since(began);
    assert!((41..60).contains(&took.as_secs()), "{took:?}");
}
