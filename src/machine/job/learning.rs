//! Updates an estimator from the polls of one job.

use super::record::{OutcomeKind, Record};
use super::response::PollResult;
use crate::machine::delay::DelayEstimator;
use crate::machine::time::Time;

/// The estimator of one job.
#[derive(Debug)]
pub(crate) struct Learning {
    // Boxed: it is ten times the size of the job.
    estimator: Box<DelayEstimator>,
    /// When the job was last known to be in progress. `None` for a resumed job until it was polled:
    /// its earlier time was observed by another process, or not at all.
    in_progress_at: Option<Time>,
}

impl Learning {
    pub(crate) fn new(estimator: DelayEstimator) -> Self {
        Self {
            estimator: Box::new(estimator),
            in_progress_at: None,
        }
    }

    pub(crate) fn estimator(&self) -> &DelayEstimator {
        &self.estimator
    }

    /// The job was accepted just now.
    pub(crate) fn submitted(&mut self, record: &Record) {
        self.in_progress_at = Some(record.submitted_at);
    }

    /// The poll in flight got a response. A failed poll, or one of an unknown or deleted
    /// extraction, is no observation.
    pub(crate) fn polled(&mut self, record: &Record, result: PollResult, now: Time) {
        let age = |time: Time| time.saturating_since(record.submitted_at);
        match (result, self.in_progress_at) {
            (PollResult::InProgress { .. }, before) => {
                if let Some(before) = before {
                    self.estimator
                        .observe_pending(1, age(before), age(record.polled_at));
                }
                self.in_progress_at = Some(record.polled_at);
            }
            (
                PollResult::Final(
                    OutcomeKind::Succeeded | OutcomeKind::Failed | OutcomeKind::Unreadable,
                ),
                Some(before),
            ) => {
                self.estimator.observe_finished(age(before), age(now));
            }
            _ => {}
        }
    }
}
