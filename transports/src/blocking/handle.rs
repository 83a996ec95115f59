//! A hand that reaches into a driver from another thread.

use std::fmt;
use std::sync::{Arc, mpsc};

use typless::machine::Time;

use super::shared::Shared;

/// Something to be done to the machine, at the time it is told.
pub(super) type Input<M> = Box<dyn FnOnce(&mut M, Time) + Send>;

/// Reaches the machine of a [`Driver`](super::Driver) from another thread, and wakes the driver if it waits.
///
/// Made by [`Driver::hand`](super::Driver::hand), for whoever receives webhooks, confirms what is stored, or changes the key. Clones are hands of the same driver.
///
/// ```
/// # use typless::drive::{BlockingTransport, Clock};
/// # use typless::machine::{Failure, Job, JobOptions, Limits};
/// # use typless::wire::{Api, Body, Document, Notification};
/// # struct Transport;
/// # impl BlockingTransport for Transport {
/// #     fn send(&self, request: http::Request<Body>, _: Limits) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         let body = if request.method() == "POST" { r#"{"extraction_id": "0d14"}"# } else { r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"# };
/// #         Ok(http::Response::new(bytes::Bytes::from_static(body.as_bytes())))
/// #     }
/// # }
/// # use typless_transports::{ManualClock, blocking::Driver};
/// # let (transport, clock) = (Transport, ManualClock::default());
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// # let job = Job::submit(&api, document, JobOptions::default(), clock.now());
/// let mut driver = Driver::new(job, &transport, &clock);
/// let hand = driver.hand();
/// std::thread::spawn(move || {
///     // A webhook came in.
///     # let json = br#"{"data": {"id": "0d14"}}"#;
///     if let Ok(notification) = Notification::decode(json) {
///         hand.push(move |job, now| job.handle_notification(&notification, now));
///     }
/// });
/// while let Some(event) = driver.next_event() {
///     println!("{event:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Handle<M> {
    inputs: mpsc::Sender<Input<M>>,
    desk: Arc<Shared>,
}

impl<M> Handle<M> {
    pub(super) fn new(inputs: mpsc::Sender<Input<M>>, desk: Arc<Shared>) -> Self {
        desk.hand_made();
        Self { inputs, desk }
    }

    /// Has this done to the machine before the driver goes on. Says whether the driver was still there to take it.
    ///
    /// Inputs are taken in the order in which they were pushed, each once, and with the time at which they are taken. One that was pushed while nobody drives waits until somebody does.
    pub fn push(&self, input: impl FnOnce(&mut M, Time) + Send + 'static) -> bool {
        let taken = self.inputs.send(Box::new(input)).is_ok();
        self.desk.ring();
        taken
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self::new(self.inputs.clone(), self.desk.clone())
    }
}

impl<M> Drop for Handle<M> {
    fn drop(&mut self) {
        self.desk.hand_gone();
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hand").finish_non_exhaustive()
    }
}
