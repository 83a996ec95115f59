//! What a job teaches about the time jobs take.

use super::record::{OutcomeKind, Record};
use super::response::PollResult;
use crate::machine::delay::DelayEstimator;
use crate::machine::time::Time;

/// An estimator in the hands of one job.
#[derive(Debug)]
pub(crate) struct Learning {
    // Apart from the job, which would be ten times its size.
    estimator: Box<DelayEstimator>,
    /// When the job was last known to be in progress. `None` for one that was resumed, until it was polled: what happened before was learned by another, or by nobody.
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

    /// The job was taken just now.
    pub(crate) fn submitted(&mut self, record: &Record) {
        self.in_progress_at = Some(record.submitted_at);
    }

    /// The poll that is out was answered. A failed one, and one that found nothing to wait for, teach nothing.
    pub(crate) fn polled(&mut self, record: &Record, answer: PollResult, now: Time) {
        let age = |time: Time| time.saturating_since(record.submitted_at);
        match (answer, self.in_progress_at) {
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
