//! The async driver: as many exchanges at once as the machine wants, on any executor.

use std::fmt;
use std::future::{self, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use typless::drive::{AsyncClock, AsyncTransport, MAX_SLEEP};
use typless::machine::{Failure, Machine, Output, RequestId, Time, Transmit};

use crate::handle::{Handle, Inbox};
use crate::in_flight::InFlight;
use crate::stopped::FinishError;
use crate::trace::{DriverSpan, ExchangeSpan};

/// Drives a machine without blocking, and returns its events one by one.
///
/// The application pulls events with [`next_event`](Self::next_event). Nothing happens between two
/// calls, so store there what must survive a crash, and push notifications, documents,
/// confirmations and changes through [`machine_mut`](Self::machine_mut). Other tasks push them
/// through a [`Handle`], which wakes the driver.
///
/// As many exchanges are in flight at once as the machine wants. The driver needs no particular
/// runtime, only what transport and clock need. The transport is cloned for each exchange: it
/// should be cheap to clone, a reference, or an `Arc`. `'t` is its lifetime.
///
/// **Cancel-safe**: the driver owns the exchanges, not the future of `next_event`. That future can
/// be dropped at any point, as `select!` does: no exchange, response or event is lost. Exchanges
/// make progress only while `next_event` is awaited, so long work between two calls delays them.
///
/// **Idle is not done**: while the machine needs an input, as an open batch without documents does,
/// the future is pending. Push the input through a [`Handle`], or drop the future and push it
/// through `machine_mut`, as the other branch of a `select!` can. `None` means that the machine is
/// done.
///
/// ```
/// use typless::machine::{Job, JobEventKind, JobOptions};
/// # use typless::drive::{AsyncTransport, Clock};
/// # use typless::machine::{Failure, Limits};
/// # use typless::wire::{Api, Body, Document};
/// # struct Transport;
/// # impl AsyncTransport for Transport {
/// #     async fn send(
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
/// use typless_transports::asynchronous::Driver;
///
/// # smol::block_on(async {
/// # let (transport, clock) = (Transport, ManualClock::default());
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// let job = Job::submit(&api, document, JobOptions::default(), clock.now());
/// let mut driver = Driver::new(job, &transport, &clock);
/// while let Some(event) = driver.next_event().await {
///     match event.kind {
///         JobEventKind::Submitted(ticket) => println!("keep this: {}", ticket.to_json()),
///         JobEventKind::Finished(outcome) => println!("{outcome:?}"),
///         _ => {}
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Driver<'t, M, T, C> {
    machine: M,
    transport: T,
    clock: C,
    exchanges: FuturesUnordered<Exchange<'t>>,
    in_flight: InFlight,
    /// Where handles leave inputs.
    inbox: Inbox<M>,
    is_done: bool,
    span: DriverSpan,
}

/// What comes next.
enum Step<E> {
    Event(E),
    Done,
    /// Wait for exchanges and inputs, at most until this time.
    WaitUntil(Time),
    /// Wait for exchanges and inputs.
    WaitForInput,
}

/// An exchange in flight.
type Exchange<'t> = Pin<Box<dyn Future<Output = Finished> + Send + 't>>;

struct Finished {
    id: RequestId,
    result: Result<http::Response<Bytes>, Failure>,
    span: ExchangeSpan,
}

impl<'t, M: Machine, T: AsyncTransport + Clone + 't, C: AsyncClock> Driver<'t, M, T, C> {
    /// A driver for this machine.
    pub fn new(machine: M, transport: T, clock: C) -> Self {
        Self {
            machine,
            transport,
            clock,
            exchanges: FuturesUnordered::new(),
            in_flight: InFlight::new(),
            inbox: Inbox::new(Waker::noop().clone()),
            is_done: false,
            span: DriverSpan::new(),
        }
    }

    /// Drives the machine until its next event and returns it. `None` if the machine is done.
    ///
    /// Pending while there is nothing to report. If no exchange is in flight and the machine needs
    /// an input, such as a confirmation, more documents, or `close`, that is until a [`Handle`]
    /// pushes one.
    pub async fn next_event(&mut self) -> Option<M::Event> {
        loop {
            match self.step() {
                Step::Event(event) => return Some(event),
                Step::Done => return None,
                Step::WaitUntil(time) => self.wait(Some(time)).await,
                Step::WaitForInput => self.wait(None).await,
            }
        }
    }

    /// The next event, if there is one without waiting for anything: for group commit, as
    /// [there](crate::blocking::Driver#group-commit).
    ///
    /// Inputs of handles and finished exchanges are taken in, and exchanges start. Call it where
    /// `next_event` is awaited: transports may need the runtime. `None` says nothing about what
    /// comes later: [`is_done`](Self::is_done) says whether anything does.
    pub fn ready_event(&mut self) -> Option<M::Event> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match self.step() {
                Step::Event(event) => return Some(event),
                Step::Done => return None,
                // The next call of `next_event` polls whatever wakes until then.
                Step::WaitUntil(_) | Step::WaitForInput => {
                    match self.exchanges.poll_next_unpin(&mut context) {
                        Poll::Ready(Some(finished)) => self.handle_finished(finished),
                        Poll::Ready(None) | Poll::Pending => return None,
                    }
                }
            }
        }
    }

    /// Drives the machine until it is done, and returns the last outcome: for machines that have
    /// one, such as [`Job`](typless::machine::Job) and [`Call`](typless::machine::Call).
    ///
    /// # Errors
    ///
    /// The machine needs an input, and nobody could push one: no exchange is in flight, and no
    /// [`Handle`] lives. Or there was no outcome.
    pub async fn finish(mut self) -> Result<M::Outcome, FinishError> {
        let mut last = None;
        loop {
            match self.step() {
                Step::Event(event) => {
                    if let Ok(outcome) = M::into_outcome(event) {
                        last = Some(outcome);
                    }
                }
                Step::Done => return last.ok_or(FinishError::NoOutcome),
                Step::WaitUntil(time) => self.wait(Some(time)).await,
                Step::WaitForInput if !self.exchanges.is_empty() => self.wait(None).await,
                Step::WaitForInput => {
                    poll_fn(|context| self.inbox.poll_input_or_deserted(context)).await;
                    if self.inbox.is_deserted() {
                        return Err(FinishError::NeedInput);
                    }
                }
            }
        }
    }

    /// Drives the machine as far as it goes without waiting.
    fn step(&mut self) -> Step<M::Event> {
        loop {
            while let Some(input) = self.inbox.pop() {
                input(&mut self.machine, self.clock.now());
            }
            let now = self.clock.now();
            if let Some(until) = self.reports_until(now) {
                return Step::WaitUntil(until);
            }
            match self.machine.next_output(now) {
                Output::Send(transmit) => self.start(transmit, now),
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

    fn start(&mut self, transmit: Transmit, now: Time) {
        let transport = self.transport.clone();
        let span = self.span.exchange(&transmit, self.exchanges.len(), now);
        let Transmit {
            id,
            request,
            limits,
            ..
        } = transmit;
        self.in_flight.start(id, now + limits.total);
        self.exchanges.push(Box::pin(async move {
            let result = span.instrument(transport.send(request, limits)).await;
            Finished { id, result, span }
        }));
    }

    /// Until when to wait for exchanges whose limit has passed, before the machine sees the time.
    fn reports_until(&mut self, now: Time) -> Option<Time> {
        // A clock that stands still does so until they have reported.
        if self.clock.stands_still() {
            return None;
        }
        self.in_flight.reports_until(now)
    }

    /// Waits until an exchange finishes or a handle pushes an input, at most until `until`, and at
    /// most [`MAX_SLEEP`], unless the clock stands still. A finished exchange goes to the machine
    /// before anything else happens.
    async fn wait(&mut self, until: Option<Time>) {
        let Self {
            clock,
            exchanges,
            inbox,
            ..
        } = self;
        let until = if !clock.stands_still() {
            until.map(|until| until.min(clock.now() + MAX_SLEEP))
        } else if exchanges.is_empty() {
            until
        } else {
            // The clock would jump to a time limit before the exchange can finish.
            None
        };
        let finished = {
            let mut time = pin!(async {
                match until {
                    Some(until) => clock.sleep_until(until).await,
                    None => future::pending().await,
                }
            });
            let finished = poll_fn(|context| {
                if inbox.poll_input(context).is_ready() {
                    return Poll::Ready(None);
                }
                if let Poll::Ready(Some(finished)) = exchanges.poll_next_unpin(context) {
                    return Poll::Ready(Some(finished));
                }
                time.as_mut().poll(context).map(|()| None)
            });
            finished.await
        };
        if let Some(finished) = finished {
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
}

impl<M, T, C> Driver<'_, M, T, C> {
    /// A handle with which other tasks and threads push inputs.
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

    /// Returns the machine. Exchanges in flight are dropped.
    pub fn into_machine(self) -> M {
        self.machine
    }
}

impl<M: fmt::Debug, T, C> fmt::Debug for Driver<'_, M, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("machine", &self.machine)
            .field("in_flight", &self.exchanges.len())
            .finish_non_exhaustive()
    }
}
