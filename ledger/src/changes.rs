//! What changes an entry: each step that an entry takes is here.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use typless::machine::{JobError, Snapshot, Ticket, Time};
use typless::wire::{Extraction, ExtractionId};

use crate::account::{Account, ApiKeyDigest};
use crate::digest::ContentDigest;
use crate::entry::{Entry, EntryState, Name, Outcome, list};
use crate::key::{EntryKey, KeyParts};

/// How long the service keeps a result at least, from its submit on; in fact from its end on.
pub(crate) const RETENTION: Duration = Duration::from_secs(48 * 3600);

/// What a finished job leaves.
#[derive(Debug, Clone)]
pub(crate) struct Finish {
    pub(crate) code: &'static str,
    pub(crate) error: Option<String>,
    pub(crate) result: Option<String>,
}

impl Finish {
    /// What is stored of an outcome. `results` says whether it may hold content of a document.
    pub(crate) fn new(outcome: &Result<Extraction, JobError>, results: bool) -> Self {
        let (code, error, result) = match outcome {
            Ok(extraction) => (Outcome::SUCCESS, None, results.then(|| json(extraction))),
            Err(error) => (error.code(), Some(error_json(error, results)), None),
        };
        Self {
            code,
            error,
            result: result.flatten(),
        }
    }
}

/// Texts and numbers always serialise.
fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// An error, without the bytes that the service sent: they may be a result.
fn error_json(error: &JobError, results: bool) -> String {
    let mut value = serde_json::to_value(error).unwrap_or_default();
    if !results {
        remove_raw(&mut value);
    }
    value.to_string()
}

/// Empties each field with what the service sent.
fn remove_raw(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if name == "raw_base64" {
                    *value = Value::from("");
                } else {
                    remove_raw(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(remove_raw),
        _ => {}
    }
}

impl Entry {
    /// The most names that are kept.
    pub const MAX_NAMES: usize = 32;

    /// A new entry, which nothing has happened to.
    pub(crate) fn new(parts: KeyParts<'_>, len: u64, api_key: ApiKeyDigest, now: Time) -> Self {
        Self {
            row: 0,
            key: EntryKey::from_parts(parts),
            origin: parts.origin.to_owned(),
            document_type: parts.document_type.to_owned(),
            customer: parts.customer.map(str::to_owned),
            len,
            digest: ContentDigest(parts.digest.0),
            names: None,
            state: EntryState::Ready,
            process: None,
            api_key,
            snapshot: None,
            ticket: None,
            extraction_id: None,
            outcome: None,
            error: None,
            result: None,
            other_ids: None,
            first_seen_at: now,
            submitted_at: None,
            finished_at: None,
            expires_at: None,
        }
    }

    /// Forgets how far it came, for another submit. Ids that it had are kept, and so is a result:
    /// the other submit may not be accepted.
    pub(crate) fn start_over(&mut self) {
        if let Some(id) = self.extraction_id() {
            self.add_other_id(&id);
        }
        self.state = EntryState::Ready;
        self.process = None;
        self.snapshot = None;
        self.set_ticket(None);
        self.outcome = None;
        self.error = None;
        self.submitted_at = None;
        self.finished_at = None;
    }

    /// A process of this account follows it from here on.
    pub(crate) fn follow(&mut self, process: i64, account: &Account) {
        self.process = Some(process);
        self.api_key = account.api_key;
    }

    /// Takes what a job knows.
    pub(crate) fn advance(&mut self, snapshot: &Snapshot) {
        let ticket = snapshot.ticket();
        self.state = match &ticket {
            Some(_) => EntryState::Submitted,
            None if snapshot.may_be_billed() => EntryState::Submitting,
            None => EntryState::Ready,
        };
        self.snapshot = Some(snapshot.to_json());
        match &ticket {
            Some(_) => self.set_ticket(ticket.as_ref()),
            None if self.state == EntryState::Ready => self.submitted_at = None,
            None => {
                self.submitted_at.get_or_insert_with(|| snapshot.taken_at());
            }
        }
    }

    /// Takes the outcome of a job.
    pub(crate) fn finish(&mut self, finish: &Finish, now: Time) {
        self.state = EntryState::Finished;
        self.process = None;
        self.snapshot = None;
        // An extraction that is fetched again finished when it was known first.
        if self.outcome.as_deref() != Some(Outcome::SUCCESS) || finish.code != Outcome::SUCCESS {
            self.finished_at = Some(now);
        } else {
            self.finished_at.get_or_insert(now);
        }
        self.outcome = Some(finish.code.to_owned());
        self.error.clone_from(&finish.error);
        if finish.result.is_some() {
            self.result.clone_from(&finish.result);
        }
    }

    /// Takes the ticket of a document whose submit seemed unknown: it is to be followed.
    pub(crate) fn accept(&mut self, ticket: &Ticket) {
        if let Some(id) = self.extraction_id()
            && id != *ticket.extraction_id()
        {
            self.add_other_id(&id);
        }
        self.set_ticket(Some(ticket));
        self.reopen();
    }

    /// Follows it again, from its ticket. That it succeeded before is not forgotten.
    pub(crate) fn reopen(&mut self) {
        self.state = EntryState::Submitted;
        self.snapshot = None;
        if self.outcome.as_deref() != Some(Outcome::SUCCESS) {
            self.outcome = None;
            self.error = None;
            self.finished_at = None;
        }
    }

    /// Sets the ticket, and what follows from it.
    pub(crate) fn set_ticket(&mut self, ticket: Option<&Ticket>) {
        self.ticket = ticket.map(Ticket::to_json);
        self.extraction_id = ticket.map(|ticket| ticket.extraction_id().as_str().to_owned());
        if let Some(ticket) = ticket {
            self.submitted_at = Some(ticket.submitted_at());
        }
        self.expires_at = ticket.map(|ticket| ticket.submitted_at() + RETENTION);
    }

    /// Keeps the id of another extraction of the same document.
    pub(crate) fn add_other_id(&mut self, id: &ExtractionId) {
        let mut ids = self.other_ids();
        if !ids.contains(id) {
            ids.push(id.clone());
            self.other_ids = json(&ids);
        }
    }

    /// Keeps a name under which it was seen.
    pub(crate) fn add_name(&mut self, name: &str, now: Time) {
        let mut names: Vec<Name> = self.names.as_deref().map_or_else(Vec::new, list);
        names.retain(|known| known.name != name);
        names.push(Name {
            name: name.to_owned(),
            seen_at: now,
        });
        let surplus = names.len().saturating_sub(Self::MAX_NAMES);
        names.drain(..surplus);
        self.names = json(&names);
    }
}
