//! Documents that are not drawn yet.

use std::collections::VecDeque;

use crate::wire::Document;

/// Iterators of documents, drawn from one after the other.
#[derive(Default)]
pub(super) struct Sources {
    sources: VecDeque<Box<dyn Iterator<Item = Document> + Send>>,
}

impl Sources {
    pub(super) fn push(&mut self, documents: Box<dyn Iterator<Item = Document> + Send>) {
        self.sources.push_back(documents);
    }

    /// The next document; an iterator that has none is let go.
    pub(super) fn draw(&mut self) -> Option<Document> {
        loop {
            let document = self.sources.front_mut()?.next();
            if document.is_some() {
                return document;
            }
            self.sources.pop_front();
        }
    }

    /// How many documents there are at least, as far as that is known without drawing any.
    pub(super) fn least(&self) -> usize {
        let first = self
            .sources
            .front()
            .map_or(0, |first| first.size_hint().0.max(1));
        first.saturating_add(self.sources.len().saturating_sub(1))
    }

    pub(super) fn clear(&mut self) {
        self.sources.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}
