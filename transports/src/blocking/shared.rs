//! The desk at which a driver meets its threads and hands: tasks go one way, answers and calls the other.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::BlockingTransport;
use typless::machine::{Failure, FailureKind, Limits, RequestId};
use typless::wire::Body;

use crate::trace::ExchangeSpan;

/// An exchange to perform.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: RequestId,
    pub(super) request: Request<Body>,
    pub(super) limits: Limits,
    pub(super) span: ExchangeSpan,
}

impl Task {
    pub(super) fn perform(self, transport: &impl BlockingTransport) -> Answer {
        let Self {
            id,
            request,
            limits,
            span,
        } = self;
        let result = span.around(|| transport.send(request, limits));
        Answer { id, result, span }
    }
}

/// How an exchange ended.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) id: RequestId,
    pub(super) result: Result<Response<Bytes>, Failure>,
    pub(super) span: ExchangeSpan,
}

/// Who may call a driver that waits.
pub(super) struct Calls {
    /// The number of hands there are.
    pub(super) hands: usize,
    /// Whether something came that has not been polled.
    pub(super) rung: bool,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Rings for the driver.
    bell: Condvar,
    /// Rings for the threads.
    work: Condvar,
}

#[derive(Debug, Default)]
struct State {
    tasks: VecDeque<Task>,
    answers: VecDeque<Answer>,
    rung: bool,
    hands: usize,
    /// The threads there are, and those of them that wait for a task.
    threads: usize,
    idle: usize,
    closed: bool,
}

impl Shared {
    /// Waits until it rings, or for this long.
    pub(super) fn wait(&self, longest: Option<Duration>) {
        let state = self.lock();
        let quiet = |state: &mut State| !state.rung;
        let mut state = match longest {
            Some(longest) => {
                self.bell
                    .wait_timeout_while(state, longest, quiet)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self
                .bell
                .wait_while(state, quiet)
                .unwrap_or_else(PoisonError::into_inner),
        };
        state.rung = false;
    }

    pub(super) fn calls(&self) -> Calls {
        let state = self.lock();
        Calls {
            hands: state.hands,
            rung: state.rung,
        }
    }

    pub(super) fn hands(&self) -> usize {
        self.lock().hands
    }

    pub(super) fn hand_made(&self) {
        self.lock().hands += 1;
    }

    pub(super) fn hand_gone(&self) {
        let mut state = self.lock();
        state.hands -= 1;
        self.ring_with(&mut state);
    }

    pub(super) fn ring(&self) {
        self.ring_with(&mut self.lock());
    }

    pub(super) fn take_answer(&self) -> Option<Answer> {
        self.lock().answers.pop_front()
    }

    /// Whether a further thread should be started for a further task; counts it if so.
    pub(super) fn wants_thread(&self, most: usize) -> bool {
        let mut state = self.lock();
        let wants = state.idle <= state.tasks.len() && state.threads < most;
        state.threads += usize::from(wants);
        wants
    }

    /// The thread that was counted could not be started.
    pub(super) fn thread_failed(&self) {
        self.lock().threads -= 1;
    }

    pub(super) fn put_task(&self, task: Task) {
        self.lock().tasks.push_back(task);
        self.work.notify_one();
    }

    /// Has all threads end once they have nothing under way.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.tasks.clear();
        drop(state);
        self.work.notify_all();
    }

    /// What each thread does, until the desk is closed or the transport panics.
    pub(super) fn work(&self, transport: &impl BlockingTransport) {
        while let Some(task) = self.next_task() {
            let mut owed = Owed {
                desk: self,
                answer: Some((task.id, task.span.clone())),
            };
            let answer = task.perform(transport);
            owed.answer = None;
            let mut state = self.lock();
            state.answers.push_back(answer);
            self.ring_with(&mut state);
        }
    }

    fn next_task(&self) -> Option<Task> {
        let mut state = self.lock();
        state.idle += 1;
        let nothing = |state: &mut State| state.tasks.is_empty() && !state.closed;
        let mut state = self
            .work
            .wait_while(state, nothing)
            .unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        state.tasks.pop_front()
    }

    fn ring_with(&self, state: &mut State) {
        state.rung = true;
        self.bell.notify_one();
    }

    /// Nothing here panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer a thread owes: one that dies of its transport's panic leaves a failure, lest the driver wait for ever.
struct Owed<'d> {
    desk: &'d Shared,
    answer: Option<(RequestId, ExchangeSpan)>,
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if let Some((id, span)) = self.answer.take() {
            let failure = Failure::new(FailureKind::Interrupted, "the transport panicked");
            let mut state = self.desk.lock();
            state.threads -= 1;
            state.answers.push_back(Answer {
                id,
                result: Err(failure),
                span,
            });
            self.desk.ring_with(&mut state);
        }
    }
}
