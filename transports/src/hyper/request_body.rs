//! A request body for hyper.

use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use typless::wire::{Body, SourceError};

use super::blocks::Blocks;
use super::progress::Progress;

/// A request body for hyper, of exact length, that never blocks the thread that polls it.
///
/// It is the second parameter of the [`Client`](hyper_util::client::legacy::Client) for
/// [`Hyper`](super::Hyper). A program that sends requests with hyper itself makes it `From` a
/// [`Body`]. A document source is read with `spawn_blocking`, one block ahead. A body in memory is
/// encoded in place.
pub struct RequestBody {
    stage: Stage,
    /// What is read and not yet given to hyper.
    block: Bytes,
    /// The bytes not yet given to hyper.
    left: u64,
    in_memory: bool,
    progress: Arc<Progress>,
}

enum Stage {
    Idle(Box<Blocks>),
    Reading(JoinHandle<(Box<Blocks>, io::Result<Bytes>)>),
    Failed,
}

/// The largest number of bytes of a frame. Progress is recorded for whole frames only.
const MAX_FRAME: usize = 256 * 1024;

impl RequestBody {
    pub(super) fn new(body: Body, progress: Arc<Progress>) -> Self {
        let (left, in_memory) = (body.len(), body.is_in_memory());
        Self {
            stage: Stage::Idle(Box::new(Blocks::new(body))),
            block: Bytes::new(),
            left,
            in_memory,
            progress,
        }
    }

    /// Makes sure that there is a block to give to hyper, unless the body is at its end.
    pub(super) fn poll_block(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.block.is_empty() && self.left > 0 {
            match mem::replace(&mut self.stage, Stage::Failed) {
                Stage::Idle(mut blocks) if self.in_memory => {
                    self.block = blocks.read()?;
                    self.stage = Stage::Idle(blocks);
                }
                Stage::Idle(blocks) => self.stage = Stage::Reading(read(blocks)?),
                Stage::Reading(mut reading) => match Pin::new(&mut reading).poll(cx) {
                    Poll::Pending => {
                        self.stage = Stage::Reading(reading);
                        return Poll::Pending;
                    }
                    Poll::Ready(done) => {
                        // A source that panics is an error of the body, so only a shutdown is left.
                        let (blocks, block) = done.map_err(|_| shutting_down())?;
                        self.block = block?;
                        self.stage = if blocks.left() > 0 {
                            Stage::Reading(read(blocks)?)
                        } else {
                            Stage::Idle(blocks)
                        };
                    }
                },
                Stage::Failed => {
                    return Poll::Ready(Err(io::Error::other("the body could not be read before")));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// An error for hyper. The exchange keeps it too, because hyper does not always return it.
    fn fail(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        let error = Arc::new(error);
        if SourceError::find_in(&*error).is_some() {
            self.progress.set_source_error(error.clone());
        }
        io::Error::new(kind, SharedError(error))
    }
}

/// An error that hyper and the exchange share.
#[derive(Debug)]
pub(super) struct SharedError(pub(super) Arc<io::Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Reads a block on a thread that may block.
fn read(mut blocks: Box<Blocks>) -> io::Result<JoinHandle<(Box<Blocks>, io::Result<Bytes>)>> {
    let runtime = Handle::try_current().map_err(io::Error::other)?;
    Ok(runtime.spawn_blocking(move || {
        let block = blocks.read();
        (blocks, block)
    }))
}

fn shutting_down() -> io::Error {
    io::Error::other("the runtime is shutting down")
}

impl From<Body> for RequestBody {
    fn from(body: Body) -> Self {
        Self::new(body, Arc::new(Progress::new()))
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let ended = || io::Error::new(io::ErrorKind::ConnectionAborted, "the exchange has ended");
        self.progress.register(cx.waker());
        if self.progress.is_ended() {
            return Poll::Ready(Some(Err(ended())));
        }
        if self.progress.is_paused() {
            return Poll::Pending;
        }
        if let Err(error) = ready!(self.poll_block(cx)) {
            return Poll::Ready(Some(Err(self.fail(error))));
        }
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if !self.progress.start_body() {
            return Poll::Ready(Some(Err(ended())));
        }
        let count = self.block.len().min(MAX_FRAME);
        let frame = self.block.split_to(count);
        self.left -= count as u64;
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
