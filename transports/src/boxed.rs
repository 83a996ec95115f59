//! An async transport as a trait object.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::AsyncTransport;
use typless::machine::{Failure, Limits};
use typless::wire::Body;

/// An async transport as a trait object, for programs that choose a transport at run time.
///
/// It costs one allocation for each exchange, and is cheap to clone. Blocking transports do not
/// need it: `Box<dyn BlockingTransport>` and `Arc<dyn BlockingTransport>` are transports.
///
/// ```
/// use typless::drive::AsyncTransport;
/// use typless_transports::BoxedTransport;
/// # use typless::machine::{Failure, Limits};
/// # use typless::wire::Body;
/// # struct Replayed;
/// # struct Online;
/// # impl AsyncTransport for Replayed {
/// #     async fn send(
/// #         &self,
/// #         _: http::Request<Body>,
/// #         _: Limits,
/// #     ) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         Ok(http::Response::default())
/// #     }
/// # }
/// # impl AsyncTransport for Online {
/// #     async fn send(
/// #         &self,
/// #         _: http::Request<Body>,
/// #         _: Limits,
/// #     ) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         Ok(http::Response::default())
/// #     }
/// # }
///
/// # let offline = true;
/// let transport = if offline {
///     BoxedTransport::new(Replayed)
/// } else {
///     BoxedTransport::new(Online)
/// };
/// # drop(transport);
/// ```
#[derive(Clone)]
pub struct BoxedTransport {
    inner: Arc<dyn ErasedTransport>,
}

impl BoxedTransport {
    /// Boxes this transport.
    pub fn new(transport: impl AsyncTransport + 'static) -> Self {
        Self {
            inner: Arc::new(transport),
        }
    }
}

impl AsyncTransport for BoxedTransport {
    fn send(
        &self,
        request: Request<Body>,
        limits: Limits,
    ) -> impl Future<Output = Result<Response<Bytes>, Failure>> + Send {
        self.inner.send_boxed(request, limits)
    }
}

impl fmt::Debug for BoxedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxedTransport").finish_non_exhaustive()
    }
}

type BoxedExchange<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, Failure>> + Send + 'a>>;

/// [`AsyncTransport`] as a dyn-compatible trait.
trait ErasedTransport: Send + Sync {
    fn send_boxed(&self, request: Request<Body>, limits: Limits) -> BoxedExchange<'_>;
}

impl<T: AsyncTransport> ErasedTransport for T {
    fn send_boxed(&self, request: Request<Body>, limits: Limits) -> BoxedExchange<'_> {
        Box::pin(self.send(request, limits))
    }
}
