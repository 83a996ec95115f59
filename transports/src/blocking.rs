//! The loop on the calling thread.

use typless::drive::{BlockingClock, BlockingTransport};
use typless::machine::{Machine, Output};

/// Drives a machine on the calling thread, one exchange at a time, and hands out its events as they come.
///
/// Pulled, not called back: nothing happens between two calls of [`next_event`](Self::next_event), so what must survive a crash can be stored there, and
/// [`machine_mut`](Self::machine_mut) takes notifications, confirmations and second thoughts. Made by the application; transport and clock may be references.
///
/// ```
/// use typless::machine::{Job, JobEventKind, JobOptions};
/// # use typless::drive::{BlockingTransport, Clock};
/// # use typless::machine::{Failure, Limits};
/// # use typless::wire::{Api, Body, Document};
/// # struct Transport;
/// # impl BlockingTransport for Transport {
/// #     fn send(&self, request: http::Request<Body>, _: Limits) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         let body = if request.method() == "POST" { r#"{"extraction_id": "0d14"}"# } else { r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"# };
/// #         Ok(http::Response::new(bytes::Bytes::from_static(body.as_bytes())))
/// #     }
/// # }
/// use typless_transports::ManualClock;
/// use typless_transports::blocking::Driver;
///
/// # let (transport, clock) = (Transport, ManualClock::default());
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// let job = Job::submit(&api, document, JobOptions::default(), typless::drive::Clock::now(&clock));
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
}

impl<M: Machine, T: BlockingTransport, C: BlockingClock> Driver<M, T, C> {
    /// A driver for this machine.
    pub fn new(machine: M, transport: T, clock: C) -> Self {
        Self { machine, transport, clock }
    }

    /// Works until the next event and hands it out.
    ///
    /// `None` when the machine is done, or when it can't go on without an input of the caller's, such as a confirmation: after that input, call again.
    pub fn next_event(&mut self) -> Option<M::Event> {
        loop {
            match self.machine.next_output(self.clock.now()) {
                Output::Send(transmit) => match self.transport.send(transmit.request, transmit.limits) {
                    Ok(response) => self.machine.handle_response(transmit.id, response, self.clock.now()),
                    Err(failure) => self.machine.handle_failure(transmit.id, failure, self.clock.now()),
                },
                Output::Event(event) => return Some(event),
                Output::Wait(until) => self.clock.sleep_until(until),
                Output::NeedInput | Output::Done => return None,
            }
        }
    }

    /// Works to the end and hands out the last outcome; `None` if the machine came to a stop without one.
    pub fn finish(mut self) -> Option<M::Outcome> {
        let mut last = None;
        while let Some(event) = self.next_event() {
            if let Ok(outcome) = M::into_outcome(event) {
                last = Some(outcome);
            }
        }
        last
    }

    /// The machine, to look at.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to push inputs into between two events.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The machine, when the driver is not needed any more.
    pub fn into_machine(self) -> M {
        self.machine
    }
}
