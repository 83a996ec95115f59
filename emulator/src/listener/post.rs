//! Posts webhook messages.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

use super::system_clock::SystemClock;
use crate::shared::Shared;

/// How long one message may take.
const MAX_EXCHANGE: Duration = Duration::from_secs(10);

/// The most messages in flight; further ones wait, so that a slow receiver does not use up sockets.
const MAX_IN_FLIGHT: usize = 64;

/// Posts messages as they become due, until the runtime stops.
pub(super) async fn all(service: Shared, changed: Arc<Notify>, clock: SystemClock) {
    let permits = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else {
            return;
        };
        let request = next(&service, &changed, clock).await;
        tokio::spawn(async move {
            // Messages are posted once: a receiver has to cope with a lost one.
            let _ = timeout(MAX_EXCHANGE, post(request)).await;
            drop(permit);
        });
    }
}

/// The next message, once it is due.
async fn next(service: &Shared, changed: &Notify, clock: SystemClock) -> Request<Bytes> {
    loop {
        let now = clock.now();
        let (due, next_at) =
            service.with(|service| (service.next_webhook(now), service.next_webhook_at()));
        match (due, next_at) {
            (Some(request), _) => return request,
            (None, None) => changed.notified().await,
            (None, Some(next_at)) => tokio::select! {
                () = changed.notified() => {}
                () = sleep(next_at.saturating_since(now)) => {}
            },
        }
    }
}

/// Posts one message on a new connection, and reads the response, so that the receiver sees no
/// broken connection.
async fn post(request: Request<Bytes>) -> io::Result<()> {
    let stream = TcpStream::connect(address(request.uri())).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let response = sender
        .send_request(in_origin_form(request))
        .await
        .map_err(io::Error::other)?;
    let mut body = response.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    connection.abort();
    Ok(())
}

/// Where to connect to.
fn address(uri: &Uri) -> (String, u16) {
    // A socket takes an IPv6 address without the brackets of a URL.
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_start_matches('[')
        .trim_end_matches(']');
    (host.to_owned(), uri.port_u16().unwrap_or(80))
}

/// The request in origin form: its first line has the path only.
fn in_origin_form(request: Request<Bytes>) -> Request<Full<Bytes>> {
    let (mut head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = target.parse().unwrap_or_default();
    Request::from_parts(head, Full::new(body))
}
