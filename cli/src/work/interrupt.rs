//! Ctrl-C, and the request to end that `kill`, a container or a CI job sends.

use std::io;
use std::thread;

use tokio::runtime;

use crate::failure::Exit;

/// Does this at the first such signal; a second one ends the process at once, and so does the first if it does not reach anybody any more.
pub(crate) fn on_interruption(first: impl FnOnce() -> bool + Send + 'static) {
    // Where signals can't be handled, they end the process, as they always did.
    let _ = handle(first);
}

fn handle(first: impl FnOnce() -> bool + Send + 'static) -> io::Result<()> {
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
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    };
    thread::Builder::new().name("typless-signals".into()).spawn(move || runtime.block_on(wait)).map(drop)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Handles them from here on.
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // A hang-up is left alone: `nohup` has it ignored.
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
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
