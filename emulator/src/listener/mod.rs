//! The service behind a socket, for clients of any kind.

mod body;
mod connection;
mod exchange;
mod post;
mod response_body;
mod system_clock;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::Service;
use crate::shared::Shared;
use exchange::Exchange;
use system_clock::SystemClock;

/// A [`Service`] that listens for HTTP/1.1 on its own thread, in real time, until it is dropped.
///
/// It speaks plain HTTP, without encryption: use it on this machine only. Documents are read on
/// further threads, so that polls do not wait for them. Each webhook message is posted once, when
/// it is due, whatever the receiver responds.
///
/// # Example
///
/// ```no_run
/// use typless_emulator::{Listener, Service, ServiceOptions};
///
/// let listener = Listener::bind(([127, 0, 0, 1], 0).into(), Service::new(ServiceOptions::new()))?;
/// println!("point a client at {}", listener.base_url());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Listener {
    service: Shared,
    /// Wakes the poster of webhook messages, since one may be due earlier now.
    changed: Arc<Notify>,
    local_addr: SocketAddr,
    /// Until when the port is closed, if it is.
    closed_until: watch::Sender<Option<Instant>>,
    /// The listening thread stops when this is dropped.
    running: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// The most connections served at once; further ones wait to be accepted.
    pub const MAX_CONNECTIONS: usize = 1024;

    /// How long exchanges in flight may go on after a shutdown has begun.
    pub const MAX_SHUTDOWN: Duration = Duration::from_secs(2);

    /// Listens at this address; port 0 picks a free one.
    ///
    /// # Errors
    ///
    /// The address is in use or not one of this machine, or no thread can be started.
    pub fn bind(addr: SocketAddr, service: Service) -> io::Result<Self> {
        let runtime = runtime()?;
        let socket = std::net::TcpListener::bind(addr)?;
        let local_addr = socket.local_addr()?;
        socket.set_nonblocking(true)?;
        let socket = {
            let _inside = runtime.enter();
            TcpListener::from_std(socket)?
        };
        let (service, changed, clock) = (
            Shared::new(service),
            Arc::new(Notify::new()),
            SystemClock::new(),
        );
        let (running, stopped) = watch::channel(());
        let (closed_until, closing) = watch::channel(None);
        let exchange = Exchange::new(service.clone(), changed.clone(), clock);
        let posting = post::all(service.clone(), changed.clone(), clock);
        let thread = thread::Builder::new()
            .name("typless-emulator".into())
            .spawn(move || {
                runtime.spawn(posting);
                runtime.block_on(listen(socket, local_addr, exchange, stopped, closing));
                // Do not wait for a document that is being read: no client is left to get the
                // response.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            service,
            changed,
            local_addr,
            closed_until,
            running: Some(running),
            thread: Some(thread),
        })
    }

    /// The address it listens at, with the port that was picked.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The base URL for clients on this machine, such as `http://127.0.0.1:8080`.
    pub fn base_url(&self) -> String {
        let mut addr = self.local_addr;
        match addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        format!("http://{addr}")
    }

    /// Accesses the service between exchanges, which wait meanwhile.
    pub fn with_service<R>(&self, access: impl FnOnce(&mut Service) -> R) -> R {
        let result = self.service.with(access);
        self.changed.notify_one();
        result
    }

    /// Closes the port and all connections for this long, at most 30 years: a client cannot
    /// connect. A later call replaces the time of an earlier one.
    ///
    /// Nothing else may listen at this address meanwhile; otherwise it stays closed until nothing
    /// does.
    pub fn close_for(&self, time: Duration) {
        /// So that the sum cannot overflow.
        const MAX_CLOSED: Duration = Duration::from_hours(30 * 365 * 24);
        let until = Instant::now() + time.min(MAX_CLOSED);
        self.closed_until.send_replace(Some(until));
    }

    /// Stops listening and waits for exchanges in flight, but no longer than
    /// [`MAX_SHUTDOWN`](Self::MAX_SHUTDOWN). Dropping it does the same.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        self.running.take();
        if let Some(thread) = self.thread.take() {
            // It ends by itself within `MAX_SHUTDOWN`. If it panicked, nothing is left to stop.
            let _ = thread.join();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("local_addr", &self.local_addr)
            .finish_non_exhaustive()
    }
}

/// One thread for connections, and one per processor for documents.
fn runtime() -> io::Result<Runtime> {
    let readers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(readers)
        .thread_name("typless-reader")
        .build()
}

/// How long to wait after the system has refused something.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// Accepts connections until the listener is dropped, except while the port is to be closed.
async fn listen(
    mut socket: TcpListener,
    local_addr: SocketAddr,
    exchange: Exchange,
    stopped: watch::Receiver<()>,
    mut closing: watch::Receiver<Option<Instant>>,
) {
    while accept(socket, &exchange, stopped.clone(), &mut closing).await {
        let mut stopped = stopped.clone();
        let opened = open(local_addr, &mut closing);
        tokio::select! {
            _ = stopped.changed() => return,
            opened = opened => socket = opened,
        }
    }
}

/// Listens again, once the port is not to be closed any more.
async fn open(
    local_addr: SocketAddr,
    closing: &mut watch::Receiver<Option<Instant>>,
) -> TcpListener {
    loop {
        let until = *closing.borrow_and_update();
        if let Some(until) = until.filter(|until| *until > Instant::now()) {
            tokio::select! {
                () = sleep_until(until) => {}
                Ok(()) = closing.changed() => {}
            }
            continue;
        }
        match TcpListener::bind(local_addr).await {
            Ok(socket) => return socket,
            Err(_) => sleep(RETRY_AFTER).await,
        }
    }
}

/// Accepts connections until the listener is dropped, or the port is to be closed; returns whether
/// it is.
async fn accept(
    socket: TcpListener,
    exchange: &Exchange,
    mut stopped: watch::Receiver<()>,
    closing: &mut watch::Receiver<Option<Instant>>,
) -> bool {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            // Its sender is dropped with that of `stopped`.
            Ok(()) = closing.changed() => return true,
            Some(_) = connections.join_next() => {}
            accepted = socket.accept(), if connections.len() < Listener::MAX_CONNECTIONS => {
                match accepted {
                    Ok((stream, _)) => {
                        let (exchange, stopped) = (exchange.clone(), stopped.clone());
                        connections.spawn(connection::serve(stream, exchange, stopped));
                    }
                    // A process with too many open files has to wait until some are closed.
                    Err(_) => sleep(RETRY_AFTER).await,
                }
            }
        }
    }
    drop(socket);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(Listener::MAX_SHUTDOWN, ended).await;
    false
}
