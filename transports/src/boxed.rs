//! A transport whose type is forgotten.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::AsyncTransport;
use typless::machine::{Failure, Limits};
use typless::wire::Body;

/// An async transport whose type is forgotten, for programs that choose one as they run.
///
/// Made from any transport; costs an allocation for each exchange. Cheap to clone. A blocking transport needs no such thing: `Box<dyn BlockingTransport>` and `Arc<dyn BlockingTransport>` are transports.
///
/// ```
/// use typless::drive::AsyncTransport;
/// use typless_transports::BoxedTransport;
/// # use typless::machine::{Failure, Limits};
/// # use typless::wire::Body;
/// # struct Replayed;
/// # struct Online;
/// # impl AsyncTransport for Replayed {
/// #     async fn send(&self, _: http::Request<Body>, _: Limits) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         Ok(http::Response::default())
/// #     }
/// # }
/// # impl AsyncTransport for Online {
/// #     async fn send(&self, _: http::Request<Body>, _: Limits) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         Ok(http::Response::default())
/// #     }
/// # }
///
/// # let offline = true;
/// let transport = if offline { BoxedTransport::new(Replayed) } else { BoxedTransport::new(Online) };
/// # drop(transport);
/// ```
#[derive(Clone)]
pub struct BoxedTransport {
    inner: Arc<dyn ErasedTransport>,
}

impl BoxedTransport {
    /// The transport, without its type.
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

/// [`AsyncTransport`] in a shape that a pointer can have.
trait ErasedTransport: Send + Sync {
    fn send_boxed(&self, request: Request<Body>, limits: Limits) -> BoxedExchange<'_>;
}

impl<T: AsyncTransport> ErasedTransport for T {
    fn send_boxed(&self, request: Request<Body>, limits: Limits) -> BoxedExchange<'_> {
        Box::pin(self.send(request, limits))
    }
}
