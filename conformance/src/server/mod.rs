//! Servers on loopback that follow a script, byte by byte.

mod connection;
pub(super) mod frames;
mod http2;
mod seen;
mod tally;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use crate::runtime::Runtime;

pub(super) use connection::Connection;
pub(super) use http2::{Http2Answer, Http2Server};
pub(super) use seen::Seen;
pub(super) use tally::Tally;

/// A server that runs a script for each connection, on a thread of its own, and remembers the
/// requests it has read whole.
///
/// A connection is closed when its script returns; if it has bytes unread then, the system resets
/// it. All of them are closed with the server.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What a connection and its server both know.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    patience: Duration,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// How many connections there were.
    connections: usize,
    /// How many scripts are running.
    active: usize,
    /// What to shut down in the end, by number of the connection.
    streams: Vec<Option<TcpStream>>,
    seen: Vec<Seen>,
    /// The server's own connections to itself, by their addresses, until they are met.
    probes: Vec<SocketAddr>,
}

type Script = Arc<dyn Fn(&mut Connection) -> io::Result<()> + Send + Sync>;

impl Server {
    pub(super) fn new(
        runtime: &Runtime,
        patience: Duration,
        script: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = listen(runtime, 1024)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            patience,
        });
        let (theirs, script) = (shared.clone(), Arc::new(script) as Script);
        std::thread::spawn(move || accept(&listener, &theirs, &script));
        Ok(Self { address, shared })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that were read whole so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.lock().seen.clone()
    }

    /// How many connections were accepted so far.
    pub(super) fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Waits until every connection made so far is accepted; not for ever.
    pub(super) fn meet(&self) -> io::Result<()> {
        // Connections are accepted in the order they were made: once this one is met, all before it
        // were.
        let mut state = self.shared.lock();
        let probe = TcpStream::connect(self.address)?;
        state.probes.push(probe.local_addr()?);
        drop(state);
        self.shared.wait(|state| state.probes.is_empty());
        Ok(())
    }

    /// Waits until every connection made so far is accepted and its script has ended; not for ever.
    pub(super) fn settle(&self) -> io::Result<()> {
        self.meet()?;
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

    /// Waits until the state is as wished or the server is closed, within the patience.
    fn wait(&self, wished: impl Fn(&State) -> bool) {
        let until = Instant::now() + self.patience;
        let mut state = self.lock();
        while !state.closed && !wished(&state) {
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

/// A listener whose connections buffer little: what a transport sends is then either read by a
/// script or not sent.
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
        std::thread::spawn(move || follow(stream, number, &shared, &script));
    }
}

fn follow(stream: TcpStream, number: usize, shared: &Arc<Shared>, script: &Script) {
    let _ = stream.set_nodelay(true);
    // Longer than any limit of a client's that waits for the same: it is the client that gives up,
    // not the server that closes.
    let _ = stream.set_read_timeout(Some(shared.patience * 2));
    let _ = stream.set_write_timeout(Some(shared.patience * 2));
    let mut connection = Connection::new(number, stream, shared.clone());
    // A client that goes away is no fault of the script's.
    let _ = script(&mut connection);
    // The last handle closes it.
    drop(shared.lock().streams.get_mut(number).and_then(Option::take));
    drop(connection);
    shared.lock().active -= 1;
    shared.changed.notify_all();
}
