//! The loop without a thread: as many exchanges at once as the machine asks for, on any executor.

use std::fmt;
use std::pin::{Pin, pin};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{self, Either};
use futures_util::stream::FuturesUnordered;
use typless::drive::{AsyncClock, AsyncTransport};
use typless::machine::{Failure, Machine, Output, RequestId, Time, Transmit};

use crate::trace::{DriverSpan, ExchangeSpan};

/// Drives a machine without blocking, and hands out its events as they come.
///
/// Pulled, not called back: nothing happens between two calls of [`next_event`](Self::next_event), so what must survive a crash can be stored there, and
/// [`machine_mut`](Self::machine_mut) takes notifications, documents, confirmations and second thoughts. As many exchanges are out at once as the machine asks for. Needs no particular
/// runtime: what transport and clock need is all. Made by the application; the transport is cheap to clone, or a reference, or in an `Arc`. `'t` is how long it lives.
///
/// **Cancel-safe**: exchanges live in the driver, not in the future of `next_event`. It can be dropped at any point, as `select!` does, and called again; no exchange, answer or event is lost. Exchanges go on while
/// it is awaited, so whoever takes long over an event holds them up.
///
/// ```
/// use typless::machine::{Job, JobEventKind, JobOptions};
/// # use typless::drive::{AsyncTransport, Clock};
/// # use typless::machine::{Failure, Limits};
/// # use typless::wire::{Api, Body, Document};
/// # struct Transport;
/// # impl AsyncTransport for Transport {
/// #     async fn send(&self, request: http::Request<Body>, _: Limits) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         let body = if request.method() == "POST" { r#"{"extraction_id": "0d14"}"# } else { r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"# };
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
    in_flight: FuturesUnordered<Exchange<'t>>,
    span: DriverSpan,
}

/// An exchange under way, which becomes its own end.
type Exchange<'t> = Pin<Box<dyn Future<Output = Ended> + Send + 't>>;

struct Ended {
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
            in_flight: FuturesUnordered::new(),
            span: DriverSpan::new(),
        }
    }

    /// Works until the next event and hands it out.
    ///
    /// `None` when the machine is done, or when it can't go on without an input of the caller's, such as a confirmation, and no exchange is out: after that input, call again.
    pub async fn next_event(&mut self) -> Option<M::Event> {
        loop {
            let now = self.clock.now();
            match self.machine.next_output(now) {
                Output::Send(transmit) => self.begin(transmit, now),
                Output::Event(event) => return Some(event),
                Output::Wait(until) => self.wait(Some(until)).await,
                Output::NeedInput if self.in_flight.is_empty() => return None,
                Output::NeedInput => self.wait(None).await,
                Output::Done => return None,
            }
        }
    }

    /// Works to the end and hands out the last outcome; `None` if the machine came to a stop without one.
    pub async fn finish(mut self) -> Option<M::Outcome> {
        let mut last = None;
        while let Some(event) = self.next_event().await {
            if let Ok(outcome) = M::into_outcome(event) {
                last = Some(outcome);
            }
        }
        last
    }

    fn begin(
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
        self.in_flight.push(Box::pin(async move {
            let result = span.instrument(transport.send(request, limits)).await;
            Ended { id, result, span }
        }));
    }

    /// Waits for an exchange to end, and no longer than this; what has ended is told to the machine before anything else can happen.
    async fn wait(&mut self, until: Option<Time>) {
        let ended = match until {
            Some(until) if self.in_flight.is_empty() => return self.clock.sleep_until(until).await,
            Some(until) if !self.clock.stands_still() => {
                let time = pin!(self.clock.sleep_until(until));
                match future::select(self.in_flight.next(), time).await {
                    Either::Left((ended, _)) => ended,
                    Either::Right(_) => None,
                }
            }
            // A clock that stands still would jump to a time limit before the exchange had a chance to end.
            _ => self.in_flight.next().await,
        };
        if let Some(ended) = ended {
            self.take(ended);
        }
    }

    fn take(&mut self, Ended { id, result, span }: Ended) {
        let now = self.clock.now();
        span.ended(&result, now);
        match result {
            Ok(response) => self.machine.handle_response(id, response, now),
            Err(failure) => self.machine.handle_failure(id, failure, now),
        }
    }
}

impl<M, T, C> Driver<'_, M, T, C> {
    /// The machine, to poll.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to push inputs into between two events.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The machine, when the driver is not needed any more. Exchanges that are out are broken off.
    pub fn into_machine(self) -> M {
        self.machine
    }
}

impl<M: fmt::Debug, T, C> fmt::Debug for Driver<'_, M, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("machine", &self.machine)
            .field("in_flight", &self.in_flight.len())
            .finish_non_exhaustive()
    }
}
