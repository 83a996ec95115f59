//! One connection, from its first byte to its last.

use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Listener;
use super::exchange::Exchange;

/// How long a connection may be idle between requests, and how long the head of one may take. Usual
/// clients keep pooled connections for less, so that none is closed just as a request is sent.
const MAX_IDLE: Duration = Duration::from_mins(2);

/// How long a connection may live; then it ends after the current exchange. This removes clients
/// that do not read their responses.
const MAX_AGE: Duration = Duration::from_hours(1);

/// How long the current exchange may go on after that.
const MAX_LAST_EXCHANGE: Duration = Duration::from_mins(1);

/// Serves one connection until either side closes it.
pub(super) async fn serve(stream: TcpStream, exchange: Exchange, mut stopped: watch::Receiver<()>) {
    // Send each response without delay. If the system refuses this option, responses are late, not
    // wrong.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(MAX_IDLE)
        // A client may close its side for writing and still wait for the response.
        .half_close(true)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(|request| exchange.respond(request)),
        );
    let mut connection = pin!(connection);
    let grace = tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => Listener::MAX_SHUTDOWN,
        () = sleep(MAX_AGE) => MAX_LAST_EXCHANGE,
    };
    connection.as_mut().graceful_shutdown();
    let _ = timeout(grace, connection).await;
}
