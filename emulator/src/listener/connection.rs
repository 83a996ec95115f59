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

/// How long a connection may be idle between requests, and how long the head of one may take. Longer than the pools of usual clients keep a connection, so that they
/// do not send a request just when it is closed.
const HEAD: Duration = Duration::from_mins(2);

/// How long a connection may live; then it ends after the exchange under way. It frees the place of a client that does not read its answer.
const AGE: Duration = Duration::from_hours(1);

/// How long the exchange under way may go on after that.
const LAST_EXCHANGE: Duration = Duration::from_mins(1);

/// Serves one connection until either side has enough of it.
pub(super) async fn serve(stream: TcpStream, exchange: Exchange, mut stopped: watch::Receiver<()>) {
    // An answer should not be held back for more to come. If the system refuses, answers are late, not wrong.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        // A client may say that it has nothing more to ask, and still wait for the answer.
        .half_close(true)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(|request| exchange.answer(request)),
        );
    let mut connection = pin!(connection);
    let grace = tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => Listener::MAX_SHUTDOWN,
        () = sleep(AGE) => LAST_EXCHANGE,
    };
    connection.as_mut().graceful_shutdown();
    let _ = timeout(grace, connection).await;
}
