//! A machine that wants many exchanges at once, and transports that count them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{AsyncTransport, BlockingTransport};
use typless::machine::{Failure, Limits, Machine, Output, Purpose, RequestId, Time, Transmit};
use typless::wire::Body;

use super::poll;

/// Wants `wanted` exchanges, up to `max_in_flight` of them at once, and reports how each ended.
pub(crate) struct Many {
    wanted: u64,
    max_in_flight: usize,
    next: u64,
    /// What is in flight, and until when to wait for it.
    in_flight: BTreeMap<RequestId, Time>,
    events: VecDeque<Ended>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Responded(u64),
    Failed(u64, String),
    TimedOut(u64),
    Noted(&'static str),
}

impl Many {
    pub(crate) fn new(wanted: u64, max_in_flight: usize) -> Self {
        Self {
            wanted,
            max_in_flight,
            next: 0,
            in_flight: BTreeMap::new(),
            events: VecDeque::new(),
        }
    }

    /// Wants no more.
    pub(crate) fn stop(&mut self) {
        self.wanted = self.next;
    }

    pub(crate) fn note(&mut self, note: &'static str) {
        self.events.push_back(Ended::Noted(note));
    }
}

impl Machine for Many {
    type Event = Ended;
    type Outcome = ();

    fn next_output(&mut self, now: Time) -> Output<Ended> {
        if let Some(event) = self.events.pop_front() {
            return Output::Event(event);
        }
        if self.next < self.wanted && self.in_flight.len() < self.max_in_flight {
            self.next += 1;
            let (id, limits) = (RequestId::new(self.next), Limits::default());
            self.in_flight.insert(id, now + limits.total);
            let request = poll("http://127.0.0.1:9");
            return Output::Send(Transmit::new(id, Purpose::Poll, request, limits));
        }
        match self.in_flight.iter().min_by_key(|(_, until)| **until) {
            Some((id, until)) if *until <= now => {
                let id = *id;
                self.in_flight.remove(&id);
                Output::Event(Ended::TimedOut(id.get()))
            }
            Some((_, until)) => Output::Wait(*until),
            None if self.wanted == u64::MAX => Output::NeedInput,
            None => Output::Done,
        }
    }

    fn handle_response(&mut self, id: RequestId, _: Response<Bytes>, _: Time) {
        if self.in_flight.remove(&id).is_some() {
            self.events.push_back(Ended::Responded(id.get()));
        }
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, _: Time) {
        if self.in_flight.remove(&id).is_some() {
            self.events
                .push_back(Ended::Failed(id.get(), failure.to_string()));
        }
    }

    fn into_outcome(event: Ended) -> Result<(), Ended> {
        Err(event)
    }
}

/// How many exchanges there were.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) started: AtomicUsize,
    pub(crate) finished: AtomicUsize,
    pub(crate) in_flight: AtomicUsize,
    pub(crate) max_in_flight: AtomicUsize,
}

impl Counts {
    pub(crate) fn start(&self) -> Counted<'_> {
        self.started.fetch_add(1, Ordering::SeqCst);
        self.max_in_flight.fetch_max(
            self.in_flight.fetch_add(1, Ordering::SeqCst) + 1,
            Ordering::SeqCst,
        );
        Counted(self)
    }
}

/// One exchange, for as long as it lasts.
pub(crate) struct Counted<'c>(&'c Counts);

impl Counted<'_> {
    pub(crate) fn finish(self) {
        self.0.finished.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A transport without a network, whose exchanges yield to the executor `times` times.
#[derive(Default)]
pub(crate) struct Yielding {
    pub(crate) times: usize,
    pub(crate) counts: Counts,
}

impl AsyncTransport for Yielding {
    async fn send(&self, _: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
        let counted = self.counts.start();
        for _ in 0..self.times {
            smol::future::yield_now().await;
        }
        counted.finish();
        Ok(Response::new(Bytes::from_static(b"{}")))
    }
}

/// A transport whose exchanges wait for each other: none finishes before `needed` are in flight.
#[derive(Clone)]
pub(crate) struct Meeting {
    needed: usize,
    met: Arc<AtomicBool>,
    gate: Arc<(Mutex<usize>, Condvar)>,
    pub(crate) counts: Arc<Counts>,
}

impl Meeting {
    pub(crate) fn new(needed: usize) -> Self {
        Self {
            needed,
            met: Arc::default(),
            gate: Arc::default(),
            counts: Arc::default(),
        }
    }
}

impl BlockingTransport for Meeting {
    fn send(&self, _: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
        let counted = self.counts.start();
        let (here, more) = &*self.gate;
        let mut here = here.lock().unwrap();
        *here += 1;
        more.notify_all();
        let missing = |here: &mut usize| *here < self.needed && !self.met.load(Ordering::SeqCst);
        let (guard, timeout) = more
            .wait_timeout_while(here, Duration::from_secs(30), missing)
            .unwrap();
        assert!(
            !timeout.timed_out(),
            "{} of {} exchanges were in flight at once",
            *guard,
            self.needed
        );
        self.met.store(true, Ordering::SeqCst);
        drop(guard);
        counted.finish();
        Ok(Response::new(Bytes::from_static(b"{}")))
    }
}
