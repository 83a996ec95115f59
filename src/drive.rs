//! Contracts: what carries out a machine's wishes.
//!
//! Traits only. The loops that sleep and the adapters to HTTP clients live in `typless-transports`; a client of your own needs one method. A program without a suitable trait, such
//! as one in a browser whose futures are not `Send`, writes the loop of [`machine`](crate::machine) by itself.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use crate::machine::{Failure, Limits, Time};
use crate::wire::Body;

/// Performs one exchange on the calling thread.
///
/// One request makes one response, with no policy: no retry, no redirect followed, no error status turned into an error. The body is sent with its exact length
/// and not chunked; headers are sent as they are. A failure that is not certain to have left the request unprocessed is
/// [`Interrupted`](crate::machine::FailureKind::Interrupted).
pub trait BlockingTransport {
    /// Performs one exchange within its limits.
    ///
    /// # Errors
    ///
    /// There is no whole response: the kind says what that means for the request.
    fn send(
        &self,
        request: http::Request<Body>,
        limits: Limits,
    ) -> Result<http::Response<Bytes>, Failure>;
}

/// Performs one exchange without blocking.
///
/// As [`BlockingTransport`]. Dropping the future ends the exchange.
pub trait AsyncTransport: Send + Sync {
    /// Performs one exchange within its limits.
    ///
    /// # Errors
    ///
    /// There is no whole response: the kind says what that means for the request.
    fn send(
        &self,
        request: http::Request<Body>,
        limits: Limits,
    ) -> impl Future<Output = Result<http::Response<Bytes>, Failure>> + Send;
}

/// Tells the time.
///
/// It should not follow later changes of the wall clock; if it does, machines take a step back as no step at all.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Time;

    /// Whether it stands still but for being slept on, as the virtual clock of a test does; `false` unless an implementation says otherwise.
    ///
    /// A driver sleeps on such a clock only while no exchange is out: an exchange takes no virtual time, so none can be late by it. It waits on any other clock whatever is out.
    fn stands_still(&self) -> bool {
        false
    }
}

/// A clock that can wait on the calling thread.
pub trait BlockingClock: Clock {
    /// Returns at this time or a little later; at once if it has passed.
    fn sleep_until(&self, time: Time);
}

/// A clock that can wait without blocking.
pub trait AsyncClock: Clock + Send + Sync {
    /// Is ready at this time or a little later; at once if it has passed.
    fn sleep_until(&self, time: Time) -> impl Future<Output = ()> + Send;
}

/// Everything that a pointer to a transport or a clock can do, it does by what it points to.
macro_rules! forward {
    (blocking $($pointer:ty),*) => {$(
        impl<T: BlockingTransport + ?Sized> BlockingTransport for $pointer {
            fn send(&self, request: http::Request<Body>, limits: Limits) -> Result<http::Response<Bytes>, Failure> {
                (**self).send(request, limits)
            }
        }
    )*};
    (async $($pointer:ty),*) => {$(
        impl<T: AsyncTransport> AsyncTransport for $pointer {
            fn send(&self, request: http::Request<Body>, limits: Limits) -> impl Future<Output = Result<http::Response<Bytes>, Failure>> + Send {
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
forward!(async &T, Arc<T>);
forward!(clock & T, Arc<T>);
