//! The body of an answer, which may break off.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::exchange::NoResponse;
use crate::shared::UnderWay;

/// The body of an answer; the exchange is under way until it is dropped.
pub(super) struct ResponseBody {
    /// What is still to be sent.
    left: Bytes,
    /// What is announced and will not be sent.
    missing: u64,
    /// When the connection breaks, if it is to break.
    breaks: Option<Pin<Box<Sleep>>>,
    under_way: Option<UnderWay>,
}

impl ResponseBody {
    /// How long what was sent has to leave before the connection breaks; one that broke at once would take it along.
    const LEAVE: Duration = Duration::from_millis(1);

    pub(super) fn whole(body: Bytes, under_way: UnderWay) -> Self {
        Self {
            left: body,
            missing: 0,
            breaks: None,
            under_way: Some(under_way),
        }
    }

    /// Breaks after so many bytes.
    pub(super) fn cut(body: &Bytes, bytes: usize, under_way: UnderWay) -> Self {
        Self::stalled(body, bytes, Self::LEAVE, under_way)
    }

    /// Stops after so many bytes, and breaks later.
    pub(super) fn stalled(body: &Bytes, bytes: usize, time: Duration, under_way: UnderWay) -> Self {
        let left = body.slice(..bytes.min(body.len()));
        let missing = (body.len() - left.len()) as u64;
        Self {
            left,
            missing,
            breaks: Some(Box::pin(sleep(time.max(Self::LEAVE)))),
            under_way: Some(under_way),
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
        self.under_way = None;
        Poll::Ready(Some(Err(NoResponse)))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.breaks.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64 + self.missing)
    }
}
