//! A small HTTP server for webhook messages.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use typless::wire::{Notification, Webhook};

/// The maximum number of open connections; further ones wait.
const MAX_CONNECTIONS: usize = 256;

/// How long the head or the body of a request may take. Messages are short.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may stay open.
const MAX_CONNECTION_AGE: Duration = Duration::from_mins(10);

/// Listens on its own thread until the process ends, and passes each notification to `take`. Where
/// `take` returns false, the response is a 503, so that the sender tries again.
///
/// Returns the local address, with the port that was picked.
pub(crate) fn listen(
    addr: SocketAddr,
    webhook: Webhook,
    take: impl Fn(Notification) -> bool + Send + Sync + 'static,
) -> io::Result<SocketAddr> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind(addr))?;
    let local_addr = listener.local_addr()?;
    let receiver = Arc::new(Receiver { webhook, take });
    thread::Builder::new()
        .name("typless-webhooks".into())
        .spawn(move || runtime.block_on(accept(listener, receiver)))?;
    Ok(local_addr)
}

struct Receiver<F> {
    webhook: Webhook,
    take: F,
}

async fn accept<F: Fn(Notification) -> bool + Send + Sync + 'static>(
    listener: TcpListener,
    receiver: Arc<Receiver<F>>,
) {
    /// A process with too many open files has to wait until some are closed.
    const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let receiver = receiver.clone();
                tokio::spawn(async move {
                    let _ = timeout(MAX_CONNECTION_AGE, serve(stream, &receiver)).await;
                    drop(permit);
                });
            }
            Err(_) => sleep(ACCEPT_RETRY_DELAY).await,
        }
    }
}

async fn serve<F: Fn(Notification) -> bool>(stream: TcpStream, receiver: &Receiver<F>) {
    let service = service_fn(async |request| {
        Ok::<_, Infallible>(receiver.respond(request).await.map(Full::new))
    });
    // An error on a connection is the client's problem.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl<F: Fn(Notification) -> bool> Receiver<F> {
    async fn respond(&self, request: Request<Incoming>) -> Response<Bytes> {
        if let Some(refusal) = self.webhook.refuse(&request) {
            return refusal;
        }
        let (head, body) = request.into_parts();
        let body = match timeout(
            READ_TIMEOUT,
            Limited::new(body, Notification::MAX_BYTES).collect(),
        )
        .await
        {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return with_status(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return with_status(StatusCode::REQUEST_TIMEOUT),
        };
        let (response, notification) = self.webhook.receive(&Request::from_parts(head, body));
        if notification.is_none_or(|notification| (self.take)(notification)) {
            response
        } else {
            with_status(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn with_status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
