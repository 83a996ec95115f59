//! Signals: Ctrl-C, SIGTERM from `kill`, a container or a CI job, and SIGHUP from a closed
//! terminal.

use std::io;
use std::thread;

use tokio::runtime;

use crate::exit::Exit;

/// Calls `first` at the first such signal, and `last` at the second, which ends the process
/// immediately; so does the first if `first` returns false.
pub(crate) fn on_interrupt(
    first: impl FnOnce() -> bool + Send + 'static,
    last: impl Fn() + Send + 'static,
) {
    // Where signals can't be handled, they end the process by default.
    let _ = handle(first, last);
}

fn handle(
    first: impl FnOnce() -> bool + Send + 'static,
    last: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let mut first = Some(first);
    let wait = async move {
        loop {
            signals.next().await;
            if !first.take().is_some_and(|first| first()) {
                last();
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    };
    thread::Builder::new()
        .name("typless-signals".into())
        .spawn(move || runtime.block_on(wait))
        .map(drop)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Installs the handlers.
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hang_up = if is_hang_up_ignored() {
            None
        } else {
            Some(signal(SignalKind::hangup())?)
        };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up,
        })
    }

    async fn next(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}

/// Whether SIGHUP is ignored, as under `nohup`; a handler would undo that. Only Linux can tell;
/// elsewhere it counts as ignored.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    ignored.is_none_or(|signals| signals & 1 != 0)
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
