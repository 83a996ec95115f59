//! Requests that are out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::machine::collections::slab::Key;
use crate::machine::exchange::RequestId;
use crate::machine::job::DocumentMeta;
use crate::machine::throttle::limiter::RequestKind;
use crate::machine::time::Time;

/// Requests that are out, each under its number. No more than may be in flight, so what is counted
/// over all of them costs next to nothing.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    out: BTreeMap<RequestId, Outstanding>,
    by_limit: BTreeSet<(Time, RequestId)>,
    submits: usize,
    bytes: u64,
    /// Submits whose time was up without a response: one may still come, and its id is worth
    /// having.
    overdue: BTreeMap<RequestId, Overdue>,
    last_id: u64,
}

/// One request that is out.
#[derive(Debug)]
pub(super) struct Outstanding {
    pub(super) purpose: Purpose,
    pub(super) sent_at: Time,
    /// When its time is up.
    pub(super) until: Time,
    /// Which key it was sent with.
    pub(super) key_number: u16,
    /// Of a submit, whose it is.
    pub(super) sender: Option<Sender>,
}

/// Whose document a submit sends: its id is worth having even if the job has finished meanwhile.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) meta: Arc<DocumentMeta>,
    pub(super) deadline: Time,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Submit {
        job: Key,
        exchange: u32,
        /// Of the document.
        bytes: u64,
        is_retry: bool,
    },
    Poll {
        job: Key,
        exchange: u32,
        /// When the job was last known to be in progress.
        from: Time,
        /// When it was polled by itself before.
        own_from: Time,
        is_retry: bool,
    },
    Listing,
}

impl Purpose {
    pub(super) fn kind(self) -> RequestKind {
        match self {
            Self::Submit { .. } => RequestKind::Submit,
            Self::Poll { .. } | Self::Listing => RequestKind::Poll,
        }
    }

    /// Whom it is about; `None` for all.
    pub(super) fn job(self) -> Option<Key> {
        match self {
            Self::Submit { job, .. } | Self::Poll { job, .. } => Some(job),
            Self::Listing => None,
        }
    }

    /// Whether it repeats what failed.
    pub(super) fn is_retry(self) -> bool {
        match self {
            Self::Submit { is_retry, .. } | Self::Poll { is_retry, .. } => is_retry,
            Self::Listing => false,
        }
    }
}

/// A submit whose time was up.
#[derive(Debug)]
pub(super) struct Overdue {
    pub(super) job: Key,
    pub(super) exchange: u32,
    pub(super) sender: Sender,
}

/// How many submits are remembered beyond their time.
const MAX_OVERDUE: usize = 1024;

impl InFlight {
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn submits(&self) -> usize {
        self.submits
    }

    /// Of the documents that are being sent.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes note of a request, and gives it a number.
    pub(super) fn send(&mut self, flight: Outstanding) -> RequestId {
        self.last_id = self.last_id.saturating_add(1);
        let id = RequestId::new(self.last_id);
        if let Purpose::Submit { bytes, .. } = flight.purpose {
            self.submits += 1;
            self.bytes = self.bytes.saturating_add(bytes);
        }
        self.by_limit.insert((flight.until, id));
        self.out.insert(id, flight);
        id
    }

    /// Takes out the one that got a response, or failed.
    pub(super) fn complete(&mut self, id: RequestId) -> Option<Outstanding> {
        let flight = self.out.remove(&id)?;
        self.by_limit.remove(&(flight.until, id));
        if let Purpose::Submit { bytes, .. } = flight.purpose {
            self.submits -= 1;
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        Some(flight)
    }

    /// When the time of the next one is up.
    pub(super) fn next_limit(&self) -> Option<Time> {
        self.by_limit.first().map(|(until, _)| *until)
    }

    /// The next one whose time is up.
    pub(super) fn timed_out(&self, now: Time) -> Option<RequestId> {
        self.by_limit
            .first()
            .filter(|(until, _)| *until <= now)
            .map(|(_, id)| *id)
    }

    /// Remembers a submit whose time was up.
    pub(super) fn remember(&mut self, id: RequestId, overdue: Overdue) {
        self.overdue.insert(id, overdue);
        if self.overdue.len() > MAX_OVERDUE {
            self.overdue.pop_first();
        }
    }

    /// Takes out a submit whose time was up, as its response came after all.
    pub(super) fn take_overdue(&mut self, id: RequestId) -> Option<Overdue> {
        self.overdue.remove(&id)
    }
}
