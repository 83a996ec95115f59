//! Requests that are out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::machine::collections::slab::Key;
use crate::machine::exchange::{self, Limits, RequestId};
use crate::machine::interpret::Signal;
use crate::machine::job::DocumentMeta;
use crate::machine::throttle::limiter::RequestKind;
use crate::machine::throttle::{Completed, Subject};
use crate::machine::time::Time;
use crate::wire::Body;

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

/// A request that leaves.
pub(super) struct Outgoing {
    pub(super) purpose: Purpose,
    /// Of a submit, whose it is.
    pub(super) sender: Option<Sender>,
    pub(super) request: http::Request<Body>,
    pub(super) limits: Limits,
}

/// One request that is out.
#[derive(Debug)]
pub(super) struct Outstanding {
    pub(super) id: RequestId,
    pub(super) purpose: Purpose,
    pub(super) sent_at: Time,
    /// When its time is up.
    until: Time,
    /// Which key it was sent with.
    pub(super) key_number: u16,
    /// Of a submit, whose it is.
    pub(super) sender: Option<Sender>,
}

impl Outstanding {
    /// That it is over, as far as it concerns all others.
    pub(super) fn completed(&self, signal: Signal, is_unknown: bool) -> Completed {
        Completed {
            id: self.id,
            sent_at: self.sent_at,
            subject: self.purpose.job().map_or(Subject::Listing, Subject::Job),
            kind: self.purpose.kind(),
            is_retry: self.purpose.is_retry(),
            key_number: self.key_number,
            signal,
            is_unknown,
        }
    }
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

impl From<Purpose> for exchange::Purpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Submit { .. } => Self::Submit,
            Purpose::Poll { .. } => Self::Poll,
            Purpose::Listing => Self::Listing,
        }
    }
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
    pub(super) fn send(
        &mut self,
        purpose: Purpose,
        sender: Option<Sender>,
        key_number: u16,
        until: Time,
        now: Time,
    ) -> RequestId {
        self.last_id = self.last_id.saturating_add(1);
        let id = RequestId::new(self.last_id);
        if let Purpose::Submit { bytes, .. } = purpose {
            self.submits += 1;
            self.bytes = self.bytes.saturating_add(bytes);
        }
        self.by_limit.insert((until, id));
        let outstanding = Outstanding {
            id,
            purpose,
            sent_at: now,
            until,
            key_number,
            sender,
        };
        self.out.insert(id, outstanding);
        id
    }

    /// Takes out the one that got a response, or failed.
    pub(super) fn complete(&mut self, id: RequestId) -> Option<Outstanding> {
        let outstanding = self.out.remove(&id)?;
        self.by_limit.remove(&(outstanding.until, id));
        if let Purpose::Submit { bytes, .. } = outstanding.purpose {
            self.submits -= 1;
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        Some(outstanding)
    }

    /// Takes out the one whose time is up. Of a submit the response may still come.
    pub(super) fn time_out(&mut self, id: RequestId) -> Option<Outstanding> {
        let mut outstanding = self.complete(id)?;
        if let Purpose::Submit { job, exchange, .. } = outstanding.purpose {
            if let Some(sender) = outstanding.sender.take() {
                let overdue = Overdue {
                    job,
                    exchange,
                    sender,
                };
                self.overdue.insert(id, overdue);
            }
            if self.overdue.len() > MAX_OVERDUE {
                self.overdue.pop_first();
            }
        }
        Some(outstanding)
    }

    /// Whom the one of this id is about.
    pub(super) fn job_of(&self, id: RequestId) -> Option<Key> {
        self.out.get(&id)?.purpose.job()
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

    /// Takes out a submit whose time was up, as its response came after all.
    pub(super) fn take_overdue(&mut self, id: RequestId) -> Option<Overdue> {
        self.overdue.remove(&id)
    }
}
