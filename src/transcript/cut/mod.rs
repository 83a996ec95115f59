//! Cuts the run of a batch down to one of its jobs.

mod course;
mod rerun;
mod story;

use std::error::Error;
use std::fmt;

use super::{Divergence, Transcript};
use crate::machine::{Batch, JobKey, Time};
use course::Course;

impl Transcript {
    /// Cuts the recorded run of a batch down to one of its jobs: a short transcript that replays by
    /// itself and has nothing of the other documents.
    ///
    /// `new` returns the batch as it was created, at the given time: it is called twice. First the
    /// whole run is replayed, to see what happened to the job. Then the job runs alone in a second
    /// batch, which is recorded:
    ///
    /// - It is added when the first event about it came, or it was abandoned or shut down. Its
    ///   deadline counts from then if it counted from when it was added.
    /// - Its requests get the responses and failures of the recorded ones, in their order and as
    ///   long after the request. A further submit gets none, and a further poll the last one again.
    /// - It is abandoned and shut down, its webhooks come and keys are set when they were. Its
    ///   submits are confirmed as long after their event.
    /// - A listing gets the recorded one that was requested last, with no other id than its own.
    ///
    /// The second batch decides by this one job. It polls at other times, and knows nothing of the
    /// pauses that others caused. So the job may fare otherwise there: [`Cut::has_same_events`] and
    /// [`Cut::has_same_outcome`] say how it did.
    ///
    /// It has some five lines for each request of the job. Of a job that stayed in progress for
    /// long only the last polls are left, and compared: it is restored from its snapshot before
    /// them. (Not so where the options have a deadline, since that would count from then.)
    ///
    /// # Errors
    ///
    /// The run is another one than that of such a batch, or it has no such job.
    pub fn cut(&self, key: JobKey, new: impl Fn(Time) -> Batch) -> Result<Cut, CutError> {
        let course = Course::follow(self, key, new(self.start()))?;
        let (start, added) = course.beginning().ok_or(CutError::NoSuchJob)?;
        let (transcript, story) = rerun::run(&course, start, added, new(start));
        let has_same_events = story == course.story;
        let has_same_outcome = story.outcome() == course.story.outcome();
        let is_same = if has_same_events {
            "with the same events"
        } else if has_same_outcome {
            "with other events and the same outcome"
        } else {
            "with another outcome"
        };
        Ok(Cut {
            transcript: format!("# Job {key} of a longer run, alone, {is_same}\n{transcript}"),
            has_same_events,
            has_same_outcome,
        })
    }
}

/// The run of one job of a batch, alone; see [`Transcript::cut`].
#[derive(Clone)]
pub struct Cut {
    transcript: String,
    has_same_events: bool,
    has_same_outcome: bool,
}

impl Cut {
    /// The transcript, for the report. Its first line says how it compares.
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    /// Whether the job has the same events in the same order, but for their numbers and times, and
    /// for why it was polled.
    pub fn has_same_events(&self) -> bool {
        self.has_same_events
    }

    /// Whether the job ends the same: with the same result or the same
    /// [kind](crate::machine::JobError::code) of error, handed back, or not at all.
    pub fn has_same_outcome(&self) -> bool {
        self.has_same_outcome
    }
}

impl fmt::Debug for Cut {
    /// Not the transcript: results do not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cut")
            .field("has_same_events", &self.has_same_events)
            .field("has_same_outcome", &self.has_same_outcome)
            .finish_non_exhaustive()
    }
}

/// Why a transcript can't be cut.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CutError {
    /// The whole run can't be replayed with this batch.
    Diverged(Divergence),
    /// The run has no job with this key.
    NoSuchJob,
}

impl From<Divergence> for CutError {
    fn from(divergence: Divergence) -> Self {
        Self::Diverged(divergence)
    }
}

impl fmt::Display for CutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diverged(divergence) => divergence.fmt(f),
            Self::NoSuchJob => f.write_str("the run has no job with this key"),
        }
    }
}

impl Error for CutError {}
