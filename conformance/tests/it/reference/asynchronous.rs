//! The reference as an async transport: a thread for each exchange, so it needs no runtime.

use std::future::Future;
use std::sync::Arc;

use http::Request;
use tokio::sync::oneshot;
use typless::drive::AsyncTransport;
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::Body;

use super::connection::Abort;
use super::{Fault, Outcome, Reference};

/// The reference as an async transport.
pub(crate) struct AsyncReference(Arc<Reference>);

impl AsyncReference {
    pub(crate) fn new(reference: Reference) -> Self {
        Self(Arc::new(reference))
    }
}

impl AsyncTransport for AsyncReference {
    fn send(&self, request: Request<Body>, limits: Limits) -> impl Future<Output = Outcome> + Send {
        let reference = self.0.clone();
        async move {
            let (sender, receiver) = oneshot::channel();
            let abort = Arc::new(Abort::default());
            let _guard =
                (!reference.has(Fault::ContinuesWhenDropped)).then(|| Guard(abort.clone()));
            std::thread::spawn(move || {
                let _ = sender.send(reference.send_unless_aborted(&request, limits, &abort));
            });
            receiver
                .await
                .unwrap_or_else(|error| Err(Failure::new(FailureKind::Interrupted, error)))
        }
    }
}

struct Guard(Arc<Abort>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}
