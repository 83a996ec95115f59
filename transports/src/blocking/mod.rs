//! The loop with threads: one exchange at a time on the calling one, or as many at once as there are threads.

mod handle;
mod shared;
mod thread_pool;

use std::sync::{Arc, mpsc};

use typless::drive::{BlockingClock, BlockingTransport};
use typless::machine::{Machine, Output, Time, Transmit};

use crate::trace::DriverSpan;
pub use handle::Handle;
use handle::Input;
use shared::{Answer, Shared, Task};
use thread_pool::ThreadPool;

/// Drives a machine and hands out its events as they come: on the calling thread, one exchange at a time, or on a few threads of its own.
///
/// Pulled, not called back: nothing is decided between two calls of [`next_event`](Self::next_event), so what must survive a crash can be stored there, and
/// [`machine_mut`](Self::machine_mut) takes notifications, confirmations and second thoughts. Another thread pushes them through a [`Handle`], which wakes the driver.
/// Made by the application; transport and clock may be references.
///
/// ```
/// use typless::machine::{Job, JobEventKind, JobOptions};
/// # use typless::drive::{BlockingTransport, Clock};
/// # use typless::machine::{Failure, Limits};
/// # use typless::wire::{Api, Body, Document};
/// # struct Transport;
/// # impl BlockingTransport for Transport {
/// #     fn send(&self, request: http::Request<Body>, _: Limits) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         let body = if request.method() == "POST" { r#"{"extraction_id": "0d14"}"# } else { r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"# };
/// #         Ok(http::Response::new(bytes::Bytes::from_static(body.as_bytes())))
/// #     }
/// # }
/// use typless_transports::ManualClock;
/// use typless_transports::blocking::Driver;
///
/// # let (transport, clock) = (Transport, ManualClock::default());
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// let job = Job::submit(&api, document, JobOptions::default(), typless::drive::Clock::now(&clock));
/// let mut driver = Driver::new(job, &transport, &clock);
/// while let Some(event) = driver.next_event() {
///     match event.kind {
///         JobEventKind::Submitted(ticket) => println!("keep this: {}", ticket.to_json()),
///         JobEventKind::Finished(outcome) => println!("{outcome:?}"),
///         _ => {}
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Driver<M, T, C> {
    machine: M,
    transport: T,
    clock: C,
    /// Where threads and hands leave what they have for us.
    desk: Arc<Shared>,
    inputs: (mpsc::Sender<Input<M>>, mpsc::Receiver<Input<M>>),
    crew: Option<ThreadPool<T>>,
    span: DriverSpan,
}

impl<M: Machine, T: BlockingTransport, C: BlockingClock> Driver<M, T, C> {
    /// A driver for this machine that performs its exchanges on the calling thread.
    pub fn new(machine: M, transport: T, clock: C) -> Self {
        Self {
            machine,
            transport,
            clock,
            desk: Arc::default(),
            inputs: mpsc::channel(),
            crew: None,
            span: DriverSpan::new(),
        }
    }

    /// Performs exchanges on threads of its own, at most this many at once; 0 is taken as 1.
    ///
    /// Each thread has a clone of the transport. They are started when there is something to do for them, and end with the driver; one that is in the middle of an exchange then, once
    /// that is over. While all are busy the machine is not asked for more, so give at least as many as the machine may have exchanges out.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self
    where
        T: Clone + Send + 'static,
    {
        self.crew = Some(ThreadPool::new(threads.max(1), self.desk.clone()));
        self
    }

    /// A hand by which another thread can reach the machine while this one waits in [`next_event`](Self::next_event).
    pub fn hand(&self) -> Handle<M> {
        Handle::new(self.inputs.0.clone(), self.desk.clone())
    }

    /// Works until the next event and hands it out.
    ///
    /// `None` when the machine is done, or when it can't go on without an input of the caller's, such as a confirmation, and no exchange is out: after that input, call again.
    /// Where the input comes by a [`Handle`], [`wait_for_input`](Self::wait_for_input) waits for it.
    pub fn next_event(&mut self) -> Option<M::Event> {
        loop {
            self.take_what_came();
            if self.crew.as_ref().is_some_and(ThreadPool::is_busy) {
                self.desk.wait(None);
                continue;
            }
            let now = self.clock.now();
            match self.machine.next_output(now) {
                Output::Send(transmit) => self.perform(transmit, now),
                Output::Event(event) => return Some(event),
                Output::Wait(until) => self.wait(until),
                Output::NeedInput if self.in_flight() == 0 => return None,
                Output::NeedInput => self.desk.wait(None),
                Output::Done => return None,
            }
        }
    }

    /// Works to the end and hands out the last outcome; `None` if the machine came to a stop without one.
    pub fn finish(mut self) -> Option<M::Outcome> {
        let mut last = None;
        while let Some(event) = self.next_event() {
            if let Ok(outcome) = M::into_outcome(event) {
                last = Some(outcome);
            }
        }
        last
    }

    /// Waits until a [`Handle`] has pushed an input, and takes it; `false` at once if none has and there is no hand left that could.
    pub fn wait_for_input(&mut self) -> bool {
        loop {
            // In this order: what the last hand pushed before it went is there once it is gone.
            let hands = self.desk.hands();
            if self.take_inputs() {
                return true;
            }
            if hands == 0 {
                return false;
            }
            self.desk.wait(None);
        }
    }

    fn in_flight(&self) -> usize {
        self.crew.as_ref().map_or(0, ThreadPool::in_flight)
    }

    fn perform(
        &mut self,
        Transmit {
            id,
            request,
            limits,
            ..
        }: Transmit,
        now: Time,
    ) {
        let span = self.span.exchange(id, &request, now);
        let task = Task {
            id,
            request,
            limits,
            span,
        };
        let left = match &mut self.crew {
            Some(crew) => crew.hand_over(task, &self.transport),
            None => Some(task),
        };
        if let Some(task) = left {
            let answer = task.perform(&self.transport);
            self.take_answer(answer);
        }
    }

    fn take_what_came(&mut self) {
        self.take_inputs();
        while let Some(answer) = self.crew.as_mut().and_then(ThreadPool::take_answer) {
            self.take_answer(answer);
        }
    }

    /// Takes what hands have pushed; says whether that was anything.
    fn take_inputs(&mut self) -> bool {
        let mut any = false;
        while let Ok(input) = self.inputs.1.try_recv() {
            input(&mut self.machine, self.clock.now());
            any = true;
        }
        any
    }

    fn take_answer(&mut self, Answer { id, result, span }: Answer) {
        let now = self.clock.now();
        span.ended(&result, now);
        match result {
            Ok(response) => self.machine.handle_response(id, response, now),
            Err(failure) => self.machine.handle_failure(id, failure, now),
        }
    }

    /// Waits until this time, an answer, or a hand.
    fn wait(&self, until: Time) {
        let calls = self.desk.calls();
        if self.in_flight() == 0 && !calls.rung && (calls.hands == 0 || self.clock.stands_still()) {
            // Nobody else would wake us, and a clock may have a way of its own to sleep.
            self.clock.sleep_until(until);
        } else if self.clock.stands_still() {
            // It would jump to a time limit before the exchange had a chance to end.
            self.desk.wait(None);
        } else {
            self.desk
                .wait(Some(until.saturating_since(self.clock.now())));
        }
    }
}

impl<M, T, C> Driver<M, T, C> {
    /// The machine, to poll.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to push inputs into between two events.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The machine, when the driver is not needed any more. Nobody waits for exchanges that are out.
    pub fn into_machine(self) -> M {
        self.machine
    }
}
