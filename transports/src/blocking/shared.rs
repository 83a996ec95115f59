//! What a driver shares with its threads: tasks, finished exchanges, and wake-ups.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::BlockingTransport;
use typless::machine::{Failure, FailureKind, Limits, RequestId, Time};
use typless::wire::Body;

use crate::trace::ExchangeSpan;

/// An exchange to perform.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: RequestId,
    pub(super) request: Request<Body>,
    pub(super) limits: Limits,
    /// When the machine asked for it.
    pub(super) sent_at: Time,
    pub(super) span: ExchangeSpan,
}

impl Task {
    pub(super) fn perform(self, transport: &impl BlockingTransport) -> Finished {
        let Self {
            id,
            request,
            limits,
            span,
            ..
        } = self;
        let result = span.in_scope(|| transport.send(request, limits));
        Finished { id, result, span }
    }
}

/// A finished exchange.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) id: RequestId,
    pub(super) result: Result<Response<Bytes>, Failure>,
    pub(super) span: ExchangeSpan,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes the driver.
    driver_condvar: Condvar,
    /// Wakes the threads.
    task_condvar: Condvar,
}

#[derive(Debug, Default)]
struct State {
    tasks: VecDeque<Task>,
    finished: VecDeque<Finished>,
    is_woken: bool,
    threads: usize,
    /// How many of the threads wait for a task.
    idle: usize,
    is_closed: bool,
}

impl Shared {
    /// Waits until the driver is woken, at most for this long.
    pub(super) fn wait(&self, max_wait: Option<Duration>) {
        let state = self.lock();
        let is_asleep = |state: &mut State| !state.is_woken;
        let mut state = match max_wait {
            Some(max_wait) => {
                self.driver_condvar
                    .wait_timeout_while(state, max_wait, is_asleep)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self
                .driver_condvar
                .wait_while(state, is_asleep)
                .unwrap_or_else(PoisonError::into_inner),
        };
        state.is_woken = false;
    }

    /// Whether the driver was woken since its last wait.
    pub(super) fn is_woken(&self) -> bool {
        self.lock().is_woken
    }

    pub(super) fn take_finished(&self) -> Option<Finished> {
        self.lock().finished.pop_front()
    }

    /// Counts a new thread if one more task needs it and there are fewer than `max_threads`. `true`
    /// if the caller must start that thread.
    pub(super) fn reserve_thread(&self, max_threads: usize) -> bool {
        let mut state = self.lock();
        let is_needed = state.idle <= state.tasks.len() && state.threads < max_threads;
        state.threads += usize::from(is_needed);
        is_needed
    }

    /// Undoes [`reserve_thread`](Self::reserve_thread): the thread could not be started.
    pub(super) fn release_thread(&self) {
        self.lock().threads -= 1;
    }

    pub(super) fn push_task(&self, task: Task) {
        self.lock().tasks.push_back(task);
        self.task_condvar.notify_one();
    }

    /// Ends all threads, each after the exchange that it performs.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.tasks.clear();
        drop(state);
        self.task_condvar.notify_all();
    }

    /// The loop of each thread, until the driver is dropped or the transport panics.
    pub(super) fn run_tasks(&self, transport: &impl BlockingTransport) {
        while let Some(task) = self.next_task() {
            let mut guard = PanicGuard {
                shared: self,
                exchange: Some((task.id, task.span.clone())),
            };
            let finished = task.perform(transport);
            guard.exchange = None;
            let mut state = self.lock();
            state.finished.push_back(finished);
            self.wake_with(&mut state);
        }
    }

    fn next_task(&self) -> Option<Task> {
        let mut state = self.lock();
        state.idle += 1;
        let is_idle = |state: &mut State| state.tasks.is_empty() && !state.is_closed;
        let mut state = self
            .task_condvar
            .wait_while(state, is_idle)
            .unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        state.tasks.pop_front()
    }

    fn wake_with(&self, state: &mut State) {
        state.is_woken = true;
        self.driver_condvar.notify_one();
    }

    /// A poisoned lock is used: no code here panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the driver, for a handle.
impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_with(&mut self.lock());
    }
}

/// Reports a failure if the transport panics, so the driver cannot hang.
struct PanicGuard<'s> {
    shared: &'s Shared,
    exchange: Option<(RequestId, ExchangeSpan)>,
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if let Some((id, span)) = self.exchange.take() {
            let failure = Failure::new(FailureKind::Interrupted, "the transport panicked");
            let mut state = self.shared.lock();
            state.threads -= 1;
            state.finished.push_back(Finished {
                id,
                result: Err(failure),
                span,
            });
            self.shared.wake_with(&mut state);
        }
    }
}
