//! The thread that knows where each document stands.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use typless::machine::{JobEventKind, Ticket};

use super::worker::{Message, Shared};
use super::{Start, TaskName, Update};
use crate::failure::Exit;

/// Takes in what workers report, and tells the command of it.
pub(super) struct Coordinator<'a, F> {
    shared: &'a Shared,
    places: Vec<Place>,
    /// The workers that have not left.
    workers: usize,
    tell: F,
    interrupted: bool,
}

/// Where a document stands.
enum Place {
    /// It is not submitted.
    Here,
    /// A submit is out.
    Between,
    /// The service has it.
    There(Ticket),
    /// Nothing more will come of it.
    Ended,
}

impl<'a, F: FnMut(TaskName<'_>, Update<'_>)> Coordinator<'a, F> {
    pub(super) fn new(shared: &'a Shared, workers: usize, tell: F) -> Self {
        let place = |start: &Start| match start {
            Start::Submit(_) => Place::Here,
            Start::Resume(ticket) => Place::There(ticket.clone()),
        };
        let places = shared.tasks.iter().map(|task| place(&task.start)).collect();
        Self { shared, places, workers, tell, interrupted: false }
    }

    /// Takes in messages until all documents have ended, or, after an interruption, until no submit is out.
    pub(super) fn coordinate(mut self, messages: &Receiver<Message>) -> Exit {
        loop {
            if self.interrupted && self.submitting() == 0 {
                return Exit::Interrupted;
            }
            if self.have_ended() {
                return Exit::Success;
            }
            if self.workers == 0 {
                // One came to grief, which the standard error tells already.
                return Exit::DocumentFailed;
            }
            match messages.recv() {
                Ok(Message::Interrupted) => self.interrupt(messages),
                Ok(message) => self.take(message),
                Err(_) => return Exit::DocumentFailed,
            }
        }
    }

    fn interrupt(&mut self, messages: &Receiver<Message>) {
        // From here on every submit is either known from the messages that are there, or held back.
        self.shared.stopping.store(true, Ordering::SeqCst);
        let backlog: Vec<Message> = messages.try_iter().collect();
        backlog.into_iter().for_each(|message| self.take(message));
        if self.have_ended() {
            return;
        }
        self.interrupted = true;
        let submitting = self.submitting();
        (self.tell)(TaskName::of(&self.shared.tasks, 0), Update::Interrupted { submitting });
        for (index, place) in self.places.iter().enumerate() {
            let update = match place {
                Place::There(ticket) => Update::Left { ticket },
                Place::Here => Update::NotSubmitted,
                Place::Between | Place::Ended => continue,
            };
            (self.tell)(TaskName::of(&self.shared.tasks, index), update);
        }
    }

    fn take(&mut self, message: Message) {
        let (index, place) = match message {
            Message::Interrupted => return,
            Message::Left => {
                self.workers -= 1;
                return;
            }
            Message::Event { index, kind } => match self.event(index, kind) {
                Some(place) => (index, place),
                None => return,
            },
            Message::Ended { index, extraction_id, outcome } => {
                self.report(index, Update::Ended { extraction_id, outcome });
                (index, Place::Ended)
            }
            Message::Done { index } => (index, Place::Ended),
            Message::HeldBack { index } => {
                self.not_submitted(index);
                (index, Place::Here)
            }
        };
        if let Some(known) = self.places.get_mut(index) {
            *known = place;
        }
    }

    /// Says where the document stands now, if that has changed.
    fn event(&mut self, index: usize, kind: JobEventKind) -> Option<Place> {
        self.report(index, Update::Event(&kind));
        match kind {
            // A submit that is told of only now is held back.
            JobEventKind::Submitting { .. } if self.interrupted => None,
            JobEventKind::Submitting { .. } => Some(Place::Between),
            JobEventKind::SubmitFailed { .. } => {
                self.not_submitted(index);
                Some(Place::Here)
            }
            JobEventKind::Submitted(ticket) => {
                let interrupted = self.interrupted;
                self.report(index, Update::Submitted { ticket: &ticket, interrupted });
                Some(Place::There(ticket))
            }
            _ => None,
        }
    }

    /// A submit that was out when the call was interrupted has failed, and is not repeated.
    fn not_submitted(&mut self, index: usize) {
        if self.interrupted && matches!(self.places.get(index), Some(Place::Between)) {
            self.report(index, Update::NotSubmitted);
        }
    }

    fn report(&mut self, index: usize, update: Update<'_>) {
        (self.tell)(TaskName::of(&self.shared.tasks, index), update);
    }

    fn have_ended(&self) -> bool {
        self.places.iter().all(|place| matches!(place, Place::Ended))
    }

    fn submitting(&self) -> usize {
        self.places.iter().filter(|place| matches!(place, Place::Between)).count()
    }
}
