//! What is known of each document, for the moment when the command exits immediately.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use typless::machine::Ticket;

use super::{Left, Start, Task};

/// What is known of each document, shared with the thread that handles signals.
#[derive(Clone)]
pub(super) struct Standings(Arc<Mutex<Vec<(String, Standing)>>>);

/// What is known of a document.
pub(super) enum Standing {
    /// It is not submitted, and no submit is in flight.
    NotSubmitted,
    /// Its submit is in flight.
    Submitting,
    /// It was submitted.
    Submitted(Ticket),
    /// All that is to be printed was printed.
    Reported,
}

impl Standings {
    pub(super) fn new(tasks: &[Task]) -> Self {
        let standing = |task: &Task| {
            let standing = match &task.start {
                Start::Submit(_) | Start::SubmitAgain(_) => Standing::NotSubmitted,
                Start::Resume(ticket) => Standing::Submitted(ticket.clone()),
            };
            (task.name().name().to_owned(), standing)
        };
        let standings = tasks.iter().map(standing).collect();
        Self(Arc::new(Mutex::new(standings)))
    }

    /// Sets what is known of the document with this index.
    pub(super) fn set(&self, index: usize, standing: Standing) {
        if let Some((_, current)) = self.lock().get_mut(index) {
            *current = standing;
        }
    }

    /// Passes each document that is not reported, before the process exits: from then on no
    /// standing can change, so no document is submitted that was passed as not submitted.
    pub(super) fn freeze(&self, mut report: impl FnMut(&str, Left<'_>)) {
        let standings = self.lock();
        for (name, standing) in standings.iter() {
            let left = match standing {
                Standing::NotSubmitted => Left::NotSubmitted,
                Standing::Submitting => Left::SubmitUnknown,
                Standing::Submitted(ticket) => Left::Submitted(ticket),
                Standing::Reported => continue,
            };
            report(name, left);
        }
        std::mem::forget(standings);
    }

    /// A poisoned lock is used: no code here panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Vec<(String, Standing)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
