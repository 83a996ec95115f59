//! The threads of a driver.

use std::io;
use std::sync::Arc;
use std::thread;

use typless::drive::BlockingTransport;

use super::shared::{Finished, Shared, Task};

/// A bounded set of threads that perform exchanges.
#[derive(Debug)]
pub(super) struct ThreadPool<T> {
    shared: Arc<Shared>,
    max_threads: usize,
    in_flight: usize,
    /// Starts one thread with a clone of the transport. A function pointer, so that a driver
    /// without threads does not need a transport that is `Clone + Send + 'static`.
    start: fn(&T, Arc<Shared>) -> io::Result<()>,
}

impl<T: BlockingTransport> ThreadPool<T> {
    pub(super) fn new(max_threads: usize, shared: Arc<Shared>) -> Self
    where
        T: Clone + Send + 'static,
    {
        Self {
            shared,
            max_threads,
            in_flight: 0,
            start: start::<T>,
        }
    }

    /// Gives a task to a thread. Returns the task if the system could not start a thread for it.
    pub(super) fn submit(&mut self, task: Task, transport: &T) -> Option<Task> {
        if self.shared.reserve_thread(self.max_threads)
            && (self.start)(transport, self.shared.clone()).is_err()
        {
            self.shared.release_thread();
            return Some(task);
        }
        self.in_flight += 1;
        self.shared.push_task(task);
        None
    }

    pub(super) fn take_finished(&mut self) -> Option<Finished> {
        let finished = self.shared.take_finished()?;
        self.in_flight -= 1;
        Some(finished)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn is_busy(&self) -> bool {
        self.in_flight >= self.max_threads
    }
}

impl<T> Drop for ThreadPool<T> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

fn start<T: BlockingTransport + Clone + Send + 'static>(
    transport: &T,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let transport = transport.clone();
    thread::Builder::new()
        .name("typless-exchange".into())
        .spawn(move || shared.run_tasks(&transport))
        .map(drop)
}
