//! The blocking driver: on the calling thread, on a few threads, and with a handle that wakes it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{BlockingClock, BlockingTransport, Clock};
use typless::machine::{Failure, Job, JobEventKind, JobOptions, Limits, PollPolicy, Time};
use typless::wire::{Body, Notification};
use typless_transports::blocking::Driver;
use typless_transports::{ManualClock, SystemClock};

use crate::support::{
    Ended, Many, Meeting, Service, api, assert_panic_fails_its_job_alone, document,
};

fn all_events<T: BlockingTransport>(
    driver: &mut Driver<Many, T, impl BlockingClock>,
) -> Vec<Ended> {
    std::iter::from_fn(|| driver.next_event().unwrap()).collect()
}

#[test]
fn as_many_exchanges_are_in_flight_as_there_are_threads() {
    let transport = Meeting::new(8);
    let clock = ManualClock::default();
    let mut driver =
        Driver::new(Many::new(100, 32), transport.clone(), clock.clone()).with_threads(8);
    let mut ended = all_events(&mut driver);
    ended.sort_unstable_by_key(|event| {
        if let Ended::Responded(id) = event {
            *id
        } else {
            panic!("{event:?}")
        }
    });
    assert_eq!(ended, (1..=100).map(Ended::Responded).collect::<Vec<_>>());
    assert_eq!(transport.counts.max_in_flight.load(Ordering::SeqCst), 8);
    assert_eq!(
        clock.now(),
        Time::EPOCH,
        "an exchange in flight takes no virtual time"
    );
}

#[test]
fn without_threads_exchanges_run_one_by_one_on_the_calling_thread() {
    struct SameThread(std::thread::ThreadId);
    impl BlockingTransport for SameThread {
        fn send(&self, _: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
            assert_eq!(std::thread::current().id(), self.0);
            Ok(Response::default())
        }
    }
    let transport = SameThread(std::thread::current().id());
    let mut driver = Driver::new(Many::new(10, 4), &transport, ManualClock::default());
    assert_eq!(
        all_events(&mut driver),
        (1..=10).map(Ended::Responded).collect::<Vec<_>>()
    );
}

#[test]
fn threads_start_when_needed_and_end_with_the_driver() {
    let transport = Meeting::new(2);
    let mut driver =
        Driver::new(Many::new(2, 2), transport.clone(), ManualClock::default()).with_threads(1000);
    assert_eq!(
        Arc::strong_count(&transport.counts),
        2,
        "ours and the driver's: no thread was started yet"
    );
    assert_eq!(all_events(&mut driver).len(), 2);
    assert_eq!(Arc::strong_count(&transport.counts), 4, "two were needed");
    drop(driver);
    let began = Instant::now();
    while Arc::strong_count(&transport.counts) > 1 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "threads are left"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_transport_that_panics_does_not_hang_the_driver() {
    #[derive(Clone)]
    struct Panicking;
    impl BlockingTransport for Panicking {
        fn send(&self, _: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
            panic!("on purpose")
        }
    }
    let mut driver =
        Driver::new(Many::new(6, 3), Panicking, ManualClock::default()).with_threads(2);
    let ended = all_events(&mut driver);
    assert_eq!(ended.len(), 6);
    for event in ended {
        let Ended::Failed(_, message) = event else {
            panic!("{event:?}")
        };
        assert!(
            message.contains("panicked") && !message.contains("on purpose"),
            "{message}"
        );
    }
}

#[test]
fn h05_a_source_that_panics_fails_its_job_with_and_without_threads() {
    for threads in [0, 2] {
        let (service, clock) = (Arc::new(Service::default()), ManualClock::default());
        let run = |document| {
            let options = JobOptions::default();
            let job = Job::submit(&api("http://127.0.0.1:9"), document, options, clock.now());
            let driver = Driver::new(job, service.clone(), &clock);
            match threads {
                0 => driver.finish().unwrap(),
                threads => driver.with_threads(threads).finish().unwrap(),
            }
        };
        assert_panic_fails_its_job_alone(run);
    }
}

#[test]
fn a_pointer_to_a_transport_is_a_transport() {
    let boxed: Box<dyn BlockingTransport> = Box::new(Service::default());
    let shared: Arc<dyn BlockingTransport + Send + Sync> = Arc::new(Service::default());
    let clock = ManualClock::default();
    let job = || {
        Job::submit(
            &api("http://127.0.0.1:9"),
            document("%PDF"),
            JobOptions::default(),
            clock.now(),
        )
    };
    assert!(Driver::new(job(), boxed, &clock).finish().unwrap().is_ok());
    assert!(
        Driver::new(job(), shared, Arc::new(clock.clone()))
            .with_threads(1)
            .finish()
            .unwrap()
            .is_ok()
    );
}

#[test]
fn a_pointer_to_a_machine_or_clock_is_one() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let boxed: Box<dyn BlockingClock> = Box::new(clock.clone());
    let options = JobOptions::default();
    let mut job = Job::submit(
        &api("http://127.0.0.1:9"),
        document("%PDF"),
        options,
        clock.now(),
    );
    // The driver has it for a while.
    assert!(
        Driver::new(&mut job, &service, boxed)
            .finish()
            .unwrap()
            .is_ok()
    );
    assert!(job.ticket().is_some());
    let many = Box::new(Many::new(3, 1));
    let mut driver = Driver::new(many, &service, &clock);
    assert_eq!(
        std::iter::from_fn(|| driver.next_event().unwrap()).count(),
        3
    );
}

#[test]
fn a_handle_wakes_a_driver_that_waits() {
    // The next poll would be due after an hour.
    let policy =
        PollPolicy::frugal().with_gaps(Duration::from_secs(3600), Duration::from_secs(3600));
    let (service, clock) = (Service::default(), SystemClock::new());
    let options = JobOptions::default().with_poll_policy(policy);
    let job = Job::submit(
        &api("http://127.0.0.1:9"),
        document("%PDF"),
        options,
        clock.now(),
    );
    let mut driver = Driver::new(job, &service, clock);
    while !matches!(
        driver.next_event().unwrap().unwrap().kind,
        JobEventKind::Submitted(_)
    ) {}
    let handle = driver.handle();
    let notification = Notification::decode(br#"{"data": {"id": "0d14"}}"#).unwrap();
    let webhook = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(5));
        assert!(handle.push(move |job: &mut Job, now| job.handle_notification(&notification, now)));
        handle
    });
    let mut last = None;
    while let Some(event) = driver.next_event().unwrap() {
        last = Some(event);
    }
    assert!(matches!(last.unwrap().kind, JobEventKind::Finished(Ok(_))));
    let handle = webhook.join().unwrap();
    drop(driver);
    assert!(!handle.push(|_, _| ()), "the driver is gone");
}

#[test]
fn handles_reach_the_machine_while_exchanges_are_in_flight() {
    let transport = Meeting::new(2);
    let (first, second) = (transport.clone(), transport);
    let mut driver = Driver::new(Many::new(1, 1), first, SystemClock::new()).with_threads(2);
    let handle = driver.handle();
    let other = std::thread::spawn(move || {
        handle.push(|many, _| many.note("a webhook"));
        second
            .send(
                crate::support::poll("http://127.0.0.1:9"),
                Limits::default(),
            )
            .unwrap();
    });
    let ended = all_events(&mut driver);
    other.join().unwrap();
    assert!(
        ended.contains(&Ended::Noted("a webhook")) && ended.contains(&Ended::Responded(1)),
        "{ended:?}"
    );
}
