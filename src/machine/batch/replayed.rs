//! What a transcript of a batch needs of its inside.

use super::sources::Draw;
use super::{Batch, JobKey};
use crate::machine::delay::DelayEstimators;
use crate::machine::exchange::RequestId;

/// The inside of a batch, for the module `transcript`.
pub(crate) struct Inside<'b>(pub(crate) &'b mut Batch);

impl Inside<'_> {
    /// Adds an iterator of a recorded run, as [`Batch::add_all`].
    pub(crate) fn add_recorded(&mut self, least: usize) {
        if !self.0.closed {
            self.0.sources.push_recorded(least);
        }
    }

    /// The next draw from a recorded iterator is this one.
    pub(crate) fn expect_draw(&mut self, draw: Draw) {
        self.0.sources.expect(draw);
    }

    /// The jobs of what was drawn from recorded iterators since the last call, in its order.
    pub(crate) fn take_drawn(&mut self) -> Vec<JobKey> {
        self.0.sources.take_drawn()
    }

    /// Whether a job that is restored is followed from then on, and not to its own deadline.
    pub(crate) fn sets_deadline(&self) -> bool {
        self.0.options.jobs.deadline.is_some()
    }

    /// The job whose request this is, while it is in flight.
    pub(crate) fn job_of(&self, id: RequestId) -> Option<JobKey> {
        self.0.outbox.in_flight().job_of(id).map(Into::into)
    }
}

/// The parameters of a new batch, for a transcript.
pub(crate) fn origin(batch: &Batch) -> String {
    let mut origin = format!("Batch\n{:?}\n{:?}", batch.api, batch.options);
    // Neither has anything secret: numbers, and names of document types.
    if *batch.estimators() != DelayEstimators::new() {
        let json = serde_json::to_string(batch.estimators()).unwrap_or_default();
        origin = format!("{origin}\n{json}");
    }
    let new = Batch::new(&batch.api, batch.options.clone(), batch.latest);
    let state = batch.throttle_state();
    if state != new.throttle_state() {
        origin = format!("{origin}\n{}", state.to_json());
    }
    origin
}
