//! Faults of time that a clock or a driver meets, T11 and T12: a system that was asleep, a process
//! that was stopped.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{
    AsyncClock, AsyncTransport, BlockingClock, BlockingTransport, Clock, MAX_SLEEP,
};
use typless::machine::{
    Failure, Job, JobError, JobEventKind, JobOptions, Limits, PollPolicy, Time,
};
use typless::wire::Body;
use typless_transports::{Handle, asynchronous, blocking};

use crate::support::{Service, api, document};

const HOUR: Duration = Duration::from_secs(3600);

/// A clock that does not stand still. A sleep takes no time here, and during the sleep with the
/// number `asleep_in` the system is asleep for a day.
#[derive(Debug, Clone)]
struct LeapingClock {
    now: Arc<Mutex<Time>>,
    asleep_in: usize,
    sleeps: Arc<Mutex<Vec<Duration>>>,
}

impl LeapingClock {
    fn new(asleep_in: usize) -> Self {
        Self {
            now: Arc::new(Mutex::new(Time::from_unix_seconds(1_700_000_000))),
            asleep_in,
            sleeps: Arc::default(),
        }
    }

    fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = *now + by;
    }

    fn sleep(&self, until: Time) {
        let left = until.saturating_since(self.now());
        let mut sleeps = self.sleeps.lock().unwrap();
        sleeps.push(left);
        self.advance(if sleeps.len() == self.asleep_in {
            24 * HOUR
        } else {
            left
        });
    }
}

impl Clock for LeapingClock {
    fn now(&self) -> Time {
        *self.now.lock().unwrap()
    }
}

impl BlockingClock for LeapingClock {
    fn sleep_until(&self, time: Time) {
        self.sleep(time);
    }
}

impl AsyncClock for LeapingClock {
    async fn sleep_until(&self, time: Time) {
        self.sleep(time);
    }
}

/// A job that is polled each hour.
fn hourly(clock: &LeapingClock) -> Job {
    let options = JobOptions::new()
        .with_poll_policy(PollPolicy::fixed(HOUR))
        .with_deadline(72 * HOUR);
    Job::submit(
        &api("http://127.0.0.1:9"),
        document("%PDF"),
        options,
        clock.now(),
    )
}

/// Drives a job that needs three polls with either driver; returns how long that took.
fn drive(clock: &LeapingClock, is_async: bool) -> Duration {
    let service = Service {
        polls_needed: 2,
        ..Service::default()
    };
    let (job, began) = (hourly(clock), clock.now());
    let outcome = if is_async {
        smol::block_on(asynchronous::Driver::new(job, &service, clock).finish())
    } else {
        blocking::Driver::new(job, &service, clock).finish()
    };
    assert!(outcome.unwrap().is_ok());
    clock.now().saturating_since(began)
}

#[test]
fn t11_a_driver_reads_its_clock_at_least_each_30_seconds() {
    for is_async in [false, true] {
        let clock = LeapingClock::new(usize::MAX);
        assert_eq!(drive(&clock, is_async), 3 * HOUR);
        let sleeps = clock.sleeps.lock().unwrap();
        assert!(sleeps.iter().all(|sleep| *sleep <= MAX_SLEEP), "{sleeps:?}");
        assert_eq!(sleeps.len(), 360, "and no more often");
    }
}

#[test]
fn t11_what_became_due_while_the_system_was_asleep_is_done_at_once() {
    for is_async in [false, true] {
        // Half an hour before the first poll.
        let clock = LeapingClock::new(60);
        let took = drive(&clock, is_async);
        let expected = 59 * MAX_SLEEP + 24 * HOUR + 2 * HOUR;
        assert_eq!(took, expected, "one poll is due when it wakes");
    }
}

/// A transport whose first exchange is stopped together with the driver, for 70 s: the driver wakes
/// first.
#[derive(Clone)]
struct Stopped {
    clock: LeapingClock,
    /// Wakes the driver.
    handle: Arc<Mutex<Option<Handle<Job>>>>,
    exchanges: Arc<AtomicUsize>,
    service: Arc<Service>,
}

impl Stopped {
    fn new(clock: &LeapingClock) -> Self {
        Self {
            clock: clock.clone(),
            handle: Arc::default(),
            exchanges: Arc::default(),
            service: Arc::default(),
        }
    }

    fn is_first(&self) -> bool {
        self.exchanges.fetch_add(1, Ordering::SeqCst) == 0
    }
}

const STOP: Duration = Duration::from_secs(70);

impl BlockingTransport for Stopped {
    fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        if self.is_first() {
            self.clock.advance(STOP);
            if let Some(handle) = &*self.handle.lock().unwrap() {
                handle.push(|_, _| ());
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        BlockingTransport::send(&*self.service, request, limits)
    }
}

impl AsyncTransport for Stopped {
    async fn send(
        &self,
        request: Request<Body>,
        limits: Limits,
    ) -> Result<Response<Bytes>, Failure> {
        if self.is_first() {
            self.clock.advance(STOP);
            smol::future::yield_now().await;
        }
        AsyncTransport::send(&*self.service, request, limits).await
    }
}

#[test]
fn t12_a_driver_lets_exchanges_report_before_the_machine_sees_that_a_limit_has_passed() {
    let clock = LeapingClock::new(usize::MAX);
    let transport = Stopped::new(&clock);
    let driver = asynchronous::Driver::new(hourly(&clock), transport, clock);
    let outcome = smol::block_on(driver.finish()).unwrap();
    assert!(outcome.is_ok(), "{outcome:?}");

    let clock = LeapingClock::new(usize::MAX);
    let transport = Stopped::new(&clock);
    // A spare thread, so that the driver does not wait for this exchange alone.
    let mut driver =
        blocking::Driver::new(hourly(&clock), transport.clone(), clock).with_threads(2);
    *transport.handle.lock().unwrap() = Some(driver.handle());
    let event = std::iter::from_fn(|| driver.next_event().unwrap())
        .find(|event| !matches!(event.kind, JobEventKind::Submitting { .. }))
        .unwrap();
    assert!(
        matches!(event.kind, JobEventKind::Submitted(_)),
        "{event:?}"
    );
    transport.handle.lock().unwrap().take();
}

#[test]
fn t12_a_transport_that_never_reports_is_not_waited_for_without_end() {
    struct Silent(LeapingClock);
    impl AsyncTransport for &Silent {
        async fn send(&self, _: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
            self.0.advance(STOP);
            std::future::pending().await
        }
    }
    let clock = LeapingClock::new(usize::MAX);
    let silent = Silent(clock.clone());
    let began = clock.now();
    let driver = asynchronous::Driver::new(hourly(&clock), &silent, &clock);
    let outcome = smol::block_on(driver.finish()).unwrap();
    assert!(
        matches!(outcome, Err(JobError::SubmitUnknown { .. })),
        "{outcome:?}"
    );
    let took = clock.now().saturating_since(began);
    assert_eq!(took, STOP + Duration::from_secs(5));
}

/// The clock of tokio is moved past the limit when the response is in the socket, as it is for a
/// process that was stopped. What ureq does is in the tests of its module.
#[cfg(feature = "hyper")]
#[tokio::test(start_paused = true)]
async fn t12_a_response_that_came_while_the_process_was_stopped_counts() {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use crate::support::{hyper, poll, response};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let is_received = Arc::new(AtomicUsize::new(0));
    let received = is_received.clone();
    let (stopped, is_stopped) = std::sync::mpsc::channel::<()>();
    let (responded, has_responded) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        received.store(1, Ordering::SeqCst);
        is_stopped.recv().unwrap();
        stream.write_all(&response("200 OK", "", "{}")).unwrap();
        responded.send(()).unwrap();
        stream
    });
    let transport = hyper();
    let exchange = AsyncTransport::send(&transport, poll(&url), Limits::default());
    let stop = async {
        // Always ready, so that the paused clock does not move by itself.
        while is_received.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        // This thread is the whole runtime: nothing is read while it is stopped.
        stopped.send(()).unwrap();
        has_responded.recv().unwrap();
        tokio::time::advance(STOP).await;
    };
    let (result, ()) = tokio::join!(exchange, stop);
    assert_eq!(result.unwrap().status(), 200);
    drop(server.join());
}
