//! The extractions of the account, and what of them is known when.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use bytes::Bytes;
use typless::machine::Time;

use super::id::Id;

/// Every extraction there was. What has expired leaves a record of a few dozen bytes: its status is `EXPIRED`, not unknown.
#[derive(Default)]
pub(super) struct Extractions {
    by_id: BTreeMap<Id, Extraction>,
    /// What holds data, and until when; the earliest first.
    expiring: BinaryHeap<Reverse<(Time, Id)>>,
    held_bytes: usize,
}

struct Extraction {
    finishes_at: Time,
    /// What a look finds once it has finished; `None` once it has expired.
    body: Option<Bytes>,
}

const IN_PROGRESS: &[u8] = br#"{"error":{},"result":{},"status":"IN_PROGRESS"}"#;
const EXPIRED: &[u8] = br#"{"error":{},"result":{},"status":"EXPIRED"}"#;

impl Extractions {
    pub(super) fn add(&mut self, id: Id, finishes_at: Time, expires_at: Time, body: Bytes) {
        self.held_bytes += body.len();
        self.expiring.push(Reverse((expires_at, id)));
        self.by_id.insert(id, Extraction { finishes_at, body: Some(body) });
    }

    /// The answer to a look; `None` if there is no such extraction.
    pub(super) fn look(&self, id: Id, now: Time) -> Option<Bytes> {
        self.by_id.get(&id).map(|extraction| match &extraction.body {
            None => Bytes::from_static(EXPIRED),
            Some(_) if now < extraction.finishes_at => Bytes::from_static(IN_PROGRESS),
            Some(body) => body.clone(),
        })
    }

    /// Deletes the data of what has expired by now.
    pub(super) fn expire(&mut self, now: Time) {
        while let Some(Reverse((_, id))) = self.expiring.peek().filter(|Reverse((expires_at, _))| *expires_at <= now).copied() {
            self.expiring.pop();
            if let Some(body) = self.by_id.get_mut(&id).and_then(|extraction| extraction.body.take()) {
                self.held_bytes -= body.len();
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }
}
