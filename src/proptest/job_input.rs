//! Inputs of a job besides responses and failures.

use proptest::prelude::*;

use super::handles::{notification, notifications};
use super::moment::Moment;
use crate::machine::Job;
use crate::wire::Notification;

/// An input of a [`Job`] besides responses and failures; see [`job_inputs`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum JobInput {
    /// A notification that the job has finished. Nothing happens if the job has no id yet.
    NotifyItself,
    /// A notification with any id.
    Notify(Notification),
    /// Confirms all events so far.
    Confirm,
    /// Confirms all events up to this sequence, whether they were emitted or not.
    ConfirmTo(u64),
    /// Abandons the job.
    Abandon,
    /// Sets another key.
    SetKey,
}

impl JobInput {
    /// Passes the input to a job. Use it as the hook for
    /// [`LawChecker::with_inputs`](super::LawChecker::with_inputs), also for a job inside your own
    /// machine.
    pub fn apply(&self, job: &mut Job, moment: &Moment) {
        match self {
            Self::NotifyItself => {
                if let Some(notification) = job
                    .ticket()
                    .and_then(|ticket| notification(ticket.extraction_id()))
                {
                    job.handle_notification(&notification, moment.now());
                }
            }
            Self::Notify(notification) => job.handle_notification(notification, moment.now()),
            // If the checker knows no sequences, everything is confirmed.
            Self::Confirm => job.confirm(moment.last_sequence().unwrap_or(u64::MAX)),
            Self::ConfirmTo(sequence) => job.confirm(*sequence),
            Self::Abandon => job.abandon(moment.now()),
            // The key is valid.
            Self::SetKey => drop(job.set_key("another-key")),
        }
    }
}

/// Inputs of a job: mostly confirmations, some notifications, rarely another key, or that it is
/// abandoned.
pub fn job_inputs() -> BoxedStrategy<JobInput> {
    let sequence = prop_oneof![0..12_u64, any::<u64>()];
    prop_oneof![
        8 => Just(JobInput::Confirm),
        3 => Just(JobInput::NotifyItself),
        1 => notifications().prop_map(JobInput::Notify),
        1 => sequence.prop_map(JobInput::ConfirmTo),
        2 => Just(JobInput::Abandon),
        1 => Just(JobInput::SetKey),
    ]
    .boxed()
}
