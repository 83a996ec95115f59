//! The traits of transports and clocks, which drivers use to run a machine.
//!
//! The drivers and the adapters to HTTP clients are in `typless-transports`. To use another HTTP
//! client, implement one method. If these traits don't fit, as in a browser, where futures are not
//! `Send`, write the loop yourself: see [`machine`](crate::machine).

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
forward!(async &T, Arc<T>);
forward!(clock & T, Arc<T>);
