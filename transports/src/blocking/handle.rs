//! A handle to push inputs into a driver from another thread.

use std::fmt;
use std::sync::{Arc, mpsc};

use typless::machine::Time;

use super::shared::Shared;

/// An input to the machine, called with the current time.
pub(super) type Input<M> = Box<dyn FnOnce(&mut M, Time) + Send>;

/// Pushes inputs into the machine of a [`Driver`](super::Driver) from another thread.
///
/// For threads that receive webhooks, confirm stored events, or change the key. A push wakes the
/// driver if it waits. [`Driver::handle`](super::Driver::handle) makes one; clones belong to the
/// same driver.
///
/// ```
/// # use typless::drive::{BlockingTransport, Clock};
/// # use typless::machine::{Failure, Job, JobOptions, Limits};
/// # use typless::wire::{Api, Body, Document, Notification};
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
/// # use typless_transports::{ManualClock, blocking::Driver};
/// # let (transport, clock) = (Transport, ManualClock::default());
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// # let job = Job::submit(&api, document, JobOptions::default(), clock.now());
/// let mut driver = Driver::new(job, &transport, &clock);
/// let handle = driver.handle();
/// std::thread::spawn(move || {
///     // A webhook came in.
///     # let json = br#"{"data": {"id": "0d14"}}"#;
///     if let Ok(notification) = Notification::decode(json) {
///         handle.push(move |job, now| job.handle_notification(&notification, now));
///     }
/// });
/// while let Some(event) = driver.next_event() {
///     println!("{event:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Handle<M> {
    inputs: mpsc::Sender<Input<M>>,
    shared: Arc<Shared>,
}

impl<M> Handle<M> {
    pub(super) fn new(inputs: mpsc::Sender<Input<M>>, shared: Arc<Shared>) -> Self {
        shared.add_handle();
        Self { inputs, shared }
    }

    /// Pushes an input, which the driver applies to the machine before it continues. `false` if the
    /// driver no longer exists.
    ///
    /// Inputs are applied in the order in which they were pushed, each once, and with the time at
    /// which they are applied. An input that is pushed between two calls of the driver is applied
    /// by the next call.
    pub fn push(&self, input: impl FnOnce(&mut M, Time) + Send + 'static) -> bool {
        let is_sent = self.inputs.send(Box::new(input)).is_ok();
        self.shared.wake();
        is_sent
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self::new(self.inputs.clone(), self.shared.clone())
    }
}

impl<M> Drop for Handle<M> {
    fn drop(&mut self) {
        self.shared.remove_handle();
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
