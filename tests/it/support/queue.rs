//! A drain in virtual time, and a small service with a queue.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use typless::machine::{
    Drain, DrainError, DrainEvent, DrainEventKind, DrainOptions, Failure, FailureKind, Machine,
    Output, Time,
};
use typless::wire::ExtractionId;

use super::{START, api, response, success};

/// A response, or the failure of the exchange.
pub(crate) type Reply = Result<Response<Bytes>, FailureKind>;

/// The queue of a service.
pub(crate) struct Queue {
    pub(crate) listed: Vec<String>,
    /// Whether reading a result removes its id from the list.
    pub(crate) shrinks: bool,
    /// The reply for an id, if it is not a result.
    pub(crate) odd: BTreeMap<String, Box<dyn Fn() -> Reply>>,
    /// The reply to a listing, if it is not the list.
    pub(crate) odd_listing: Option<Box<dyn Fn() -> Reply>>,
    /// The ids listed for all customers, if they differ.
    pub(crate) all: Option<Vec<String>>,
    /// How often each id was fetched.
    pub(crate) fetched: BTreeMap<String, usize>,
    pub(crate) listings: usize,
    pub(crate) listings_of_all: usize,
}

impl Queue {
    pub(crate) fn new(ids: &[&str]) -> Self {
        Self {
            listed: ids.iter().map(|id| (*id).to_owned()).collect(),
            shrinks: false,
            odd: BTreeMap::new(),
            odd_listing: None,
            all: None,
            fetched: BTreeMap::new(),
            listings: 0,
            listings_of_all: 0,
        }
    }

    /// With this reply for an id.
    pub(crate) fn with(mut self, id: &str, reply: impl Fn() -> Reply + 'static) -> Self {
        self.odd.insert(id.to_owned(), Box::new(reply));
        self
    }

    pub(crate) fn respond(&mut self, uri: &http::Uri) -> Reply {
        let query = uri.query().unwrap_or_default();
        if uri.path().ends_with("awaiting-poll") {
            return self.list(query);
        }
        let id = query
            .strip_prefix("extraction_id=")
            .unwrap()
            .split('&')
            .next()
            .unwrap();
        *self.fetched.entry(id.to_owned()).or_default() += 1;
        if self.shrinks {
            self.listed.retain(|listed| listed != id);
        }
        self.odd.get(id).map_or_else(|| Ok(success()), |odd| odd())
    }

    fn list(&mut self, query: &str) -> Reply {
        let all = self.all.as_ref().filter(|_| query.is_empty());
        if all.is_some() {
            self.listings_of_all += 1;
        } else {
            self.listings += 1;
        }
        match &self.odd_listing {
            Some(odd) => odd(),
            None => Ok(listing(all.unwrap_or(&self.listed))),
        }
    }
}

pub(crate) fn listing<T: AsRef<str>>(ids: &[T]) -> Response<Bytes> {
    let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
    response(
        200,
        &serde_json::json!({ "extraction_ids": ids }).to_string(),
    )
}

pub(crate) fn id(text: &str) -> ExtractionId {
    ExtractionId::new(text).unwrap()
}

/// Why a run has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The time is over.
    Waiting,
    NeedsInput,
    Done,
}

/// A drain in virtual time, its events and its requests.
pub(crate) struct DrainRun {
    pub(crate) drain: Drain,
    pub(crate) now: Time,
    pub(crate) events: Vec<DrainEvent>,
    /// When each request was sent, and its URI.
    pub(crate) requests: Vec<(Time, String)>,
    /// Whether results are acknowledged immediately.
    pub(crate) acknowledges: bool,
}

impl DrainRun {
    pub(crate) fn with(options: DrainOptions) -> Self {
        Self {
            drain: Drain::new(&api(), options, START),
            now: START,
            events: Vec::new(),
            requests: Vec::new(),
            acknowledges: true,
        }
    }

    pub(crate) fn unacknowledged(options: DrainOptions) -> Self {
        Self {
            acknowledges: false,
            ..Self::with(options)
        }
    }

    /// Responds to every request immediately, for this long.
    pub(crate) fn serve(&mut self, queue: &mut Queue, time: Duration) -> Rest {
        let end = self.now + time;
        loop {
            match self.drain.next_output(self.now) {
                Output::Send(transmit) => {
                    self.requests
                        .push((self.now, transmit.request.uri().to_string()));
                    match queue.respond(transmit.request.uri()) {
                        Ok(response) => self.drain.handle_response(transmit.id, response, self.now),
                        Err(kind) => self.drain.handle_failure(
                            transmit.id,
                            Failure::new(kind, "set by the test"),
                            self.now,
                        ),
                    }
                }
                Output::Event(event) => self.note(event),
                Output::Wait(until) => {
                    assert!(until > self.now);
                    self.now = until.min(end);
                    if until > end {
                        return Rest::Waiting;
                    }
                }
                Output::NeedInput => return Rest::NeedsInput,
                Output::Done => return Rest::Done,
            }
        }
    }

    /// All requests that are due now.
    pub(crate) fn requests_now(&mut self) -> Vec<typless::machine::Transmit> {
        let mut requests = Vec::new();
        loop {
            match self.drain.next_output(self.now) {
                Output::Send(transmit) => requests.push(transmit),
                Output::Event(event) => self.note(event),
                Output::Wait(_) | Output::NeedInput | Output::Done => return requests,
            }
        }
    }

    pub(crate) fn note(&mut self, event: DrainEvent) {
        if let (true, DrainEventKind::Extracted { extraction_id, .. }) =
            (self.acknowledges, &event.kind)
        {
            self.drain.acknowledge(extraction_id);
        }
        self.events.push(event);
    }

    /// The returned ids, in order; those without a result have a `!`.
    pub(crate) fn returned(&self) -> Vec<String> {
        let ids = self.events.iter().filter_map(|event| match &event.kind {
            DrainEventKind::Extracted {
                extraction_id,
                extraction,
                ..
            } => Some(format!(
                "{}{extraction_id}",
                if extraction.is_ok() { "" } else { "!" }
            )),
            _ => None,
        });
        ids.collect()
    }

    /// What was set aside, why, and after how many attempts.
    pub(crate) fn set_aside(&self) -> Vec<(&str, &DrainError, u16)> {
        let all = self.events.iter().filter_map(|event| match &event.kind {
            DrainEventKind::SetAside {
                extraction_id,
                reason,
                attempts,
            } => Some((extraction_id.as_str(), reason, *attempts)),
            _ => None,
        });
        all.collect()
    }

    /// How many events of a kind there were.
    pub(crate) fn count(&self, kind: impl Fn(&DrainEventKind) -> bool) -> usize {
        self.events.iter().filter(|event| kind(&event.kind)).count()
    }
}
