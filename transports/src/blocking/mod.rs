//! The blocking driver: one exchange at a time on the calling thread, or several on other threads.

mod shared;
mod thread_pool;

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use typless::drive::{BlockingClock, BlockingTransport, MAX_SLEEP};
use typless::machine::{Machine, Output, Time, Transmit};

use crate::handle::{Handle, Inbox};
use crate::in_flight::InFlight;
use crate::stopped::{FinishError, NeedInput};
use crate::trace::DriverSpan;
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
/// | what there is to do | [`next_event`](Self::next_event) |
/// | --- | --- |
/// | an event is ready | `Ok(Some(event))` |
/// | an exchange is in flight, or something is due later | waits |
/// | the machine needs an input, and a [`Handle`] lives | waits |
/// | the machine needs an input, and nobody could push one | `Err(NeedInput)` |
/// | the machine is done | `Ok(None)` |
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
/// while let Some(event) = driver.next_event()? {
///     match event.kind {
///         JobEventKind::Submitted(ticket) => println!("keep this: {}", ticket.to_json()),
///         JobEventKind::Finished(outcome) => println!("{outcome:?}"),
///         _ => {}
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Group commit
///
/// A write to stable storage takes as long for fifty events as for one.
/// [`ready_event`](Self::ready_event) returns what is ready without waiting:
///
/// ```
/// # use typless::drive::{BlockingClock, BlockingTransport};
/// # use typless::machine::{Batch, BatchEvent};
/// # use typless_transports::{NeedInput, blocking::Driver};
/// # fn store(_: &[BatchEvent]) {}
/// # fn run(
/// #     mut driver: Driver<Batch, impl BlockingTransport, impl BlockingClock>,
/// # ) -> Result<(), NeedInput> {
/// // The batch has `BatchOptions::with_confirmation`.
/// while let Some(event) = driver.next_event()? {
///     let mut group = vec![event];
///     while let Some(event) = driver.ready_event() {
///         group.push(event);
///     }
///     store(&group); // one write for all
///     if let Some(last) = group.last() {
///         driver.machine_mut().confirm(last.sequence);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Driver<M, T, C> {
    machine: M,
    transport: T,
    clock: C,
    /// Where threads leave responses.
    shared: Arc<Shared>,
    /// Where handles leave inputs.
    inbox: Inbox<M>,
    thread_pool: Option<ThreadPool<T>>,
    /// An exchange to perform on the calling thread.
    next_task: Option<Task>,
    /// The exchanges on other threads.
    in_flight: InFlight,
    is_done: bool,
    span: DriverSpan,
}

/// What comes next.
enum Step<E> {
    Event(E),
    Done,
    /// Perform the next task on this thread.
    Perform,
    /// Wait until an exchange has finished.
    WaitForThread,
    /// Wait so long for exchanges that may report.
    WaitForReports(Duration),
    WaitUntil(Time),
    WaitForInput,
}

impl<M: Machine, T: BlockingTransport, C: BlockingClock> Driver<M, T, C> {
    /// A driver for this machine that performs its exchanges on the calling thread.
    pub fn new(machine: M, transport: T, clock: C) -> Self {
        let shared = Arc::<Shared>::default();
        Self {
            machine,
            transport,
            clock,
            inbox: Inbox::new(Waker::from(shared.clone())),
            shared,
            thread_pool: None,
            next_task: None,
            in_flight: InFlight::new(),
            is_done: false,
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

    /// Drives the machine until its next event and returns it. `None` if the machine is done.
    ///
    /// # Errors
    ///
    /// The machine needs an input, such as a confirmation, more documents, or `close`, and nobody
    /// could push one: no [`Handle`] lives. Push it through [`machine_mut`](Self::machine_mut),
    /// then call again.
    pub fn next_event(&mut self) -> Result<Option<M::Event>, NeedInput> {
        loop {
            match self.step() {
                Step::Event(event) => return Ok(Some(event)),
                Step::Done => return Ok(None),
                Step::Perform => {
                    if let Some(task) = self.next_task.take() {
                        let finished = task.perform(&self.transport);
                        self.handle_finished(finished);
                    }
                }
                Step::WaitForReports(left) => self.shared.wait(Some(left)),
                Step::WaitUntil(time) => self.wait(time),
                Step::WaitForInput if self.in_flight() == 0 && self.inbox.is_deserted() => {
                    return Err(NeedInput);
                }
                Step::WaitForInput | Step::WaitForThread => self.shared.wait(None),
            }
        }
    }

    /// The next event, if there is one without waiting for anything: for group commit, see
    /// [above](Self#group-commit).
    ///
    /// Inputs of handles and responses of other threads are taken in. Exchanges start on other
    /// threads; one for the calling thread is left to [`next_event`](Self::next_event). `None` says
    /// nothing about what comes later: [`is_done`](Self::is_done) says whether anything does.
    pub fn ready_event(&mut self) -> Option<M::Event> {
        match self.step() {
            Step::Event(event) => Some(event),
            _ => None,
        }
    }

    /// Drives the machine until it is done, and returns the last outcome: for machines that have
    /// one, such as [`Job`](typless::machine::Job) and [`Call`](typless::machine::Call).
    ///
    /// # Errors
    ///
    /// As [`next_event`](Self::next_event), or there was no outcome. To continue with the machine,
    /// use `next_event`.
    pub fn finish(mut self) -> Result<M::Outcome, FinishError> {
        let mut last = None;
        while let Some(event) = self.next_event()? {
            if let Ok(outcome) = M::into_outcome(event) {
                last = Some(outcome);
            }
        }
        last.ok_or(FinishError::NoOutcome)
    }

    /// Drives the machine as far as it goes without waiting.
    fn step(&mut self) -> Step<M::Event> {
        loop {
            self.handle_received();
            if self.thread_pool.as_ref().is_some_and(ThreadPool::is_busy) {
                return Step::WaitForThread;
            }
            self.next_task = self.next_task.take().and_then(|task| self.start(task));
            if self.next_task.is_some() {
                return Step::Perform;
            }
            let now = self.clock.now();
            if let Some(until) = self.reports_until(now) {
                return Step::WaitForReports(until.saturating_since(now));
            }
            match self.machine.next_output(now) {
                Output::Send(transmit) => self.next_task = Some(self.task(transmit, now)),
                Output::Event(event) => return Step::Event(event),
                Output::Wait(until) => return Step::WaitUntil(until),
                Output::NeedInput => return Step::WaitForInput,
                Output::Done => {
                    self.is_done = true;
                    return Step::Done;
                }
            }
        }
    }

    fn in_flight(&self) -> usize {
        self.thread_pool.as_ref().map_or(0, ThreadPool::in_flight)
    }

    fn task(&self, transmit: Transmit, now: Time) -> Task {
        let span = self.span.exchange(&transmit, self.in_flight(), now);
        let Transmit {
            id,
            request,
            limits,
            ..
        } = transmit;
        Task {
            id,
            request,
            limits,
            sent_at: now,
            span,
        }
    }

    /// Gives a task to another thread. Returns one for this thread.
    fn start(&mut self, task: Task) -> Option<Task> {
        let Some(pool) = &mut self.thread_pool else {
            return Some(task);
        };
        let (id, end) = (task.id, task.sent_at + task.limits.total);
        let rejected = pool.submit(task, &self.transport);
        if rejected.is_none() {
            self.in_flight.start(id, end);
        }
        rejected
    }

    fn handle_received(&mut self) {
        while let Some(input) = self.inbox.pop() {
            input(&mut self.machine, self.clock.now());
        }
        while let Some(finished) = self
            .thread_pool
            .as_mut()
            .and_then(ThreadPool::take_finished)
        {
            self.handle_finished(finished);
        }
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
        // In this order: what the last handle pushed has woken the driver before that handle was
        // dropped.
        let has_handles = self.inbox.has_handles();
        let can_be_woken = self.in_flight() > 0
            || (has_handles && !self.clock.stands_still())
            || self.shared.is_woken();
        if !can_be_woken {
            // A clock may sleep in its own way.
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
    /// A handle with which other threads push inputs. While one lives,
    /// [`next_event`](Self::next_event) waits for them.
    pub fn handle(&self) -> Handle<M> {
        self.inbox.handle()
    }

    /// Whether the machine has said that it is done: there will be no event. Events that are ready
    /// come before that.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

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
