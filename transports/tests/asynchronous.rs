//! The async driver: on any executor, cancel-safe, as many exchanges at once as the machine asks for.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use support::{Ended, Many, Service, Yielding, api, document};
use tokio::sync::mpsc;
use typless::drive::Clock;
use typless::machine::{Job, JobEventKind, JobOptions, Time};
use typless_transports::asynchronous::Driver;
use typless_transports::{BoxedTransport, ManualClock};

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
fn as_many_exchanges_are_out_as_the_machine_asks_for() {
    let (transport, clock) = (
        Yielding {
            times: 50,
            ..Yielding::default()
        },
        ManualClock::default(),
    );
    let mut driver = Driver::new(Many::new(100, 32), &transport, &clock);
    let mut answered = Vec::new();
    smol::block_on(async {
        while let Some(event) = driver.next_event().await {
            let Ended::Answered(id) = event else {
                panic!("{event:?}")
            };
            answered.push(id);
        }
    });
    answered.sort_unstable();
    assert_eq!(answered, (1..=100).collect::<Vec<_>>());
    assert_eq!(transport.counts.most.load(Ordering::SeqCst), 32);
    assert_eq!(
        clock.now(),
        Time::EPOCH,
        "an exchange that is out takes no virtual time"
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
    let (mut cancelled, mut answered) = (0, Vec::new());
    loop {
        tokio::select! {
            event = driver.next_event() => match event {
                Some(Ended::Answered(id)) => answered.push(id),
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
    let begun = transport.counts.begun.load(Ordering::SeqCst);
    assert_eq!(
        transport.counts.ended.load(Ordering::SeqCst),
        begun,
        "exchanges were dropped"
    );
    answered.sort_unstable();
    assert!(
        answered.iter().copied().eq(1..=begun as u64),
        "{} answers to {begun} exchanges",
        answered.len()
    );
    assert!(begun > 100, "{begun}");
}

#[test]
fn what_is_done_to_the_machine_between_events_counts_at_once() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let mut driver = Driver::new(
        job(&clock, JobOptions::default().with_confirmation()),
        &service,
        &clock,
    );
    smol::block_on(async {
        let event = driver.next_event().await.unwrap();
        assert!(matches!(event.kind, JobEventKind::Submitting { .. }));
        // Nothing is out, and nothing can happen without us.
        assert!(driver.next_event().await.is_none());
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
async fn the_tokio_clock_follows_the_one_of_tokio() {
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
