//! The async driver: as many exchanges at once as the machine wants, on any executor.

use std::fmt;
use std::pin::{Pin, pin};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{self, Either};
use futures_util::stream::FuturesUnordered;
use typless::drive::{AsyncClock, AsyncTransport, MAX_SLEEP};
use typless::machine::{Failure, Machine, Output, RequestId, Time, Transmit};

use crate::in_flight::InFlight;
use crate::trace::{DriverSpan, ExchangeSpan};

/// Drives a machine without blocking, and returns its events one by one.
///
/// The application pulls events with [`next_event`](Self::next_event). Nothing happens between two
/// calls, so store there what must survive a crash, and push notifications, documents,
/// confirmations and changes through [`machine_mut`](Self::machine_mut). As many exchanges are in
/// flight at once as the machine wants. The driver needs no particular runtime, only what transport
/// and clock need. The transport is cloned for each exchange: it should be cheap to clone, a
/// reference, or an `Arc`. `'t` is its lifetime.
///
/// **Cancel-safe**: the driver owns the exchanges, not the future of `next_event`. That future can
/// be dropped at any point, as `select!` does: no exchange, response or event is lost. Exchanges
/// make progress only while `next_event` is awaited, so long work between two calls delays them.
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
    span: DriverSpan,
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
            span: DriverSpan::new(),
        }
    }

    /// Drives the machine until its next event and returns it.
    ///
    /// `None` if the machine is done, or if no exchange is in flight and the machine needs an input
    /// of the caller, such as a confirmation. In that case, call again after that input.
    pub async fn next_event(&mut self) -> Option<M::Event> {
        loop {
            let now = self.clock.now();
            if let Some(until) = self.reports_until(now) {
                self.wait(Some(until)).await;
                continue;
            }
            match self.machine.next_output(now) {
                Output::Send(transmit) => self.start(transmit, now),
                Output::Event(event) => return Some(event),
                Output::Wait(until) => self.wait(Some(until)).await,
                Output::NeedInput if self.exchanges.is_empty() => return None,
                Output::NeedInput => self.wait(None).await,
                Output::Done => return None,
            }
        }
    }

    /// Drives the machine until [`next_event`](Self::next_event) returns `None`, and returns the
    /// last outcome. `None` if there was no outcome.
    pub async fn finish(mut self) -> Option<M::Outcome> {
        let mut last = None;
        while let Some(event) = self.next_event().await {
            if let Ok(outcome) = M::into_outcome(event) {
                last = Some(outcome);
            }
        }
        last
    }

    fn start(
        &mut self,
        Transmit {
            id,
            request,
            limits,
            ..
        }: Transmit,
        now: Time,
    ) {
        let transport = self.transport.clone();
        let span = self.span.exchange(id, &request, now);
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

    /// Waits until an exchange finishes, at most until `until`, and at most [`MAX_SLEEP`], unless
    /// the clock stands still. A finished exchange goes to the machine before anything else
    /// happens.
    async fn wait(&mut self, until: Option<Time>) {
        let until = until.map(|until| {
            if self.clock.stands_still() {
                until
            } else {
                until.min(self.clock.now() + MAX_SLEEP)
            }
        });
        let finished = match until {
            Some(until) if self.exchanges.is_empty() => return self.clock.sleep_until(until).await,
            Some(until) if !self.clock.stands_still() => {
                let time = pin!(self.clock.sleep_until(until));
                match future::select(self.exchanges.next(), time).await {
                    Either::Left((finished, _)) => finished,
                    Either::Right(_) => None,
                }
            }
            // A clock that stands still would jump to a time limit before the exchange can finish.
            _ => self.exchanges.next().await,
        };
        if let Some(finished) = finished {
            self.handle(finished);
        }
    }

    fn handle(&mut self, Finished { id, result, span }: Finished) {
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
