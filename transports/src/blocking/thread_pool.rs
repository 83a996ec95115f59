//! The threads of a driver: started when needed, ended with it.

use std::io;
use std::sync::Arc;
use std::thread;

use typless::drive::BlockingTransport;

use super::shared::{Answer, Shared, Task};

/// A bounded set of threads that perform exchanges.
#[derive(Debug)]
pub(super) struct ThreadPool<T> {
    desk: Arc<Shared>,
    most: usize,
    in_flight: usize,
    /// Starts one thread with a clone of the transport. Kept as a function, so that a driver without threads asks nothing of its transport.
    start: fn(&T, Arc<Shared>) -> io::Result<()>,
}

impl<T: BlockingTransport> ThreadPool<T> {
    pub(super) fn new(most: usize, desk: Arc<Shared>) -> Self
    where
        T: Clone + Send + 'static,
    {
        Self {
            desk,
            most,
            in_flight: 0,
            start: start::<T>,
        }
    }

    /// Gives a task to a thread; gives it back if the system has no thread for it.
    pub(super) fn hand_over(&mut self, task: Task, transport: &T) -> Option<Task> {
        if self.desk.wants_thread(self.most) && (self.start)(transport, self.desk.clone()).is_err()
        {
            self.desk.thread_failed();
            return Some(task);
        }
        self.in_flight += 1;
        self.desk.put_task(task);
        None
    }

    pub(super) fn take_answer(&mut self) -> Option<Answer> {
        let answer = self.desk.take_answer()?;
        self.in_flight -= 1;
        Some(answer)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn is_busy(&self) -> bool {
        self.in_flight >= self.most
    }
}

impl<T> Drop for ThreadPool<T> {
    fn drop(&mut self) {
        self.desk.close();
    }
}

fn start<T: BlockingTransport + Clone + Send + 'static>(
    transport: &T,
    desk: Arc<Shared>,
) -> io::Result<()> {
    let transport = transport.clone();
    thread::Builder::new()
        .name("typless-exchange".into())
        .spawn(move || desk.work(&transport))
        .map(drop)
}
