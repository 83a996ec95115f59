//! The traits of transports and clocks, which drivers use to run a machine.
//!
//! The drivers and the adapters to HTTP clients are in `typless-transports`. To use another HTTP
//! client, implement one method. If these traits don't fit, as in a browser, where futures are not
//! `Send`, write the loop yourself: [`machine`](crate::machine) shows it with one exchange at a
//! time, for a [`Job`](crate::machine::Job) or a [`Call`](crate::machine::Call).
//!
//! # Several exchanges at once
//!
//! A [`Batch`](crate::machine::Batch) and a [`Drain`](crate::machine::Drain) want several. This is
//! a complete driver for every machine, with a thread for each exchange. Whatever comes in, the
//! result of an exchange or a webhook, is a closure in one channel:
//!
//! ```
//! use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
//! use std::thread;
//!
//! use typless::drive::{BlockingTransport, Clock, MAX_SLEEP};
//! use typless::machine::{Machine, Output, Time};
//!
//! type Input<M> = Box<dyn FnOnce(&mut M, Time) + Send>;
//!
//! fn drive<M: Machine + 'static>(
//!     machine: &mut M,
//!     transport: impl BlockingTransport + Clone + Send + 'static,
//!     clock: impl Clock,
//!     (inputs, received): (Sender<Input<M>>, Receiver<Input<M>>),
//!     mut on_event: impl FnMut(&mut M, M::Event),
//! ) {
//!     loop {
//!         // What is here comes before the machine sees the time. Its limits may have passed
//!         // because the process was stopped, and then the response counts.
//!         while let Ok(input) = received.try_recv() {
//!             input(machine, clock.now());
//!         }
//!         let wait = match machine.next_output(clock.now()) {
//!             Output::Send(transmit) => {
//!                 let (transport, inputs) = (transport.clone(), inputs.clone());
//!                 thread::spawn(move || {
//!                     let id = transmit.id;
//!                     let result = transport.send(transmit.request, transmit.limits);
//!                     // Nobody takes it if the driver is gone.
//!                     let _ = inputs.send(Box::new(move |machine, now| match result {
//!                         Ok(response) => machine.handle_response(id, response, now),
//!                         Err(failure) => machine.handle_failure(id, failure, now),
//!                     }));
//!                 });
//!                 continue; // the next exchange does not wait for this one
//!             }
//!             Output::Event(event) => {
//!                 on_event(machine, event); // store here what must survive a crash
//!                 continue;
//!             }
//!             Output::Wait(until) => until.saturating_since(clock.now()).min(MAX_SLEEP),
//!             // Idle is not done: an input may come, and is waited for.
//!             Output::NeedInput => MAX_SLEEP,
//!             Output::Done => return,
//!         };
//!         match received.recv_timeout(wait) {
//!             Ok(input) => input(machine, clock.now()),
//!             Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
//!         }
//!     }
//! }
//! # use typless::machine::{Batch, BatchOptions, Failure, Limits};
//! # use typless::wire::{Api, Body, Document};
//! # #[derive(Clone)]
//! # struct Transport;
//! # impl BlockingTransport for Transport {
//! #     fn send(
//! #         &self,
//! #         _: http::Request<Body>,
//! #         _: Limits,
//! #     ) -> Result<http::Response<bytes::Bytes>, Failure> {
//! #         // Nothing is polled after that, so the example does not sleep.
//! #         let body = bytes::Bytes::from_static(br#"{"message": "no such document type"}"#);
//! #         Ok(http::Response::builder().status(422).body(body).unwrap())
//! #     }
//! # }
//! # struct Fixed;
//! # impl Clock for Fixed {
//! #     fn now(&self) -> Time {
//! #         Time::from_unix_seconds(1_700_000_000)
//! #     }
//! # }
//!
//! # let api = Api::new(Api::PRODUCTION, "key")?;
//! # let clock = Fixed;
//! # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
//! let mut batch = Batch::new(&api, BatchOptions::new().with_max_in_flight(8), clock.now());
//! batch.add(document, clock.now());
//! batch.close();
//! let (inputs, received) = mpsc::channel();
//! let webhooks = inputs.clone(); // a server's thread sends what it gets here
//! # drop(webhooks);
//! # let mut outcomes = 0;
//! drive(&mut batch, Transport, &clock, (inputs, received), |_, event| {
//!     if let Ok(outcome) = Batch::into_outcome(event) {
//!         println!("{:?}", outcome.result);
//! #         outcomes += 1;
//!     }
//! });
//! # assert_eq!(outcomes, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What any such loop has to do:
//!
//! - Take in what has arrived before each output, and read the clock after that.
//! - Go on with the next output while exchanges are out. There are no more of them than the options
//!   of the machine allow.
//! - Report each exchange once, under its id: its response or its failure. One that is never
//!   reported, as by a thread that panicked, fails when its limit has passed.
//! - Wait for whatever comes first: an exchange, another input, the time of `Wait`, or
//!   [`MAX_SLEEP`].
//! - End at `Done`, not at `NeedInput`. That comes where a submit waits for its confirmation, and
//!   where a batch or a drain is open and has nothing to do.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::machine::{Failure, Limits, Time};
use crate::wire::Body;

/// The longest time that a driver sleeps before it reads its clock again: 30 s.
///
/// On most systems the timers stop while the system is asleep, and a clock may go on. What became
/// due meanwhile is done at most this long after the system wakes.
pub const MAX_SLEEP: Duration = Duration::from_secs(30);

/// Performs one exchange on the calling thread.
///
/// One request, one response, and no policy: a transport must not retry, follow redirects, or turn
/// an HTTP error status into an error. It sends the headers unchanged, and the body with its exact
/// length and not chunked. Unless the request was certainly not processed, a failure is
/// [`Interrupted`](crate::machine::FailureKind::Interrupted).
pub trait BlockingTransport {
    /// Performs one exchange within its limits.
    ///
    /// # Errors
    ///
    /// There is no complete response. The kind of the failure says what that means for the request.
    fn send(
        &self,
        request: http::Request<Body>,
        limits: Limits,
    ) -> Result<http::Response<Bytes>, Failure>;
}

/// Performs one exchange without blocking.
///
/// Like [`BlockingTransport`]. Dropping the future aborts the exchange.
pub trait AsyncTransport: Send + Sync {
    /// Performs one exchange within its limits.
    ///
    /// # Errors
    ///
    /// There is no complete response. The kind of the failure says what that means for the request.
    fn send(
        &self,
        request: http::Request<Body>,
        limits: Limits,
    ) -> impl Future<Output = Result<http::Response<Bytes>, Failure>> + Send;
}

/// A clock.
///
/// It should not follow adjustments of the wall clock. If it goes back nevertheless, machines keep
/// the latest time that they have seen.
pub trait Clock {
    /// The current time.
    fn now(&self) -> Time;

    /// Whether the clock advances only when somebody sleeps on it, as the virtual clock of a test
    /// does. The default is `false`.
    ///
    /// A driver sleeps on such a clock only while no exchange is in flight, since an exchange takes
    /// no virtual time. On any other clock it also sleeps while exchanges are in flight.
    fn stands_still(&self) -> bool {
        false
    }
}

/// A clock that can wait on the calling thread.
pub trait BlockingClock: Clock {
    /// Returns at this time or a little later; immediately if it has passed.
    fn sleep_until(&self, time: Time);
}

/// A clock that can wait without blocking.
pub trait AsyncClock: Clock + Send + Sync {
    /// Completes at this time or a little later; immediately if it has passed.
    fn sleep_until(&self, time: Time) -> impl Future<Output = ()> + Send;
}

/// Implements the traits for pointers.
macro_rules! forward {
    (blocking $($pointer:ty),*) => {$(
        impl<T: BlockingTransport + ?Sized> BlockingTransport for $pointer {
            fn send(
                &self,
                request: http::Request<Body>,
                limits: Limits,
            ) -> Result<http::Response<Bytes>, Failure> {
                (**self).send(request, limits)
            }
        }
    )*};
    (async $($pointer:ty),*) => {$(
        impl<T: AsyncTransport> AsyncTransport for $pointer {
            fn send(
                &self,
                request: http::Request<Body>,
                limits: Limits,
            ) -> impl Future<Output = Result<http::Response<Bytes>, Failure>> + Send {
                (**self).send(request, limits)
            }
        }
    )*};
    (clock $($pointer:ty),*) => {$(
        impl<T: Clock + ?Sized> Clock for $pointer {
            fn now(&self) -> Time {
                (**self).now()
            }

            fn stands_still(&self) -> bool {
                (**self).stands_still()
            }
        }

        impl<T: BlockingClock + ?Sized> BlockingClock for $pointer {
            fn sleep_until(&self, time: Time) {
                (**self).sleep_until(time);
            }
        }

        impl<T: AsyncClock> AsyncClock for $pointer {
            fn sleep_until(&self, time: Time) -> impl Future<Output = ()> + Send {
                (**self).sleep_until(time)
            }
        }
    )*};
}

forward!(blocking & T, Box<T>, Arc<T>);
forward!(async &T, Box<T>, Arc<T>);
forward!(clock & T, Box<T>, Arc<T>);
