//! Idle is not done, in either driver: who waits, who is woken, and who says that nobody could.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

#[cfg(feature = "tokio")]
use typless::drive::Clock;
use typless::machine::{Batch, BatchEvent, BatchEventKind, BatchOptions, Job, JobEventKind};
use typless::machine::{JobOptions, Machine, Time};
use typless_transports::{FinishError, Handle, ManualClock, NeedInput, asynchronous, blocking};

use crate::support::{Ended, Many, Service, Woken, Yielding, api, document, run_until_idle};

const BASE: &str = "http://127.0.0.1:9";

/// An open batch without documents.
fn idle(options: BatchOptions) -> Batch {
    Batch::new(&api(BASE), options, Time::EPOCH)
}

fn submit_and_close(batch: &mut Batch, now: Time) {
    batch.add(document("%PDF"), now);
    batch.close();
}

/// A job that waits for a confirmation.
fn unconfirmed() -> Job {
    let options = JobOptions::new().with_confirmation();
    Job::submit(&api(BASE), document("%PDF"), options, Time::EPOCH)
}

/// How many jobs finished with a result.
fn results(events: impl IntoIterator<Item = BatchEvent>) -> usize {
    let outcomes = events
        .into_iter()
        .filter_map(|event| Batch::into_outcome(event).ok());
    outcomes.filter(|outcome| outcome.result.is_ok()).count()
}

/// Other work goes on beside an idle batch, on one thread: the future is pending, as a driver that
/// was ready at once would let nothing else run.
#[cfg(feature = "tokio")]
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_select_loop_with_an_idle_batch_does_its_other_work() {
    use std::time::Duration;

    let (service, clock) = (Service::default(), typless_transports::TokioClock::new());
    let batch = Batch::new(&api(BASE), BatchOptions::new(), clock.now());
    let mut driver = asynchronous::Driver::new(batch, &service, clock);
    let mut other_work = tokio::time::interval(Duration::from_secs(600));
    let (mut ticks, mut rounds, mut events) = (0, 0, Vec::new());
    loop {
        rounds += 1;
        assert!(rounds < 1000, "it spins");
        tokio::select! {
            event = driver.next_event() => match event {
                Some(event) => events.push(event),
                None => break,
            },
            _ = other_work.tick() => {
                ticks += 1;
                match ticks {
                    5 => {
                        driver.machine_mut().add(document("%PDF"), clock.now());
                    }
                    10 => driver.machine_mut().close(),
                    _ => {}
                }
            }
        }
        assert!(!driver.is_done());
    }
    assert_eq!((ticks, results(events)), (10, 1));
    assert!(driver.is_done());
}

#[test]
fn a_handle_wakes_an_async_driver_that_is_idle() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let mut driver = asynchronous::Driver::new(idle(BatchOptions::new()), &service, &clock);
    let handle = driver.handle();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    {
        let mut event = pin!(driver.next_event());
        let mut context = Context::from_waker(&waker);
        assert!(event.as_mut().poll(&mut context).is_pending());
        assert!(!woken.take(), "it spins");
        assert!(handle.clone().push(submit_and_close));
        assert!(woken.take());
        assert!(matches!(
            event.as_mut().poll(&mut context),
            Poll::Ready(Some(_))
        ));
    }
    let events = std::iter::from_fn(|| smol::block_on(driver.next_event()));
    assert_eq!(results(events), 1);
    assert!(driver.is_done());
    drop(driver);
    assert!(!handle.push(|_, _| ()), "the driver is gone");
}

#[test]
fn a_dropped_future_gives_the_machine_back_and_an_input_is_not_lost() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let mut driver = asynchronous::Driver::new(unconfirmed(), &service, &clock);
    let event = run_until_idle(driver.next_event()).unwrap().unwrap();
    let handle = driver.handle();
    for _ in 0..3 {
        assert!(run_until_idle(driver.next_event()).is_none());
    }
    // Nobody awaits it now.
    handle.push(move |job, _| job.confirm(event.sequence));
    let next = run_until_idle(driver.next_event()).unwrap().unwrap();
    assert!(matches!(next.kind, JobEventKind::Submitted(_)), "{next:?}");
}

#[test]
fn a_blocking_driver_says_that_nobody_could_wake_it() {
    for threads in [0, 2] {
        let (service, clock) = (Arc::new(Service::default()), ManualClock::default());
        let mut driver = blocking::Driver::new(idle(BatchOptions::new()), service, clock);
        if threads > 0 {
            driver = driver.with_threads(threads);
        }
        assert_eq!(driver.next_event().err(), Some(NeedInput));
        assert_eq!(driver.next_event().err(), Some(NeedInput));
        assert!(!driver.is_done());
        submit_and_close(driver.machine_mut(), Time::EPOCH);
        let events = std::iter::from_fn(|| driver.next_event().unwrap());
        assert_eq!(results(events), 1);
        assert!(driver.is_done());
    }
}

#[test]
fn a_blocking_driver_waits_as_long_as_a_handle_lives() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let mut driver = blocking::Driver::new(idle(BatchOptions::new()), &service, clock);
    let handle = driver.handle();
    let other = std::thread::spawn(move || {
        let handles = [handle.clone(), handle];
        for handle in handles {
            std::thread::sleep(std::time::Duration::from_millis(2));
            handle.push(|batch, now| {
                batch.add(document("%PDF"), now);
            });
        }
    });
    let mut events = Vec::new();
    let end = loop {
        match driver.next_event() {
            Ok(Some(event)) => events.push(event),
            end => break end,
        }
    };
    other.join().unwrap();
    // Both handles are gone, and nobody has closed it.
    assert_eq!(end.err(), Some(NeedInput));
    assert_eq!(results(events), 2);
}

#[test]
fn finish_never_takes_idle_for_an_outcome() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let finish = |job| blocking::Driver::new(job, &service, &clock).finish();
    assert_eq!(finish(unconfirmed()).err(), Some(FinishError::NeedInput));
    let finish = |job| smol::block_on(asynchronous::Driver::new(job, &service, &clock).finish());
    assert_eq!(finish(unconfirmed()).err(), Some(FinishError::NeedInput));
    // One job has an outcome, and another waits.
    let mut batch = idle(BatchOptions::new());
    batch.add(document("%PDF"), Time::EPOCH);
    let driver = asynchronous::Driver::new(batch, &service, &clock);
    let finished = smol::block_on(driver.finish());
    assert_eq!(finished.err(), Some(FinishError::NeedInput));
    let mut empty = idle(BatchOptions::new());
    empty.close();
    let driver = blocking::Driver::new(empty, &service, &clock);
    assert_eq!(driver.finish().err(), Some(FinishError::NoOutcome));
}

#[test]
fn an_async_finish_waits_as_long_as_a_handle_lives() {
    let (service, clock) = (Service::default(), ManualClock::default());
    for is_pushed in [true, false] {
        let driver = asynchronous::Driver::new(idle(BatchOptions::new()), &service, &clock);
        let handle = driver.handle();
        let other = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(2));
            if is_pushed {
                handle.push(submit_and_close);
            }
        });
        let finished = smol::block_on(driver.finish());
        other.join().unwrap();
        match finished {
            Ok(outcome) => assert!(is_pushed && outcome.result.is_ok()),
            Err(error) => assert_eq!((error, is_pushed), (FinishError::NeedInput, false)),
        }
    }
}

/// The numbers of events of each kind.
fn kinds(group: &[BatchEvent]) -> (usize, usize) {
    let count = |is_kind: fn(&JobEventKind) -> bool| {
        let of_kind = group.iter().filter(|event| match &event.kind {
            BatchEventKind::Job { event, .. } => is_kind(event),
            _ => false,
        });
        of_kind.count()
    };
    (
        count(|event| matches!(event, JobEventKind::Submitting { .. })),
        count(|event| matches!(event, JobEventKind::Submitted(_))),
    )
}

/// A batch of eight documents, whose submits wait for their confirmation.
fn eight() -> Batch {
    let options = BatchOptions::new()
        .with_confirmation()
        .with_max_submits(8)
        .with_max_in_flight(8)
        .with_poll_policy(typless::machine::PollPolicy::frugal());
    let mut batch = idle(options);
    for _ in 0..8 {
        batch.add(document("%PDF"), Time::EPOCH);
    }
    batch.close();
    batch
}

#[test]
fn ready_event_returns_a_group_to_store_with_one_write() {
    let (transport, clock) = (Service::default(), ManualClock::default());
    let mut driver = asynchronous::Driver::new(eight(), &transport, &clock);
    assert!(driver.ready_event().is_some(), "without an executor");
    let mut groups = vec![(1, 0)];
    while let Some(event) = smol::block_on(driver.next_event()) {
        let mut group = vec![event];
        group.extend(std::iter::from_fn(|| driver.ready_event()));
        groups.push(kinds(&group));
        let last = group.last().unwrap().sequence;
        driver.machine_mut().confirm(last);
    }
    // What was announced is stored together, and so is what came of it meanwhile.
    assert_eq!(groups[..3], [(1, 0), (7, 0), (0, 8)]);
    assert!(driver.is_done());
}

#[test]
fn ready_event_waits_for_nothing() {
    let (transport, clock) = (Yielding::default(), ManualClock::default());
    let transport = Arc::new(transport);
    // An exchange that yields is not ready, and is not lost.
    let slow = Arc::new(Yielding {
        times: 3,
        ..Yielding::default()
    });
    let mut driver = asynchronous::Driver::new(Many::new(2, 2), slow, &clock);
    assert_eq!(driver.ready_event(), None);
    assert!(!driver.is_done());
    let events = std::iter::from_fn(|| smol::block_on(driver.next_event()));
    assert_eq!(events.count(), 2);
    // Those that are over at once are.
    let mut driver = asynchronous::Driver::new(Many::new(2, 2), transport, &clock);
    let events = std::iter::from_fn(|| driver.ready_event());
    assert_eq!(events.count(), 2);
    assert!(driver.is_done());
}

#[test]
fn a_blocking_ready_event_leaves_an_exchange_of_this_thread_to_next_event() {
    let service = Service::default();
    let (job, clock) = (
        Job::submit(&api(BASE), document("%PDF"), JobOptions::new(), Time::EPOCH),
        ManualClock::default(),
    );
    let mut driver = blocking::Driver::new(job, &service, &clock);
    let submitting = driver.ready_event().unwrap();
    assert!(matches!(submitting.kind, JobEventKind::Submitting { .. }));
    assert!(driver.ready_event().is_none() && driver.ready_event().is_none());
    let submitted = driver.next_event().unwrap().unwrap();
    assert!(matches!(submitted.kind, JobEventKind::Submitted(_)));
    assert!(driver.ready_event().is_none(), "the poll is due later");
    assert_eq!(service.polls.load(Ordering::SeqCst), 0);
    assert!(driver.finish().unwrap().is_ok());
}

#[test]
fn inputs_of_a_handle_are_applied_in_order_and_dropped_with_the_driver() {
    let clock = ManualClock::default();
    let transport = Yielding::default();
    let mut driver = asynchronous::Driver::new(Many::new(u64::MAX, 0), &transport, &clock);
    let handle: Handle<Many> = driver.handle();
    for note in ["one", "two", "three"] {
        assert!(handle.push(move |many, _| many.note(note)));
    }
    let notes: Vec<_> = std::iter::from_fn(|| driver.ready_event()).collect();
    assert_eq!(notes, ["one", "two", "three"].map(Ended::Noted));
    // An input that owns a handle does not keep anything alive.
    let (value, own) = (Arc::new(()), handle.clone());
    let held = value.clone();
    handle.push(move |_, _| drop((held, own)));
    drop(driver);
    assert_eq!(Arc::strong_count(&value), 1);
    assert!(!handle.push(|_, _| ()));
}

#[test]
fn handles_go_to_any_thread_and_drivers_are_spawned() {
    fn assert_handle<H: Clone + Send + Sync + 'static>(_: &H) {}
    fn assert_send<S: Send>(_: S) {}
    let (service, clock) = (Service::default(), ManualClock::default());
    let mut driver = asynchronous::Driver::new(idle(BatchOptions::new()), Arc::new(service), clock);
    assert_handle(&driver.handle());
    assert_send(driver.next_event());
    assert_send(driver.finish());
}
