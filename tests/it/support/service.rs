//! A service in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use typless::machine::{Time, Transmit};
use typless::wire::{Document, ExtractionId, Notification};

use super::{in_progress, response, success};

/// What happens to a request instead of being served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives.
    NotSent,
    /// It is served, and the response is lost.
    ResponseLost,
    /// It gets this status, and is not processed.
    Status(u16),
    /// The same, with a `Retry-After`.
    RetryAfter(u16, u64),
    /// It is served, and the response has a `Retry-After`.
    Hinted(u64),
    /// Its response is larger than the limit.
    TooLarge,
    /// It never gets a response.
    NoResponse,
}

/// One extraction the service has.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) name: String,
    pub(crate) customer: Option<String>,
    pub(crate) finished_at: Time,
    pub(crate) read_at: Option<Time>,
    /// Never listed.
    pub(crate) is_hidden: bool,
}

/// The fault of the request of this number, with this text, at this time.
pub(crate) type Faults = dyn FnMut(u64, &str, Time) -> Option<Fault>;

/// The service: accepts documents, finishes each after a while, lists what has finished.
pub(crate) struct Service {
    pub(crate) held: BTreeMap<String, Held>,
    /// When each unread extraction finishes, and its id.
    unread: BTreeSet<(Time, String)>,
    /// How long the extraction of this number takes.
    pub(crate) takes: Box<dyn FnMut(u64) -> Duration>,
    /// The fault of a request, if any.
    pub(crate) fault: Box<Faults>,
    /// Unknown ids that every listing has.
    pub(crate) unknown_ids: Vec<String>,
    /// Whether an extraction that was read is no longer listed.
    pub(crate) forgets_read: bool,
    /// What it responds where nothing is listed.
    pub(crate) empty: &'static str,
    /// The name of a document that is never accepted, and the status it gets.
    pub(crate) poison: Option<(&'static str, u16)>,
    /// Whether the listing is always empty.
    pub(crate) lists_nothing: bool,
    /// Whether this number's extraction is never listed.
    pub(crate) hides: Box<dyn FnMut(u64) -> bool>,
    pub(crate) submits: u64,
    pub(crate) polls: u64,
    pub(crate) listings: u64,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            held: BTreeMap::new(),
            unread: BTreeSet::new(),
            takes: Box::new(|_| Duration::from_secs(20)),
            fault: Box::new(|_, _, _| None),
            unknown_ids: Vec::new(),
            forgets_read: true,
            empty: r#"{"extraction_ids": []}"#,
            poison: None,
            lists_nothing: false,
            hides: Box::new(|_| false),
            submits: 0,
            polls: 0,
            listings: 0,
        }
    }
}

impl Service {
    /// The id of the extraction of this number.
    pub(crate) fn id(number: u64) -> String {
        format!("{number:040x}")
    }

    /// Adds an extraction that was submitted before the run.
    pub(crate) fn hold(&mut self, number: u64, finished_at: Time) -> ExtractionId {
        let id = Self::id(number);
        self.unread.insert((finished_at, id.clone()));
        let held = Held {
            name: id.clone(),
            customer: None,
            finished_at,
            read_at: None,
            is_hidden: (self.hides)(number),
        };
        self.held.insert(id.clone(), held);
        ExtractionId::new(&id).unwrap()
    }

    pub(crate) fn serve(&mut self, transmit: Transmit, now: Time) -> Response<Bytes> {
        let uri = transmit.request.uri().to_string();
        if transmit.request.method() == Method::POST {
            return self.submit(transmit, now);
        }
        match uri.split_once("extraction_id=") {
            Some((_, rest)) => self.poll(rest.split('&').next().unwrap_or_default(), now),
            None => self.list(
                uri.split_once("customer=")
                    .map(|(_, customer)| customer.to_owned())
                    .as_deref(),
                now,
            ),
        }
    }

    fn submit(&mut self, transmit: Transmit, now: Time) -> Response<Bytes> {
        let body =
            String::from_utf8(transmit.request.into_body().to_bytes().unwrap().to_vec()).unwrap();
        let field = |name: &str| {
            body.split_once(&format!("\"{name}\":\""))
                .and_then(|(_, rest)| rest.split('"').next())
                .map(str::to_owned)
        };
        let name = field("file_name").unwrap();
        if let Some((_, status)) = self.poison.filter(|(poison, _)| *poison == name) {
            return response(status, "{}");
        }
        let number = self.submits;
        self.submits += 1;
        let finished_at = now + (self.takes)(number);
        let id = Self::id(number);
        self.unread.insert((finished_at, id.clone()));
        let is_hidden = (self.hides)(number);
        let held = Held {
            name,
            customer: field("customer"),
            finished_at,
            read_at: None,
            is_hidden,
        };
        self.held.insert(id.clone(), held);
        response(202, &format!(r#"{{"extraction_id": "{id}"}}"#))
    }

    fn poll(&mut self, id: &str, now: Time) -> Response<Bytes> {
        self.polls += 1;
        let Some(held) = self.held.get_mut(id) else {
            return response(404, "{}");
        };
        if held.finished_at > now {
            return in_progress();
        }
        if self.forgets_read {
            self.unread.remove(&(held.finished_at, id.to_owned()));
        }
        held.read_at.get_or_insert(now);
        success()
    }

    fn list(&mut self, customer: Option<&str>, now: Time) -> Response<Bytes> {
        self.listings += 1;
        let mut ids: Vec<&str> = self.unknown_ids.iter().map(String::as_str).collect();
        if !self.lists_nothing {
            for (_, id) in self
                .unread
                .iter()
                .take_while(|(finished_at, _)| *finished_at <= now)
            {
                let held = &self.held[id];
                if !held.is_hidden && (customer.is_none() || held.customer.as_deref() == customer) {
                    ids.push(id);
                }
            }
        }
        if ids.is_empty() {
            return response(200, self.empty);
        }
        let quoted: Vec<String> = ids.iter().map(|id| format!("{id:?}")).collect();
        response(
            200,
            &format!(r#"{{"extraction_ids": [{}]}}"#, quoted.join(", ")),
        )
    }
}

/// A small document, named after its number.
pub(crate) fn numbered(number: usize) -> Document {
    Document::new(&format!("{number}.pdf"), "line-item-invoice", &b"%PDF"[..]).unwrap()
}

pub(crate) fn notification(id: &str) -> Notification {
    let json = format!(r#"{{"data": {{"id": "{id}"}}, "type": "extraction.finished"}}"#);
    Notification::decode(json.as_bytes()).unwrap()
}
