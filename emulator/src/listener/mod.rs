//! The service behind a socket, for clients of any kind.

mod response_body;
mod body;
mod connection;
mod exchange;
mod post;
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
use tokio::time::{sleep, timeout};

use crate::Service;
use crate::shared::Shared;
use exchange::Exchange;
use system_clock::SystemClock;

/// A [`Service`] that listens for HTTP/1.1 on a thread of its own, in real time, until it is dropped.
///
/// It speaks plain HTTP and is made for this machine: documents and keys are not protected on the way. Documents are read on further threads, so that polls
/// are answered meanwhile. Webhook messages are posted as they become due, once each, whatever the receiver answers.
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
    /// Wakes who posts webhook messages, since there may be one that is due earlier.
    changed: Arc<Notify>,
    local_addr: SocketAddr,
    /// Whoever listens stops when this is dropped.
    running: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// The most connections served at once; further ones wait to be accepted.
    pub const MAX_CONNECTIONS: usize = 1024;

    /// How long exchanges under way may go on once the listener is to stop.
    pub const MAX_SHUTDOWN: Duration = Duration::from_secs(2);

    /// Listens at this address; port 0 picks a free one.
    ///
    /// # Errors
    ///
    /// The address is in use or not of this machine, or the system gives no thread.
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
        let exchange = Exchange::new(service.clone(), changed.clone(), clock);
        let posting = post::all(service.clone(), changed.clone(), clock);
        let thread = thread::Builder::new()
            .name("typless-emulator".into())
            .spawn(move || {
                runtime.spawn(posting);
                runtime.block_on(accept(socket, exchange, stopped));
                // A document that is being read is not waited for: nobody is there any more to get the answer.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            service,
            changed,
            local_addr,
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

    /// Polls the service between exchanges, which wait meanwhile.
    pub fn with_service<R>(&self, poll: impl FnOnce(&mut Service) -> R) -> R {
        let seen = self.service.with(poll);
        self.changed.notify_one();
        seen
    }

    /// Stops listening and waits until exchanges under way are answered, but no longer than [`MAX_SHUTDOWN`](Self::MAX_SHUTDOWN). Dropping it does the same.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        self.running.take();
        if let Some(thread) = self.thread.take() {
            // It ends by itself within the grace. Had it panicked, there would be nothing left to stop.
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

/// Accepts connections until the listener is dropped.
async fn accept(socket: TcpListener, exchange: Exchange, mut stopped: watch::Receiver<()>) {
    /// A process that has too many files open has to wait for some to be closed.
    const AFTER_FAILURE: Duration = Duration::from_millis(50);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = socket.accept(), if connections.len() < Listener::MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection::serve(stream, exchange.clone(), stopped.clone()));
                }
                Err(_) => sleep(AFTER_FAILURE).await,
            },
        }
    }
    drop(socket);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(Listener::MAX_SHUTDOWN, ended).await;
}
