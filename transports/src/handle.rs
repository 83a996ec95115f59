//! A handle that pushes inputs into a driver, and the driver's end of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use typless::machine::Time;

/// An input to the machine, called with the current time.
type Input<M> = Box<dyn FnOnce(&mut M, Time) + Send>;

/// Pushes inputs into the machine of a driver, from any thread or task, and wakes the driver.
///
/// For whoever adds documents, receives webhooks, confirms stored events, or changes the key while
/// the driver runs elsewhere. [`blocking::Driver::handle`](crate::blocking::Driver::handle) and
/// [`asynchronous::Driver::handle`](crate::asynchronous::Driver::handle) make one; clones belong to
/// the same driver. A driver that waits for input waits as long as a handle lives, so drop those
/// that are no longer used.
///
/// ```
/// # use typless::drive::{BlockingTransport, Clock};
/// # use typless::machine::{Failure, Job, JobOptions, Limits};
/// # use typless::wire::{Api, Body, Document, Notification};
/// # struct Transport;
/// # impl BlockingTransport for Transport {
/// #     fn send(
/// #         &self,
/// #         request: http::Request<Body>,
/// #         _: Limits,
/// #     ) -> Result<http::Response<bytes::Bytes>, Failure> {
/// #         let body = if request.method() == "POST" {
/// #             r#"{"extraction_id": "0d14"}"#
/// #         } else {
/// #             r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"#
/// #         };
/// #         Ok(http::Response::new(bytes::Bytes::from_static(body.as_bytes())))
/// #     }
/// # }
/// # use typless_transports::{ManualClock, blocking::Driver};
/// # let (transport, clock) = (Transport, ManualClock::default());
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// # let job = Job::submit(&api, document, JobOptions::default(), clock.now());
/// let mut driver = Driver::new(job, &transport, &clock);
/// let handle = driver.handle();
/// std::thread::spawn(move || {
///     // A webhook came in.
///     # let json = br#"{"data": {"id": "0d14"}}"#;
///     if let Ok(notification) = Notification::decode(json) {
///         handle.push(move |job, now| job.handle_notification(&notification, now));
///     }
/// });
/// while let Some(event) = driver.next_event()? {
///     println!("{event:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Handle<M> {
    shared: Arc<Shared<M>>,
}

impl<M> Handle<M> {
    fn new(shared: Arc<Shared<M>>) -> Self {
        shared.lock().handles += 1;
        Self { shared }
    }

    /// Pushes an input, which the driver applies to the machine before it continues. `false` if the
    /// driver no longer exists; the input is dropped then.
    ///
    /// Inputs are applied in the order in which they were pushed, each once, and with the time at
    /// which they are applied. An input that is pushed between two calls of the driver is applied
    /// by the next call.
    pub fn push(&self, input: impl FnOnce(&mut M, Time) + Send + 'static) -> bool {
        let mut state = self.shared.lock();
        if state.is_closed {
            return false;
        }
        state.inputs.push_back(Box::new(input));
        wake(state);
        true
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self::new(self.shared.clone())
    }
}

impl<M> Drop for Handle<M> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.handles -= 1;
        // A driver that waits for input may have to say that there will be none.
        wake(state);
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// The driver's end: the inputs that handles have pushed. Dropping it closes all handles.
pub(crate) struct Inbox<M> {
    shared: Arc<Shared<M>>,
}

struct Shared<M> {
    state: Mutex<State<M>>,
}

struct State<M> {
    inputs: VecDeque<Input<M>>,
    handles: usize,
    is_closed: bool,
    /// Wakes the driver.
    waker: Waker,
}

impl<M> Inbox<M> {
    /// An empty inbox of a driver that this wakes.
    pub(crate) fn new(waker: Waker) -> Self {
        let state = State {
            inputs: VecDeque::new(),
            handles: 0,
            is_closed: false,
            waker,
        };
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
            }),
        }
    }

    pub(crate) fn handle(&self) -> Handle<M> {
        Handle::new(self.shared.clone())
    }

    /// The oldest input that was not applied yet.
    pub(crate) fn pop(&self) -> Option<Input<M>> {
        self.shared.lock().inputs.pop_front()
    }

    pub(crate) fn has_handles(&self) -> bool {
        self.shared.lock().handles > 0
    }

    /// Whether there is no input, and nobody who could push one.
    pub(crate) fn is_deserted(&self) -> bool {
        let state = self.shared.lock();
        state.inputs.is_empty() && state.handles == 0
    }

    /// Ready if there is an input. Otherwise the next change wakes this task.
    pub(crate) fn poll_input(&self, context: &Context<'_>) -> Poll<()> {
        self.poll(context, |state| !state.inputs.is_empty())
    }

    /// Ready if there is an input, or nobody who could push one.
    pub(crate) fn poll_input_or_deserted(&self, context: &Context<'_>) -> Poll<()> {
        self.poll(context, |state| {
            !state.inputs.is_empty() || state.handles == 0
        })
    }

    fn poll(&self, context: &Context<'_>, is_ready: impl Fn(&State<M>) -> bool) -> Poll<()> {
        let mut state = self.shared.lock();
        if is_ready(&state) {
            return Poll::Ready(());
        }
        state.waker.clone_from(context.waker());
        Poll::Pending
    }
}

impl<M> Drop for Inbox<M> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        state.waker = Waker::noop().clone();
        // Dropped without the lock: they may own handles.
        let inputs = std::mem::take(&mut state.inputs);
        drop(state);
        drop(inputs);
    }
}

impl<M> fmt::Debug for Inbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Inbox")
            .field("inputs", &state.inputs.len())
            .field("handles", &state.handles)
            .finish_non_exhaustive()
    }
}

impl<M> Shared<M> {
    /// A poisoned lock is used: no code here panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the driver. Without the lock: a waker is foreign code.
fn wake<M>(state: MutexGuard<'_, State<M>>) {
    let waker = state.waker.clone();
    drop(state);
    waker.wake();
}
