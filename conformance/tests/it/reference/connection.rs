//! Connections: new, idle, and aborted ones.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use typless::machine::{Failure, FailureKind, Limits};

use super::{Fault, Reference, not_sent, timed_out};

/// A connection that waits for its next exchange.
pub(super) struct Pooled {
    authority: String,
    stream: TcpStream,
    /// Whether to check that it is still open before it is used.
    is_checked: bool,
}

impl Reference {
    pub(super) fn connect(&self, uri: &Uri, limits: Limits) -> Result<TcpStream, Failure> {
        if uri.scheme_str() == Some("https") && !self.has(Fault::SpeaksPlainForTls) {
            return Err(not_sent("there is no TLS here"));
        }
        let kind = |wrong| {
            if self.has(wrong) {
                FailureKind::Interrupted
            } else {
                FailureKind::NotSent
            }
        };
        let host = (uri.host().unwrap(), uri.port_u16().unwrap_or(80));
        let address = host
            .to_socket_addrs()
            .and_then(|mut found| found.next().ok_or_else(|| io::ErrorKind::NotFound.into()));
        let address = address
            .map_err(|error| Failure::new(kind(Fault::CallsUnknownHostInterrupted), error))?;
        let stream = TcpStream::connect_timeout(&address, limits.connect.min(limits.total))
            .map_err(|error| match error.kind() {
                io::ErrorKind::ConnectionRefused => {
                    Failure::new(kind(Fault::CallsRefusedInterrupted), error)
                }
                _ => Failure::new(kind(Fault::CallsNoConnectionInterrupted), error),
            })?;
        stream.set_nodelay(true).map_err(not_sent)?;
        Ok(stream)
    }

    /// An idle connection to this authority that is still open.
    pub(super) fn pooled(&self, authority: &str) -> Option<TcpStream> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(index) = idle.iter().position(|pooled| pooled.authority == authority) {
            let pooled = idle.swap_remove(index);
            if !pooled.is_checked
                || self.has(Fault::KeepsDeadConnections)
                || is_quiet(&pooled.stream)
            {
                return Some(pooled.stream);
            }
        }
        None
    }

    pub(super) fn keep(&self, authority: String, stream: TcpStream, is_checked: bool) {
        if !self.has(Fault::KeepsNoConnections) {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Pooled {
                    authority,
                    stream,
                    is_checked,
                });
        }
    }
}

/// Whether there is nothing to read, and the connection is open.
pub(super) fn is_quiet(stream: &TcpStream) -> bool {
    let peeked = stream
        .set_nonblocking(true)
        .and_then(|()| stream.peek(&mut [0]));
    let quiet = peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    quiet && stream.set_nonblocking(false).is_ok() || stream.set_nonblocking(false).is_err()
}

/// Whether it is closed within 2 seconds, which is enough on a busy computer.
pub(super) fn is_closed_soon(mut stream: &TcpStream) -> bool {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    // After a write that failed with a reset, a read returns 0 here.
    stream
        .read(&mut [0])
        .map_or_else(|error| !timed_out(&error), |count| count == 0)
}

/// Aborts an exchange from another thread.
#[derive(Default)]
pub(super) struct Abort {
    stream: Mutex<Option<TcpStream>>,
}

impl Abort {
    pub(super) fn watch(&self, stream: &TcpStream) {
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = stream.try_clone().ok();
    }

    pub(super) fn release(&self) {
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn abort(&self) {
        if let Some(stream) = &*self.stream.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
