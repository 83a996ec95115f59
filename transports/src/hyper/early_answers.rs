//! A connection on which an answer survives that the server no longer reads.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

/// A connector whose connections tell what the server said before they tell that it stopped listening.
///
/// A server may refuse an upload before it is over, and close. By then the answer lies in the system's buffer, but the next write fails, and hyper gives up on the connection without having
/// read it. On these connections a write that fails because the other side is gone waits instead, until the reading side has brought the answer, or has found that there is none.
///
/// [`Hyper::new`](super::Hyper::new) has it; put it around the connector of a client of your own, below TLS. It costs nothing while all is well.
///
/// ```
/// use hyper_util::client::legacy::{Client, connect::HttpConnector};
/// use hyper_util::rt::TokioExecutor;
/// use typless_transports::hyper::{EarlyResponses, Hyper};
///
/// let transport = Hyper::from(Client::builder(TokioExecutor::new()).build(EarlyResponses::new(HttpConnector::new())));
/// # drop(transport);
/// ```
#[derive(Debug, Clone)]
pub struct EarlyResponses<C> {
    connector: C,
}

impl<C> EarlyResponses<C> {
    /// This connector, with connections that are read to the end.
    pub fn new(connector: C) -> Self {
        Self { connector }
    }
}

impl<C: Service<Uri>> Service<Uri> for EarlyResponses<C>
where
    C::Future: Unpin,
{
    type Response = ReadToTheEnd<C::Response>;
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

/// A connection of [`EarlyResponses`] on its way.
#[derive(Debug)]
pub struct Connecting<F> {
    connecting: F,
}

impl<S, E, F: Future<Output = Result<S, E>> + Unpin> Future for Connecting<F> {
    type Output = Result<ReadToTheEnd<S>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let stream = ready!(Pin::new(&mut self.connecting).poll(cx))?;
        Poll::Ready(Ok(ReadToTheEnd {
            stream,
            unheard: false,
        }))
    }
}

/// A connection of [`EarlyResponses`].
#[derive(Debug)]
pub struct ReadToTheEnd<S> {
    stream: S,
    /// Nobody reads what we write any more.
    unheard: bool,
}

impl<S: Write + Unpin> ReadToTheEnd<S> {
    fn write_with(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.unheard {
            return Poll::Pending;
        }
        match write(Pin::new(&mut self.stream), cx) {
            Poll::Ready(Err(error)) if is_gone(&error) => {
                self.unheard = true;
                // Whoever polls us reads first, and reading ends: with the answer, or with the end of the connection.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            written => written,
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

impl<S: Write + Unpin> Write for ReadToTheEnd<S> {
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

impl<S: Read + Unpin> Read for ReadToTheEnd<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: Connection> Connection for ReadToTheEnd<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}
