//! The transport under test, blocking or async.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{self, Either};
use http::{Request, Response};
use tokio::sync::oneshot;
use typless::drive::{AsyncTransport, BlockingTransport};
use typless::machine::{Failure, Limits};
use typless::wire::Body;

/// The result of an exchange.
pub(crate) type ExchangeResult = Result<Response<Bytes>, Failure>;

/// A future for an executor.
pub(crate) type Task<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Runs a future until it is ready, on the calling thread.
pub(crate) type BlockOn = Arc<dyn for<'a> Fn(Task<'a>) + Send + Sync>;

/// The transport under test.
pub(crate) trait Subject: Send + Sync {
    fn send(&self, request: Request<Body>, limits: Limits) -> ExchangeResult;

    /// Performs all exchanges at once. The results are in the order of the requests.
    fn send_all(&self, requests: Vec<Request<Body>>, limits: Limits) -> Vec<ExchangeResult>;

    /// Drops the exchange when `midway` is received. `None` for a blocking transport, whose
    /// exchanges can't be dropped.
    fn send_and_drop(
        &self,
        request: Request<Body>,
        limits: Limits,
        midway: oneshot::Receiver<()>,
    ) -> Option<Dropped>;
}

/// Whether an exchange was dropped.
pub(crate) enum Dropped {
    Midway,
    /// It finished before.
    Finished(ExchangeResult),
}

pub(crate) struct Blocking<T>(pub(crate) T);

impl<T: BlockingTransport + Send + Sync> Subject for Blocking<T> {
    fn send(&self, request: Request<Body>, limits: Limits) -> ExchangeResult {
        self.0.send(request, limits)
    }

    fn send_all(&self, requests: Vec<Request<Body>>, limits: Limits) -> Vec<ExchangeResult> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = requests
                .into_iter()
                .map(|request| scope.spawn(move || self.0.send(request, limits)))
                .collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        })
    }

    fn send_and_drop(
        &self,
        _: Request<Body>,
        _: Limits,
        _: oneshot::Receiver<()>,
    ) -> Option<Dropped> {
        None
    }
}

pub(crate) struct Asynchronous<T> {
    pub(crate) transport: T,
    pub(crate) block_on: BlockOn,
}

impl<T: AsyncTransport> Asynchronous<T> {
    fn run<'a, O: Send + 'a>(&self, future: impl Future<Output = O> + Send + 'a) -> O {
        run(&self.block_on, future)
    }
}

impl<T: AsyncTransport> Subject for Asynchronous<T> {
    fn send(&self, request: Request<Body>, limits: Limits) -> ExchangeResult {
        self.run(self.transport.send(request, limits))
    }

    fn send_all(&self, requests: Vec<Request<Body>>, limits: Limits) -> Vec<ExchangeResult> {
        self.run(future::join_all(
            requests
                .into_iter()
                .map(|request| self.transport.send(request, limits)),
        ))
    }

    fn send_and_drop(
        &self,
        request: Request<Body>,
        limits: Limits,
        midway: oneshot::Receiver<()>,
    ) -> Option<Dropped> {
        Some(self.run(async move {
            let exchange = pin!(self.transport.send(request, limits));
            match future::select(exchange, midway).await {
                Either::Left((outcome, _)) => Dropped::Finished(outcome),
                Either::Right(_) => Dropped::Midway,
            }
        }))
    }
}

/// The output of a future, run by an executor that returns nothing.
pub(crate) fn run<'a, O: Send + 'a>(
    block_on: &BlockOn,
    future: impl Future<Output = O> + Send + 'a,
) -> O {
    let mut output = None;
    block_on(Box::pin(async { output = Some(future.await) }));
    output.expect("block_on must run the future until it is ready")
}
