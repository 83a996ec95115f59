//! Iterators of documents whose draws are recorded.

use std::sync::{Arc, Mutex, PoisonError};

use super::batch_input::BatchInput;
use crate::wire::Document;

/// What was drawn from iterators since it was last taken, as inputs.
#[derive(Clone, Default)]
pub(super) struct Drawn(Arc<Mutex<Vec<String>>>);

impl Drawn {
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same documents. What is drawn is noted here.
    pub(super) fn record<I: Iterator<Item = Document>>(&self, documents: I) -> Recorded<I> {
        Recorded {
            least: documents.size_hint().0,
            documents,
            drawn: self.clone(),
        }
    }

    fn note(&self, draw: &BatchInput) {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.push(draw.to_text());
    }
}

/// Documents whose draws are noted.
pub(super) struct Recorded<I> {
    documents: I,
    /// As it was after the last draw: it may change at any time, and a replay knows only this.
    least: usize,
    drawn: Drawn,
}

impl<I: Iterator<Item = Document>> Iterator for Recorded<I> {
    type Item = Document;

    fn next(&mut self) -> Option<Document> {
        let document = self.documents.next();
        self.least = self.documents.size_hint().0;
        let draw = document.clone().map(|document| (document, self.least));
        self.drawn.note(&BatchInput::Draw(draw));
        document
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.least, None)
    }
}
