//! Documents that are not drawn yet.

use std::collections::VecDeque;

use super::event::JobKey;
use crate::wire::Document;

/// Iterators of documents, drawn from one after the other.
#[derive(Default)]
pub(super) struct Sources {
    sources: VecDeque<Source>,
    /// What is drawn next from recorded iterators.
    draws: VecDeque<Draw>,
    /// The jobs of what was drawn from them.
    drawn: Vec<JobKey>,
}

enum Source {
    Iterator(Box<dyn Iterator<Item = Document> + Send>),
    /// One of a recorded run. It had at least so many documents, as far as was known.
    Recorded(usize),
}

/// What a recorded iterator gave: a document, and how many more there were at least; or its end.
pub(crate) type Draw = Option<(Document, usize)>;

impl Sources {
    pub(super) fn push(&mut self, documents: Box<dyn Iterator<Item = Document> + Send>) {
        self.sources.push_back(Source::Iterator(documents));
    }

    /// Adds an iterator of a recorded run. What it gives is [expected](Self::expect) later.
    pub(super) fn push_recorded(&mut self, least: usize) {
        self.sources.push_back(Source::Recorded(least));
    }

    /// The next draw from a recorded iterator is this one.
    pub(super) fn expect(&mut self, draw: Draw) {
        self.draws.push_back(draw);
    }

    /// The next document; an iterator that has none is let go.
    pub(super) fn draw(&mut self) -> Option<Document> {
        loop {
            let document = match self.sources.front_mut()? {
                Source::Iterator(documents) => documents.next(),
                Source::Recorded(least) => self.draws.pop_front().flatten().map(|(next, after)| {
                    *least = after;
                    next
                }),
            };
            if document.is_some() {
                return document;
            }
            self.sources.pop_front();
        }
    }

    /// Takes note of the job of the document that was drawn.
    pub(super) fn note(&mut self, key: JobKey) {
        if matches!(self.sources.front(), Some(Source::Recorded(_))) {
            self.drawn.push(key);
        }
    }

    /// The jobs of what was drawn from recorded iterators since the last call.
    pub(super) fn take_drawn(&mut self) -> Vec<JobKey> {
        std::mem::take(&mut self.drawn)
    }

    /// How many documents there are at least, as far as that is known without drawing any.
    pub(super) fn least(&self) -> usize {
        let first = self.sources.front().map_or(0, |first| {
            let least = match first {
                Source::Iterator(documents) => documents.size_hint().0,
                Source::Recorded(least) => *least,
            };
            least.max(1)
        });
        first.saturating_add(self.sources.len().saturating_sub(1))
    }

    pub(super) fn clear(&mut self) {
        self.sources.clear();
        self.draws.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}
