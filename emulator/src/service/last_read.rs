//! The document that was read last.

use std::sync::{Arc, Mutex, PoisonError};

use crate::read_document::{ReadDocument, read_document};
use crate::{DocumentType, ReadError};

/// What came of reading a document; shared by all submits of it.
pub(super) type Outcome = Arc<Result<ReadDocument, ReadError>>;

/// Remembers the document that was read last: tests submit the same one ten thousand times, and
/// reading it takes longer than everything else.
#[derive(Default)]
pub(super) struct LastRead(Mutex<Option<Entry>>);

struct Entry {
    document: Vec<u8>,
    document_type: String,
    text_blocks: bool,
    outcome: Outcome,
}

impl LastRead {
    /// Larger documents are not kept.
    const MAX_BYTES: usize = 1024 * 1024;

    /// Reads a document, unless it was the last one.
    pub(super) fn read(
        &self,
        document: Vec<u8>,
        document_type: &DocumentType,
        text_blocks: bool,
    ) -> Outcome {
        if let Some(outcome) = self.known(&document, document_type, text_blocks) {
            return outcome;
        }
        let outcome = Arc::new(read_document(&document, document_type, text_blocks));
        if document.len() <= Self::MAX_BYTES {
            let entry = Entry {
                document,
                document_type: document_type.name().to_owned(),
                text_blocks,
                outcome: outcome.clone(),
            };
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        }
        outcome
    }

    fn known(
        &self,
        document: &[u8],
        document_type: &DocumentType,
        text_blocks: bool,
    ) -> Option<Outcome> {
        let entry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |entry: &&Entry| {
            entry.document == document
                && entry.document_type == document_type.name()
                && entry.text_blocks == text_blocks
        };
        entry
            .as_ref()
            .filter(is_same)
            .map(|entry| entry.outcome.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_document_read_for_the_same_is_known() {
        let (invoice, other) = (
            DocumentType::line_item_invoice(),
            DocumentType::from_json(r#"{"name": "other", "fields": []}"#),
        );
        let other = other.expect("a document type");
        let document = include_bytes!("../../samples/invoice.pdf").to_vec();
        let last = LastRead::default();
        let first = last.read(document.clone(), &invoice, false);
        assert!(Arc::ptr_eq(
            &first,
            &last.read(document.clone(), &invoice, false)
        ));
        assert!(last.known(&document, &invoice, true).is_none());
        assert!(last.known(&document, &other, false).is_none());
        assert!(last.known(&document[1..], &invoice, false).is_none());
        assert!(last.read(b"no PDF".to_vec(), &invoice, false).is_err());
        assert!(last.known(&document, &invoice, false).is_none());
    }
}
