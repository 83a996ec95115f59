//! What a job takes beside answers and failures.

use proptest::prelude::*;

use super::handles::{notification, notifications};
use super::moment::Moment;
use crate::machine::Job;
use crate::wire::Notification;

/// What a [`Job`] takes beside answers and failures.
///
/// Made by [`job_inputs`]; handed to a job by [`apply`](Self::apply).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum JobInput {
    /// A notification that the job has finished; none, while it has no id.
    NotifyItself,
    /// A notification about whatever it names.
    Notify(Notification),
    /// A confirmation of all events so far.
    Confirm,
    /// A confirmation of events up to this sequence, whether they were told or not.
    ConfirmTo(u64),
    /// The caller gives up.
    Abandon,
}

impl JobInput {
    /// Hands the input to a job; as a machine's hook for [`LawChecker::with_inputs`](super::LawChecker::with_inputs), also to one inside a machine of your own.
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
            // A machine whose events have no sequence known to the checker is confirmed as a whole.
            Self::Confirm => job.confirm(moment.last_sequence().unwrap_or(u64::MAX)),
            Self::ConfirmTo(sequence) => job.confirm(*sequence),
            Self::Abandon => job.abandon(moment.now()),
        }
    }
}

/// Inputs of a job: mostly confirmations, some notifications, rarely that it is given up.
pub fn job_inputs() -> BoxedStrategy<JobInput> {
    let sequence = prop_oneof![0..12_u64, any::<u64>()];
    prop_oneof![
        8 => Just(JobInput::Confirm),
        3 => Just(JobInput::NotifyItself),
        1 => notifications().prop_map(JobInput::Notify),
        1 => sequence.prop_map(JobInput::ConfirmTo),
        2 => Just(JobInput::Abandon),
    ]
    .boxed()
}
