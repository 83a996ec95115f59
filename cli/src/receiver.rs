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

/// The most connections at once; further ones wait.
const CONNECTIONS: usize = 256;

/// How long a head or a body may take. Messages are short.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may live.
const AGE: Duration = Duration::from_mins(10);

/// Listens on a thread of its own until the process ends, and hands over what is said. Where that can't be taken just now, the sender is told to try again.
///
/// Gives back the address, with the port that was picked.
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
    /// A process that has too many files open has to wait for some to be closed.
    const AFTER_FAILURE: Duration = Duration::from_millis(50);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let receiver = receiver.clone();
                tokio::spawn(async move {
                    let _ = timeout(AGE, serve(stream, &receiver)).await;
                    drop(place);
                });
            }
            Err(_) => sleep(AFTER_FAILURE).await,
        }
    }
}

async fn serve<F: Fn(Notification) -> bool>(stream: TcpStream, receiver: &Receiver<F>) {
    let service = service_fn(async |request| {
        Ok::<_, Infallible>(receiver.answer(request).await.map(Full::new))
    });
    // A connection that breaks off is the other side's affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl<F: Fn(Notification) -> bool> Receiver<F> {
    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        if let Some(refusal) = self.webhook.refuse(&request) {
            return refusal;
        }
        let (head, body) = request.into_parts();
        let body = match timeout(
            PATIENCE,
            Limited::new(body, Notification::MAX_BYTES).collect(),
        )
        .await
        {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return with_status(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return with_status(StatusCode::REQUEST_TIMEOUT),
        };
        let (answer, notification) = self.webhook.receive(&Request::from_parts(head, body));
        if notification.is_none_or(|notification| (self.take)(notification)) {
            answer
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
