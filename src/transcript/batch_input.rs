//! The inputs of a batch as text, and back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::document::Described;
use super::recordable::{notification, notification_input};
use crate::machine::{Batch, Draw, Inside, JobKey, Snapshot, Ticket, Time};
use crate::wire::{Document, Notification};

/// An input of a batch that is neither a response nor a failure.
#[derive(Debug, Clone)]
pub(super) enum BatchInput {
    Add(Document),
    /// An iterator, and how many documents it had at least.
    AddAll(usize),
    /// What was drawn from an iterator.
    Draw(Draw),
    Resume(Ticket),
    Restore(Box<Snapshot>, Option<Document>),
    Close,
    CloseSources,
    Shutdown,
    Abandon(JobKey),
    Confirm(u64),
    Notification(Notification),
    SetKey,
}

/// A snapshot, and the document that is still to be submitted.
#[derive(Serialize, Deserialize)]
struct Restored {
    snapshot: Box<Snapshot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document: Option<Described>,
}

/// A ticket, and by how many nanoseconds its times are later than in its stored form.
#[derive(Serialize, Deserialize)]
struct Resumed {
    ticket: Ticket,
    submitted_after_ns: u32,
    deadline_after_ns: u32,
}

impl BatchInput {
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Add(document) => format!("add {}", described(document)),
            Self::AddAll(least) => format!("add_all {least}"),
            Self::Draw(Some((document, least))) => format!("draw {least} {}", described(document)),
            Self::Draw(None) => "draw end".to_owned(),
            Self::Resume(ticket) => format!("resume {}", json(&Resumed::new(ticket))),
            Self::Restore(snapshot, document) => {
                let restored = Restored {
                    snapshot: snapshot.clone(),
                    document: document.as_ref().map(Described::new),
                };
                format!("restore {}", json(&restored))
            }
            Self::Close => "close".to_owned(),
            Self::CloseSources => "close_sources".to_owned(),
            Self::Shutdown => "shutdown".to_owned(),
            Self::Abandon(key) => format!("abandon {key}"),
            Self::Confirm(sequence) => format!("confirm {sequence}"),
            Self::Notification(notification) => notification_input(notification),
            Self::SetKey => "set_key".to_owned(),
        }
    }

    /// Reads what [`to_text`](Self::to_text) wrote. Documents have blanks for content.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        Some(match (name, rest) {
            ("close", "") => Self::Close,
            ("close_sources", "") => Self::CloseSources,
            ("shutdown", "") => Self::Shutdown,
            ("set_key", "") => Self::SetKey,
            ("add", document) => Self::Add(read_document(document)?),
            ("add_all", least) => Self::AddAll(least.parse().ok()?),
            ("draw", "end") => Self::Draw(None),
            ("draw", rest) => {
                let (least, document) = rest.split_once(' ')?;
                Self::Draw(Some((read_document(document)?, least.parse().ok()?)))
            }
            ("resume", json) => {
                let resumed: Resumed = serde_json::from_str(json).ok()?;
                Self::Resume(resumed.ticket())
            }
            ("restore", json) => {
                let restored: Restored = serde_json::from_str(json).ok()?;
                let document = restored.document.as_ref().map(Described::document);
                Self::Restore(restored.snapshot, document.transpose().ok()?)
            }
            ("abandon", key) => Self::Abandon(key.parse().ok()?),
            ("confirm", sequence) => Self::Confirm(sequence.parse().ok()?),
            ("notification", id) => Self::Notification(notification(id)?),
            _ => return None,
        })
    }

    /// Passes it to a batch. The job that it adds, if it does.
    pub(super) fn apply(self, batch: &mut Batch, now: Time) -> Option<JobKey> {
        match self {
            Self::Add(document) => return batch.add(document, now),
            Self::Resume(ticket) => return batch.resume(&ticket, now),
            Self::Restore(snapshot, document) => {
                return batch.restore(&snapshot, document, now).ok();
            }
            Self::AddAll(least) => Inside(batch).add_recorded(least),
            Self::Draw(draw) => Inside(batch).expect_draw(draw),
            Self::Close => batch.close(),
            Self::CloseSources => batch.close_sources(),
            Self::Shutdown => batch.shutdown(now),
            Self::Abandon(key) => batch.abandon(key, now),
            Self::Confirm(sequence) => batch.confirm(sequence),
            Self::Notification(notification) => batch.handle_notification(&notification, now),
            // Which one it is changes no output. This one is valid.
            Self::SetKey => drop(batch.set_key("key")),
        }
        None
    }
}

impl Resumed {
    fn new(ticket: &Ticket) -> Self {
        let after_ns = |time: Time| time.since_epoch().subsec_nanos() % 1_000_000;
        Self {
            ticket: ticket.clone(),
            submitted_after_ns: after_ns(ticket.submitted_at()),
            deadline_after_ns: after_ns(ticket.deadline()),
        }
    }

    fn ticket(&self) -> Ticket {
        let later = |time: Time, by: u32| time + Duration::from_nanos(by.into());
        Ticket::for_document(
            self.ticket.meta(),
            self.ticket.extraction_id().clone(),
            later(self.ticket.submitted_at(), self.submitted_after_ns),
            later(self.ticket.deadline(), self.deadline_after_ns),
        )
    }
}

fn described(document: &Document) -> String {
    json(&Described::new(document))
}

fn json(value: &impl Serialize) -> String {
    // Texts and numbers always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

fn read_document(json: &str) -> Option<Document> {
    let described: Described = serde_json::from_str(json).ok()?;
    described.document().ok()
}
