//! Servers on loopback that follow a script, byte by byte.

mod connection;
mod counter;
pub(super) mod frames;
mod http2;
mod received;
mod stream;
#[cfg(feature = "tls")]
mod tls;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use crate::runtime::Runtime;

pub(super) use connection::Connection;
pub(super) use counter::Counter;
pub(super) use http2::{Http2Response, Http2Server};
pub(super) use received::ReceivedRequest;
use stream::Stream;
#[cfg(feature = "tls")]
pub(super) use tls::{Certificate, Certificates};

/// A server that runs a script for each connection, on its own thread, and records the whole
/// requests that it has received.
///
/// A connection is closed when its script returns. If it has unread bytes then, the system resets
/// it. Dropping the server closes all connections.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What a server shares with its connections.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    timeout: Duration,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// How many connections were accepted.
    connections: usize,
    /// How many scripts are running.
    active: usize,
    /// The open streams to shut down with the server, by number of the connection.
    streams: Vec<Option<TcpStream>>,
    received: Vec<ReceivedRequest>,
    /// The addresses of connections that the server made to itself, until they are accepted.
    probes: Vec<SocketAddr>,
}

type Script = Arc<dyn Fn(&mut Connection) -> io::Result<()> + Send + Sync>;

impl Server {
    pub(super) fn new(
        runtime: &Runtime,
        timeout: Duration,
        script: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = listen(runtime, 1024)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            timeout,
        });
        let (theirs, script) = (shared.clone(), Arc::new(script) as Script);
        std::thread::spawn(move || accept(&listener, &theirs, &script));
        Ok(Self { address, shared })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL of a server whose script begins TLS.
    #[cfg(feature = "tls")]
    pub(super) fn tls_url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The whole requests that were received so far.
    pub(super) fn received(&self) -> Vec<ReceivedRequest> {
        self.shared.lock().received.clone()
    }

    /// How many connections were accepted so far.
    pub(super) fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Waits until every connection made so far is accepted, at most for the timeout.
    pub(super) fn wait_until_accepted(&self) -> io::Result<()> {
        // Connections are accepted in the order in which they were made, so all earlier ones are
        // accepted before this one.
        let mut state = self.shared.lock();
        let probe = TcpStream::connect(self.address)?;
        state.probes.push(probe.local_addr()?);
        drop(state);
        self.shared.wait(|state| state.probes.is_empty());
        Ok(())
    }

    /// Waits until every connection made so far is accepted and its script has ended, at most for
    /// the timeout.
    pub(super) fn wait_until_idle(&self) -> io::Result<()> {
        self.wait_until_accepted()?;
        self.shared.wait(|state| state.active == 0);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        for stream in state.streams.drain(..).flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the condition is true or the server is closed, at most for the timeout.
    fn wait(&self, condition: impl Fn(&State) -> bool) {
        let until = Instant::now() + self.timeout;
        let mut state = self.lock();
        while !state.closed && !condition(&state) {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return;
            };
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// A listener whose connections have small receive buffers, so that what a script does not read
/// can't be sent.
pub(super) fn listen(runtime: &Runtime, backlog: u32) -> io::Result<TcpListener> {
    let listener = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(128 * 1024)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        socket.listen(backlog)?.into_std()
    })?;
    listener.set_nonblocking(false)?;
    Ok(listener)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, script: &Script) {
    while let Ok((stream, peer)) = listener.accept() {
        let mut state = shared.lock();
        if state.closed {
            return;
        }
        if let Some(index) = state.probes.iter().position(|probe| *probe == peer) {
            state.probes.swap_remove(index);
            shared.changed.notify_all();
            continue;
        }
        let number = state.connections;
        state.connections += 1;
        state.active += 1;
        state.streams.push(stream.try_clone().ok());
        drop(state);
        let (shared, script) = (shared.clone(), script.clone());
        std::thread::spawn(move || run_script(stream, number, &shared, &script));
    }
}

fn run_script(stream: TcpStream, number: usize, shared: &Arc<Shared>, script: &Script) {
    let _ = stream.set_nodelay(true);
    // Longer than any limit of a client, so the client stops waiting first.
    let _ = stream.set_read_timeout(Some(shared.timeout * 2));
    let _ = stream.set_write_timeout(Some(shared.timeout * 2));
    let mut connection = Connection::new(number, Stream::Plain(stream), shared.clone());
    // An error means that the client has closed the connection.
    let _ = script(&mut connection);
    // Dropping the last handle closes the connection.
    drop(shared.lock().streams.get_mut(number).and_then(Option::take));
    drop(connection);
    shared.lock().active -= 1;
    shared.changed.notify_all();
}
