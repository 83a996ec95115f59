//! What is counted, so that it never needs to be counted up.

use super::in_flight::Purpose;
use super::progress::BatchProgress;
use super::submit_times::SubmitTimes;
use crate::machine::job::record::{OutcomeKind, Record, State};
use crate::machine::time::Time;

/// How many jobs are in which phase, and what was sent.
#[derive(Debug, Default)]
pub(super) struct Counters {
    waiting: usize,
    submitting: usize,
    submitted: usize,
    /// Submitted jobs that are said to have finished.
    pub(super) known_finished: usize,
    /// When those were submitted.
    submit_times: SubmitTimes,
    succeeded: u64,
    failed: u64,
    unknown: u64,
    submits: u64,
    polls: u64,
    listings: u64,
    pub(super) unknown_notifications: u64,
}

/// How a change of a job changes what is known to have finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    More,
    Fewer,
    Same,
}

impl Counters {
    /// A job begins like this.
    pub(super) fn begin(&mut self, record: &Record) {
        if let Some(phase) = self.phase(record.state) {
            *phase += 1;
        }
        self.submit_times.add(submitted_at(record));
    }

    /// A job has changed from one record to another.
    pub(super) fn step(&mut self, from: &Record, to: &Record) {
        self.end(from);
        match to.state {
            State::Finished(OutcomeKind::Succeeded) => self.succeeded += 1,
            State::Finished(kind) => {
                self.failed += 1;
                self.unknown += u64::from(kind == OutcomeKind::SubmitUnknown);
            }
            _ => self.begin(to),
        }
    }

    /// A job is not counted any more.
    pub(super) fn end(&mut self, record: &Record) {
        if let Some(phase) = self.phase(record.state) {
            *phase -= 1;
        }
        self.submit_times.remove(submitted_at(record));
    }

    /// A job has changed.
    pub(super) fn count(&mut self, change: Count) {
        match change {
            Count::More => self.known_finished += 1,
            Count::Fewer => self.known_finished -= 1,
            Count::Same => {}
        }
    }

    /// A request is sent.
    pub(super) fn sent(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Submit { .. } => self.submits += 1,
            Purpose::Poll { .. } => self.polls += 1,
            Purpose::Listing => self.listings += 1,
        }
    }

    /// Jobs that the service works on, as far as is known.
    pub(super) fn submitted(&self) -> usize {
        self.submitted
    }

    pub(super) fn unfinished(&self) -> usize {
        self.waiting + self.submitting + self.submitted
    }

    pub(super) fn progress(&self) -> BatchProgress {
        BatchProgress {
            waiting: self.waiting,
            submitting: self.submitting,
            submitted: self.submitted,
            known_finished: self.known_finished,
            succeeded: self.succeeded,
            failed: self.failed,
            unknown: self.unknown,
            oldest_submitted_at: self.submit_times.oldest(),
            in_flight: 0,
            submits: self.submits,
            polls: self.polls,
            listings: self.listings,
            unknown_notifications: self.unknown_notifications,
            pause: None,
            has_source: false,
        }
    }

    fn phase(&mut self, state: State) -> Option<&mut usize> {
        match state {
            State::Ready => Some(&mut self.waiting),
            State::SubmitEmitted | State::Submitting => Some(&mut self.submitting),
            State::Waiting | State::PollEmitted | State::Polling => Some(&mut self.submitted),
            State::Finished(_) => None,
        }
    }
}

/// When it was submitted, if the service works on it, as far as is known.
fn submitted_at(record: &Record) -> Option<Time> {
    matches!(
        record.state,
        State::Waiting | State::PollEmitted | State::Polling
    )
    .then_some(record.submitted_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix_seconds(1_700_000_000);

    fn in_state(state: State) -> Record {
        Record {
            state,
            submitted_at: NOW,
            ..Record::ready(NOW, NOW)
        }
    }

    #[test]
    fn each_job_is_in_one_phase_until_it_has_succeeded_or_failed() {
        let mut counters = Counters::default();
        (0..3).for_each(|_| counters.begin(&in_state(State::Ready)));
        counters.step(&in_state(State::Ready), &in_state(State::Submitting));
        counters.step(&in_state(State::Submitting), &in_state(State::Waiting));
        let phases = |counters: &Counters| {
            let progress = counters.progress();
            (progress.waiting, progress.submitting, progress.submitted)
        };
        assert_eq!(phases(&counters), (2, 0, 1));
        counters.step(
            &in_state(State::Waiting),
            &in_state(State::Finished(OutcomeKind::Succeeded)),
        );
        counters.step(
            &in_state(State::Ready),
            &in_state(State::Finished(OutcomeKind::Exhausted)),
        );
        assert_eq!((phases(&counters), counters.unfinished()), ((1, 0, 0), 1));
        for purpose in [Purpose::Listing, Purpose::Listing, Purpose::Listing] {
            counters.sent(purpose);
        }
        let progress = counters.progress();
        assert_eq!((progress.succeeded, progress.failed), (1, 1));
        assert_eq!(
            (progress.submits, progress.polls, progress.listings),
            (0, 0, 3)
        );
    }
}
