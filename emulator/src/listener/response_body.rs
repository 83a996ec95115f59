//! The body of a response, which may break off.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::exchange::NoResponse;
use crate::shared::InFlight;

/// The body of a response; the exchange is in flight until it is dropped.
pub(super) struct ResponseBody {
    /// What is still to be sent.
    left: Bytes,
    /// The bytes that `content-length` promises and that are never sent.
    missing: u64,
    /// When the connection breaks, if it is to break.
    breaks: Option<Pin<Box<Sleep>>>,
    in_flight: Option<InFlight>,
}

impl ResponseBody {
    /// What was sent needs this long to leave; closing the connection at once would discard it.
    const MIN_FLUSH: Duration = Duration::from_millis(1);

    pub(super) fn whole(body: Bytes, in_flight: InFlight) -> Self {
        Self {
            left: body,
            missing: 0,
            breaks: None,
            in_flight: Some(in_flight),
        }
    }

    /// Breaks after this many bytes.
    pub(super) fn cut(body: &Bytes, bytes: usize, in_flight: InFlight) -> Self {
        Self::stalled(body, bytes, Self::MIN_FLUSH, in_flight)
    }

    /// Stops after this many bytes, and breaks after this time.
    pub(super) fn stalled(body: &Bytes, bytes: usize, time: Duration, in_flight: InFlight) -> Self {
        let left = body.slice(..bytes.min(body.len()));
        let missing = (body.len() - left.len()) as u64;
        Self {
            left,
            missing,
            breaks: Some(Box::pin(sleep(time.max(Self::MIN_FLUSH)))),
            in_flight: Some(in_flight),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = NoResponse;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NoResponse>>> {
        if !self.left.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.left)))));
        }
        let Some(breaks) = &mut self.breaks else {
            return Poll::Ready(None);
        };
        ready!(breaks.as_mut().poll(context));
        // Before the client can know.
        self.in_flight = None;
        Poll::Ready(Some(Err(NoResponse)))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.breaks.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64 + self.missing)
    }
}
