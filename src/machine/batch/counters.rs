//! What is counted, so that it never needs to be counted up.

use super::in_flight::Purpose;
use super::progress::BatchProgress;
use crate::machine::job::record::{OutcomeKind, State};

/// How many jobs are in which phase, and what was sent.
#[derive(Debug, Default)]
pub(super) struct Counters {
    waiting: usize,
    submitting: usize,
    submitted: usize,
    /// Submitted jobs that are said to have finished.
    pub(super) known_finished: usize,
    succeeded: u64,
    failed: u64,
    submits: u64,
    polls: u64,
    listings: u64,
    pub(super) unknown_notifications: u64,
}

impl Counters {
    /// A job begins in this state.
    pub(super) fn begin(&mut self, state: State) {
        if let Some(phase) = self.phase(state) {
            *phase += 1;
        }
    }

    /// A job has moved from one state to another.
    pub(super) fn step(&mut self, from: State, to: State) {
        if let Some(phase) = self.phase(from) {
            *phase -= 1;
        }
        match to {
            State::Finished(OutcomeKind::Succeeded) => self.succeeded += 1,
            State::Finished(_) => self.failed += 1,
            _ => self.begin(to),
        }
    }

    /// A job ends in this state, and has not finished.
    pub(super) fn end(&mut self, state: State) {
        if let Some(phase) = self.phase(state) {
            *phase -= 1;
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
            in_flight: 0,
            submits: self.submits,
            polls: self.polls,
            listings: self.listings,
            unknown_notifications: self.unknown_notifications,
            paused_until: None,
            is_outage: false,
            key_refused: false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_is_in_one_phase_until_it_has_succeeded_or_failed() {
        let mut counters = Counters::default();
        (0..3).for_each(|_| counters.begin(State::Ready));
        counters.step(State::Ready, State::Submitting);
        counters.step(State::Submitting, State::Waiting);
        let phases = |counters: &Counters| {
            let progress = counters.progress();
            (progress.waiting, progress.submitting, progress.submitted)
        };
        assert_eq!(phases(&counters), (2, 0, 1));
        counters.step(State::Waiting, State::Finished(OutcomeKind::Succeeded));
        counters.step(State::Ready, State::Finished(OutcomeKind::Exhausted));
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
