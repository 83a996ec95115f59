//! A runtime of the suite's own: for its HTTP/2 server, and for transports that ask for no other.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A tokio runtime on a thread of its own, so that what a transport has spawned goes on between two
/// exchanges; it ends with its owner.
#[derive(Debug)]
pub(crate) struct Runtime {
    handle: Handle,
    /// Dropping it ends the thread.
    _end: oneshot::Sender<()>,
}

impl Runtime {
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("conformance runtime".into())
            .spawn(move || {
                let _ = runtime.block_on(ended);
                // A name that is still being looked up must not hold anybody up.
                runtime.shutdown_background();
            })?;
        Ok(Self { handle, _end: end })
    }

    /// Runs a future to its end, on the calling thread.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Runs a future beside everything else.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(future));
    }
}
