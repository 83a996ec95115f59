//! A connection that reads an early response before it reports a failed write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

/// A connector whose connections read an early response before they report a failed write.
///
/// A server may refuse an upload before it has received the whole body, and close the connection.
/// The response is then in the receive buffer of the system, but the next write fails, and hyper
/// drops the connection without reading the response. On these connections, a write that fails
/// because the peer has closed stays pending instead, until the read side finds the response or the
/// end of the connection.
///
/// [`Hyper::new`](super::Hyper::new) uses it. With your own client, put it around the connector,
/// below TLS. It has no cost while no write fails.
///
/// ```
/// use hyper_util::client::legacy::{Client, connect::HttpConnector};
/// use hyper_util::rt::TokioExecutor;
/// use typless_transports::hyper::{EarlyResponses, Hyper};
///
/// let connector = EarlyResponses::new(HttpConnector::new());
/// let transport = Hyper::from(Client::builder(TokioExecutor::new()).build(connector));
/// # drop(transport);
/// ```
#[derive(Debug, Clone)]
pub struct EarlyResponses<C> {
    connector: C,
}

impl<C> EarlyResponses<C> {
    /// Wraps a connector.
    pub fn new(connector: C) -> Self {
        Self { connector }
    }
}

impl<C: Service<Uri>> Service<Uri> for EarlyResponses<C>
where
    C::Future: Unpin,
{
    type Response = EarlyResponsesStream<C::Response>;
    type Error = C::Error;
    type Future = Connecting<C::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        Connecting {
            connecting: self.connector.call(destination),
        }
    }
}

/// A connection of [`EarlyResponses`] that is being made.
#[derive(Debug)]
pub struct Connecting<F> {
    connecting: F,
}

impl<S, E, F: Future<Output = Result<S, E>> + Unpin> Future for Connecting<F> {
    type Output = Result<EarlyResponsesStream<S>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let stream = ready!(Pin::new(&mut self.connecting).poll(cx))?;
        Poll::Ready(Ok(EarlyResponsesStream {
            stream,
            write_failed: false,
        }))
    }
}

/// A connection of [`EarlyResponses`].
#[derive(Debug)]
pub struct EarlyResponsesStream<S> {
    stream: S,
    /// The peer no longer reads.
    write_failed: bool,
}

impl<S: Write + Unpin> EarlyResponsesStream<S> {
    fn write_with(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.write_failed {
            return Poll::Pending;
        }
        match write(Pin::new(&mut self.stream), cx) {
            Poll::Ready(Err(error)) if is_closed_by_peer(&error) => {
                self.write_failed = true;
                // hyper polls the read side before it writes again. That ends with the response, or
                // with the end of the connection.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            written => written,
        }
    }
}

fn is_closed_by_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

impl<S: Write + Unpin> Write for EarlyResponsesStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write_with(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write_with(cx, |stream, cx| stream.poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Read + Unpin> Read for EarlyResponsesStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: Connection> Connection for EarlyResponsesStream<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}
