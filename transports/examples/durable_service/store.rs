//! The rows of all documents: in memory to be read, and in the log to survive.
//!
//! One thread writes. What waits for it meanwhile is its next group: a hundred changes need one
//! sync of the disk, and no task of the runtime waits for a disk.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread;

use tokio::sync::{mpsc, oneshot};
use typless::machine::ThrottleState;

use crate::folder::{Folder, Lock};
use crate::log::Log;
use crate::row::{Entry, Row, State, StoredDocument};

/// Changes that wait for the thread, before those who make more have to wait.
const MAX_WAITING: usize = 256;

#[derive(Clone)]
pub(crate) struct Store {
    rows: Arc<RwLock<Rows>>,
    requests: mpsc::Sender<Request>,
}

/// Rows that are on the disk, by the ids of their documents.
pub(crate) type Rows = BTreeMap<String, Row>;

/// What the last process left.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) throttle: Option<ThrottleState>,
    /// How the thread ends: once no store is left, or with an error.
    pub(crate) end: oneshot::Receiver<io::Result<()>>,
}

/// The store could not write. It takes no more changes.
#[derive(Debug)]
pub(crate) struct StoreFailed;

struct Request {
    change: Change,
    /// Takes whether it changed anything, once that is on the disk.
    done: oneshot::Sender<bool>,
}

enum Change {
    /// Unless the document is known.
    Add(StoredDocument),
    Put(Vec<Entry>),
}

impl Store {
    pub(crate) fn open(folder: &Folder, lock: Lock) -> io::Result<Opened> {
        let mut last = BTreeMap::new();
        for entry in Log::read::<Entry>(folder.log())? {
            last.insert(entry.key().to_owned(), entry);
        }
        let entries: Vec<Entry> = last.into_values().collect();
        let log = Log::replace(folder.log(), &entries)?;

        let (mut rows, mut throttle) = (Rows::new(), None);
        for entry in entries {
            match entry {
                Entry::Row(row) => drop(rows.insert(row.document.id.clone(), row)),
                Entry::Throttle(state) => throttle = Some(state),
            }
        }
        let rows = Arc::new(RwLock::new(rows));
        let (requests, received) = mpsc::channel(MAX_WAITING);
        let (ended, end) = oneshot::channel();
        let store = Self {
            rows: rows.clone(),
            requests,
        };
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let result = write(log, &rows, received);
                drop(lock);
                // Whoever waited for it may be gone.
                let _ = ended.send(result);
            })?;
        Ok(Opened {
            store,
            throttle,
            end,
        })
    }

    /// Adds a new row, and returns when it is on the disk: `false` if the document was known.
    pub(crate) async fn add(&self, document: StoredDocument) -> Result<bool, StoreFailed> {
        self.request(Change::Add(document)).await
    }

    /// Writes entries in place of earlier ones, and returns when they are on the disk.
    pub(crate) async fn put(&self, entries: Vec<Entry>) -> Result<(), StoreFailed> {
        self.request(Change::Put(entries)).await?;
        Ok(())
    }

    /// The rows, to look at. Nothing is written meanwhile.
    pub(crate) fn rows(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes once the store can't write any more.
    pub(crate) async fn failed(&self) -> StoreFailed {
        self.requests.closed().await;
        StoreFailed
    }

    async fn request(&self, change: Change) -> Result<bool, StoreFailed> {
        let (done, is_done) = oneshot::channel();
        let is_sent = self.requests.send(Request { change, done }).await;
        is_sent.map_err(|_| StoreFailed)?;
        is_done.await.map_err(|_| StoreFailed)
    }
}

/// The thread: takes all requests that are waiting, and writes their changes together.
fn write(
    mut log: Log,
    rows: &RwLock<Rows>,
    mut requests: mpsc::Receiver<Request>,
) -> io::Result<()> {
    let mut waiting = Vec::new();
    while requests.blocking_recv_many(&mut waiting, MAX_WAITING) > 0 {
        let (mut group, mut dones) = (Vec::new(), Vec::new());
        for Request { change, done } in waiting.drain(..) {
            let is_change = match change {
                Change::Add(document) if is_known(&document.id, rows, &group) => false,
                Change::Add(document) => {
                    let state = State::New;
                    group.push(Entry::Row(Row { document, state }));
                    true
                }
                Change::Put(entries) => {
                    group.extend(entries);
                    true
                }
            };
            dones.push((done, is_change));
        }
        if !group.is_empty() {
            log.append(&group)?;
        }
        // Shown only now: a client may rely on what it sees.
        show(group, rows);
        for (done, is_change) in dones {
            let _ = done.send(is_change);
        }
    }
    Ok(())
}

/// Whether there is a row with this id, or there will be one after this group.
fn is_known(id: &str, rows: &RwLock<Rows>, group: &[Entry]) -> bool {
    let rows = rows.read().unwrap_or_else(PoisonError::into_inner);
    rows.contains_key(id) || group.iter().any(|entry| entry.key() == id)
}

fn show(group: Vec<Entry>, rows: &RwLock<Rows>) {
    let mut rows = rows.write().unwrap_or_else(PoisonError::into_inner);
    for entry in group {
        if let Entry::Row(row) = entry {
            rows.insert(row.document.id.clone(), row);
        }
    }
}
