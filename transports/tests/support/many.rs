//! A machine that wants many exchanges at once, and transports that tell how many there were.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{AsyncTransport, BlockingTransport};
use typless::machine::{Failure, Limits, Machine, Output, RequestId, Time, Transmit};
use typless::wire::Body;

use super::poll;

/// Wants this many exchanges, so many of them at once, and tells of each how it ended.
pub(crate) struct Many {
    wanted: u64,
    max_in_flight: usize,
    next: u64,
    /// What is out, and until when it is waited for.
    out: BTreeMap<RequestId, Time>,
    events: VecDeque<Ended>,
    pub(crate) notes: Vec<&'static str>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Answered(u64),
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
            out: BTreeMap::new(),
            events: VecDeque::new(),
            notes: Vec::new(),
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
        if self.next < self.wanted && self.out.len() < self.max_in_flight {
            self.next += 1;
            let (id, limits) = (RequestId::new(self.next), Limits::default());
            self.out.insert(id, now + limits.total);
            return Output::Send(Transmit::new(id, poll("http://127.0.0.1:9"), limits));
        }
        match self.out.iter().min_by_key(|(_, until)| **until) {
            Some((id, until)) if *until <= now => {
                let id = *id;
                self.out.remove(&id);
                Output::Event(Ended::TimedOut(id.get()))
            }
            Some((_, until)) => Output::Wait(*until),
            None if self.wanted == u64::MAX => Output::NeedInput,
            None => Output::Done,
        }
    }

    fn handle_response(&mut self, id: RequestId, _: Response<Bytes>, _: Time) {
        if self.out.remove(&id).is_some() {
            self.events.push_back(Ended::Answered(id.get()));
        }
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, _: Time) {
        if self.out.remove(&id).is_some() {
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
    pub(crate) begun: AtomicUsize,
    pub(crate) ended: AtomicUsize,
    pub(crate) out: AtomicUsize,
    pub(crate) most: AtomicUsize,
}

impl Counts {
    pub(crate) fn begin(&self) -> Counted<'_> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.most.fetch_max(
            self.out.fetch_add(1, Ordering::SeqCst) + 1,
            Ordering::SeqCst,
        );
        Counted(self)
    }
}

/// One exchange, for as long as it lasts.
pub(crate) struct Counted<'c>(&'c Counts);

impl Counted<'_> {
    pub(crate) fn end(self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.out.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A transport without a network, whose exchanges come back to the executor this often before they end.
#[derive(Default)]
pub(crate) struct Yielding {
    pub(crate) times: usize,
    pub(crate) counts: Counts,
}

impl AsyncTransport for Yielding {
    async fn send(&self, _: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
        let counted = self.counts.begin();
        for _ in 0..self.times {
            smol::future::yield_now().await;
        }
        counted.end();
        Ok(Response::new(Bytes::from_static(b"{}")))
    }
}

/// A transport whose exchanges wait for each other: none ends before this many are out, once.
#[derive(Clone)]
pub(crate) struct Meeting {
    needed: usize,
    met: Arc<AtomicBool>,
    gate: Arc<(Mutex<usize>, Condvar)>,
    pub(crate) counts: Arc<Counts>,
}

impl Meeting {
    pub(crate) fn of(needed: usize) -> Self {
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
        let counted = self.counts.begin();
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
            "{} of {} exchanges were out at once",
            *guard,
            self.needed
        );
        self.met.store(true, Ordering::SeqCst);
        drop(guard);
        counted.end();
        Ok(Response::new(Bytes::from_static(b"{}")))
    }
}
