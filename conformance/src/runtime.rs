//! The tokio runtime of the suite, for its HTTP/2 server and for async transports.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A tokio runtime on its own thread, so that tasks of a transport make progress between two
/// exchanges. Dropping it ends the runtime.
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
                // A DNS lookup that is still running must not delay the end.
                runtime.shutdown_background();
            })?;
        Ok(Self { handle, _end: end })
    }

    /// Runs a future until it is ready, on the calling thread.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Spawns a future.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(future));
    }
}
