//! Contracts: what carries out a machine's wishes.
//!
//! Traits only. The loops that sleep and the adapters to HTTP clients live in `typless-transports`; a client of your own needs one method. A program without a suitable trait, such
//! as one in a browser whose futures are not `Send`, writes the loop of [`machine`](crate::machine) by itself.

use std::future::Future;

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
    fn send(&self, request: http::Request<Body>, limits: Limits) -> Result<http::Response<Bytes>, Failure>;
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
    fn send(&self, request: http::Request<Body>, limits: Limits) -> impl Future<Output = Result<http::Response<Bytes>, Failure>> + Send;
}

/// Tells the time.
///
/// It should not follow later changes of the wall clock; if it does, machines take a step back as no step at all.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Time;
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

impl<T: BlockingTransport + ?Sized> BlockingTransport for &T {
    fn send(&self, request: http::Request<Body>, limits: Limits) -> Result<http::Response<Bytes>, Failure> {
        (**self).send(request, limits)
    }
}

impl<T: AsyncTransport> AsyncTransport for &T {
    fn send(&self, request: http::Request<Body>, limits: Limits) -> impl Future<Output = Result<http::Response<Bytes>, Failure>> + Send {
        (**self).send(request, limits)
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Time {
        (**self).now()
    }
}

impl<C: BlockingClock + ?Sized> BlockingClock for &C {
    fn sleep_until(&self, time: Time) {
        (**self).sleep_until(time);
    }
}

impl<C: AsyncClock> AsyncClock for &C {
    fn sleep_until(&self, time: Time) -> impl Future<Output = ()> + Send {
        (**self).sleep_until(time)
    }
}
