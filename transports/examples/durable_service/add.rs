//! Makes a document durable: its file, its row, and only then its job.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Bytes;
use ring::digest::{SHA256, digest};
use tokio::task::spawn_blocking;
use typless::machine::Batch;
use typless::wire::{ConfigError, Document};
use typless_transports::Handle;

use crate::folder::Folder;
use crate::row::StoredDocument;
use crate::store::{Store, StoreFailed};

/// Adds documents.
#[derive(Clone)]
pub(crate) struct Adder {
    pub(crate) folder: Folder,
    pub(crate) store: Store,
    pub(crate) batch: Handle<Batch>,
    pub(crate) document_type: Arc<str>,
    pub(crate) attempts: Arc<AtomicU64>,
}

/// Why a document was not added.
#[derive(Debug)]
pub(crate) enum AddError {
    /// Its name can't be used, or it is empty.
    Invalid(ConfigError),
    /// It may be on the disk or not. The client tries again.
    NotStored(String),
}

impl Adder {
    /// Adds a document, and returns its id when it can't be lost any more. A document that is known
    /// is not submitted again.
    pub(crate) async fn add(&self, name: String, content: Bytes) -> Result<String, AddError> {
        // Before it is stored: what can't be submitted is refused.
        Document::new(&name, &self.document_type, content.clone()).map_err(AddError::Invalid)?;
        let stored = self.write(name, content).await?;
        let id = stored.id.clone();
        let document = self.folder.document(&stored).map_err(AddError::Invalid)?;
        if self.store.add(stored).await? {
            // During a shutdown the batch takes it no more: the next start does.
            self.batch.push(|batch, now| {
                batch.add(document, now);
            });
        }
        Ok(id)
    }

    /// Writes the file, on a thread that may wait for the disk.
    async fn write(&self, name: String, content: Bytes) -> Result<StoredDocument, AddError> {
        let (folder, document_type) = (self.folder.clone(), self.document_type.to_string());
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        let write = move || {
            let hash = digest(&SHA256, &content);
            let id: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
            folder.write(&id, attempt, &content)?;
            Ok(StoredDocument {
                id,
                name,
                document_type,
                len: content.len() as u64,
            })
        };
        let result = spawn_blocking(write).await;
        let result = result.unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
        result.map_err(|error| AddError::NotStored(error.to_string()))
    }
}

impl From<StoreFailed> for AddError {
    fn from(_: StoreFailed) -> Self {
        Self::NotStored("the store has failed".to_owned())
    }
}
