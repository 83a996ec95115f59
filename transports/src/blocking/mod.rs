//! The blocking driver: one exchange at a time on the calling thread, or several on other threads.

mod handle;
mod shared;
mod thread_pool;

use std::sync::{Arc, mpsc};

use typless::drive::{BlockingClock, BlockingTransport, MAX_SLEEP};
use typless::machine::{Machine, Output, Time, Transmit};

use crate::in_flight::InFlight;
use crate::trace::DriverSpan;
pub use handle::Handle;
use handle::Input;
use shared::{Finished, Shared, Task};
use thread_pool::ThreadPool;

/// Drives a machine and returns its events one by one.
///
/// Exchanges run on the calling thread, one at a time, or on a bounded set of threads
/// ([`with_threads`](Self::with_threads)). The application pulls events with
/// [`next_event`](Self::next_event). The machine decides nothing between two calls, so store there
/// what must survive a crash, and push notifications, confirmations and changes through
/// [`machine_mut`](Self::machine_mut). Other threads push them through a [`Handle`], which wakes
/// the driver. Transport and clock may be references.
///
/// ```
/// use typless::machine::{Job, JobEventKind, JobOptions};
/// # use typless::drive::{BlockingTransport, Clock};
/// # use typless::machine::{Failure, Limits};
/// # use typless::wire::{Api, Body, Document};
/// # struct Transport;
/// # impl BlockingTransport for Transport {
/// #     fn send(
/// #         &self,
/// #         request: http::Request<Body>,
/// #         _: Limits,
/// #     ) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         let body = if request.method() == "POST" {
/// #             r#"{"extraction_id": "0d14"}"#
/// #         } else {
/// #             r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"#
/// #         };
/// #         Ok(http::Response::new(bytes::Bytes::from_static(body.as_bytes())))
/// #     }
/// # }
/// use typless_transports::ManualClock;
/// use typless_transports::blocking::Driver;
///
/// # let (transport, clock) = (Transport, ManualClock::default());
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// let now = typless::drive::Clock::now(&clock);
/// let job = Job::submit(&api, document, JobOptions::default(), now);
/// let mut driver = Driver::new(job, &transport, &clock);
/// while let Some(event) = driver.next_event() {
///     match event.kind {
///         JobEventKind::Submitted(ticket) => println!("keep this: {}", ticket.to_json()),
///         JobEventKind::Finished(outcome) => println!("{outcome:?}"),
///         _ => {}
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Driver<M, T, C> {
    machine: M,
    transport: T,
    clock: C,
    /// Where threads and handles leave responses and inputs.
    shared: Arc<Shared>,
    inputs: (mpsc::Sender<Input<M>>, mpsc::Receiver<Input<M>>),
    thread_pool: Option<ThreadPool<T>>,
    /// The exchanges on other threads.
    in_flight: InFlight,
    span: DriverSpan,
}

impl<M: Machine, T: BlockingTransport, C: BlockingClock> Driver<M, T, C> {
    /// A driver for this machine that performs its exchanges on the calling thread.
    pub fn new(machine: M, transport: T, clock: C) -> Self {
        Self {
            machine,
            transport,
            clock,
            shared: Arc::default(),
            inputs: mpsc::channel(),
            thread_pool: None,
            in_flight: InFlight::new(),
            span: DriverSpan::new(),
        }
    }

    /// Performs exchanges on other threads, at most this many at once. 0 counts as 1.
    ///
    /// Each thread has a clone of the transport. A thread is started when it is needed, and ends
    /// with the driver, after the exchange that it performs at that time. While all threads are
    /// busy, the machine cannot start more exchanges: use at least as many threads as the machine
    /// may have exchanges in flight.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self
    where
        T: Clone + Send + 'static,
    {
        self.thread_pool = Some(ThreadPool::new(threads.max(1), self.shared.clone()));
        self
    }

    /// A handle with which another thread can push inputs while this one waits in
    /// [`next_event`](Self::next_event).
    pub fn handle(&self) -> Handle<M> {
        Handle::new(self.inputs.0.clone(), self.shared.clone())
    }

    /// Drives the machine until its next event and returns it.
    ///
    /// `None` if the machine is done, or if no exchange is in flight and the machine needs an input
    /// of the caller, such as a confirmation. In that case, call again after that input.
    /// [`wait_for_input`](Self::wait_for_input) waits for an input from a [`Handle`].
    pub fn next_event(&mut self) -> Option<M::Event> {
        loop {
            self.handle_received();
            if self.thread_pool.as_ref().is_some_and(ThreadPool::is_busy) {
                self.shared.wait(None);
                continue;
            }
            let now = self.clock.now();
            if let Some(until) = self.reports_until(now) {
                self.shared.wait(Some(until.saturating_since(now)));
                continue;
            }
            match self.machine.next_output(now) {
                Output::Send(transmit) => self.perform(transmit, now),
                Output::Event(event) => return Some(event),
                Output::Wait(until) => self.wait(until),
                Output::NeedInput if self.in_flight() == 0 => return None,
                Output::NeedInput => self.shared.wait(None),
                Output::Done => return None,
            }
        }
    }

    /// Drives the machine until [`next_event`](Self::next_event) returns `None`, and returns the
    /// last outcome. `None` if there was no outcome.
    pub fn finish(mut self) -> Option<M::Outcome> {
        let mut last = None;
        while let Some(event) = self.next_event() {
            if let Ok(outcome) = M::into_outcome(event) {
                last = Some(outcome);
            }
        }
        last
    }

    /// Waits until a [`Handle`] has pushed an input, and applies it. `false` if there is no input
    /// and no handle is left.
    pub fn wait_for_input(&mut self) -> bool {
        loop {
            // In this order: an input pushed by the last handle is received before its count is 0.
            let handles = self.shared.handles();
            if self.apply_inputs() {
                return true;
            }
            if handles == 0 {
                return false;
            }
            self.shared.wait(None);
        }
    }

    fn in_flight(&self) -> usize {
        self.thread_pool.as_ref().map_or(0, ThreadPool::in_flight)
    }

    fn perform(
        &mut self,
        Transmit {
            id,
            request,
            limits,
            ..
        }: Transmit,
        now: Time,
    ) {
        let span = self.span.exchange(id, &request, now);
        let task = Task {
            id,
            request,
            limits,
            span,
        };
        let rejected = match &mut self.thread_pool {
            Some(pool) => pool.submit(task, &self.transport),
            None => Some(task),
        };
        if rejected.is_none() {
            self.in_flight.start(id, now + limits.total);
        }
        if let Some(task) = rejected {
            let finished = task.perform(&self.transport);
            self.handle_finished(finished);
        }
    }

    fn handle_received(&mut self) {
        self.apply_inputs();
        while let Some(finished) = self
            .thread_pool
            .as_mut()
            .and_then(ThreadPool::take_finished)
        {
            self.handle_finished(finished);
        }
    }

    /// Applies the inputs that handles have pushed. `true` if there was any.
    fn apply_inputs(&mut self) -> bool {
        let mut any = false;
        while let Ok(input) = self.inputs.1.try_recv() {
            input(&mut self.machine, self.clock.now());
            any = true;
        }
        any
    }

    fn handle_finished(&mut self, Finished { id, result, span }: Finished) {
        self.in_flight.finish(id);
        let now = self.clock.now();
        span.finish(&result, now);
        match result {
            Ok(response) => self.machine.handle_response(id, response, now),
            Err(failure) => self.machine.handle_failure(id, failure, now),
        }
    }

    /// Until when to wait for exchanges whose limit has passed, before the machine sees the time.
    fn reports_until(&mut self, now: Time) -> Option<Time> {
        // A clock that stands still does so until they have reported.
        if self.clock.stands_still() {
            return None;
        }
        self.in_flight.reports_until(now)
    }

    /// Waits until this time, a finished exchange, or an input. It may return early: it waits at
    /// most [`MAX_SLEEP`], unless the clock stands still.
    fn wait(&self, until: Time) {
        let wakers = self.shared.wakers();
        if self.in_flight() == 0
            && !wakers.is_woken
            && (wakers.handles == 0 || self.clock.stands_still())
        {
            // Nothing else can wake the driver, and a clock may sleep in its own way.
            self.clock.sleep_until(self.bounded(until));
        } else if self.clock.stands_still() {
            // It would jump to a time limit before the exchange can finish.
            self.shared.wait(None);
        } else {
            let now = self.clock.now();
            self.shared
                .wait(Some(until.saturating_since(now).min(MAX_SLEEP)));
        }
    }

    /// This time, or the time by which the clock is read again.
    fn bounded(&self, until: Time) -> Time {
        if self.clock.stands_still() {
            until
        } else {
            until.min(self.clock.now() + MAX_SLEEP)
        }
    }
}

impl<M, T, C> Driver<M, T, C> {
    /// The machine, to inspect.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to push inputs into between two events.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Returns the machine. The results of exchanges in flight are discarded.
    pub fn into_machine(self) -> M {
        self.machine
    }
}
