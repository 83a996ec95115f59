//! What happened to a job, without times, so that two runs can be compared.

use crate::machine::{BatchEventKind, JobEventKind, JobKey};
use crate::wire::ExtractionId;

/// The events of a job, without their numbers and times.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Story {
    events: Vec<String>,
    /// Which of them is the last, if it has ended. Only the id of a late submit may follow.
    end: Option<usize>,
}

impl Story {
    /// Takes note of an event. Whether it is about this job.
    pub(super) fn note(&mut self, event: &BatchEventKind, job: JobKey) -> bool {
        let (text, is_last) = match event {
            BatchEventKind::Job { key, event, .. } if *key == job => {
                (summary(event), matches!(event, JobEventKind::Finished(_)))
            }
            BatchEventKind::Unfinished { key, .. } if *key == job => ("unfinished".into(), true),
            BatchEventKind::SubmittedLate { key, ticket } if *key == job => {
                (format!("submitted late: {}", ticket.extraction_id()), false)
            }
            _ => return false,
        };
        if is_last {
            self.end = Some(self.events.len());
        }
        self.events.push(text);
        true
    }

    /// How many events there were.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Leaves out the first events.
    pub(super) fn begin_after(&mut self, events: usize) {
        self.events.drain(..events.min(self.events.len()));
        self.end = self.end.and_then(|end| end.checked_sub(events));
    }

    /// How it ended, if it has.
    pub(super) fn outcome(&self) -> Option<&str> {
        self.events.get(self.end?).map(String::as_str)
    }
}

/// The id of the extraction, if the event has it.
pub(super) fn id_in(event: &BatchEventKind, job: JobKey) -> Option<&ExtractionId> {
    match event {
        BatchEventKind::Job {
            key,
            event: JobEventKind::Submitted(ticket),
            ..
        }
        | BatchEventKind::SubmittedLate { key, ticket }
            if *key == job =>
        {
            Some(ticket.extraction_id())
        }
        _ => None,
    }
}

fn summary(event: &JobEventKind) -> String {
    match event {
        JobEventKind::Submitting { attempt } => format!("submitting: {attempt}"),
        JobEventKind::SubmitFailed { cause, .. } => format!("submit failed: {cause:?}"),
        JobEventKind::Submitted(ticket) => format!("submitted: {}", ticket.extraction_id()),
        JobEventKind::SubmittedAgain(id) => format!("submitted again: {id}"),
        JobEventKind::PollDue { poll, .. } => format!("poll: {poll}"),
        JobEventKind::Progressed { status, .. } => format!("progressed: {status:?}"),
        JobEventKind::PollFailed { cause, alike, .. } => format!("failed {alike}: {cause:?}"),
        JobEventKind::Finished(Err(error)) => error.code().to_owned(),
        JobEventKind::Finished(Ok(extraction)) => {
            serde_json::to_string(extraction).unwrap_or_default()
        }
    }
}
