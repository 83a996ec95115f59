//! The poll queue: list what has finished, fetch each, hand out, once or for ever.

mod entries;
mod error;
mod event;
mod next;
mod options;
mod progress;
mod responses;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use bytes::Bytes;

use self::entries::{Entries, State};
use self::next::Next;
use super::collections::slab::Key;
use super::exchange::{Failure, Limits, RequestId, Transmit};
use super::limiter::{Limiter, RequestKind};
use super::time::Time;
use super::{Machine, Output};
use crate::wire::{Api, AwaitingRequest, ConfigError, Extraction, ExtractionId, StatusRequest};

pub use self::error::DrainError;
pub use self::event::{DrainEvent, DrainEventKind};
pub use self::options::DrainOptions;
pub use self::progress::DrainProgress;

/// Drains the queue of finished extractions: results without keeping ids.
///
/// The service lists what has finished and not expired (vendor's guide); a drain fetches each and hands it out, in the order in which they were listed. Made by the application; driven like
/// every machine. With [`DrainOptions::with_interval`] it goes on for ever, without it until a listing brings nothing new.
///
/// ```
/// use typless::machine::{Drain, DrainEventKind, DrainOptions, Machine, Output, Time};
/// use typless::wire::Api;
/// # fn perform(transmit: typless::machine::Transmit) -> http::Response<bytes::Bytes> {
/// #     let body = match transmit.request.uri().path() {
/// #         "/api/v1/awaiting-poll" => r#"{"extraction_ids": ["0d14", "0e89"]}"#,
/// #         _ => r#"{"status": "SUCCESS", "error": {}, "result": {"object_id": "14a5", "extracted_fields": []}}"#,
/// #     };
/// #     http::Response::new(bytes::Bytes::from_static(body.as_bytes()))
/// # }
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let now = Time::from_unix_seconds(1_700_000_000);
/// let mut drain = Drain::new(&api, DrainOptions::new(), now);
/// let mut results = Vec::new();
/// loop {
///     match drain.next_output(now) {
///         Output::Send(transmit) => drain.handle_response(transmit.id, perform(transmit), now),
///         Output::Event(event) => {
///             if let DrainEventKind::Extracted { extraction_id, extraction, .. } = event.kind {
///                 results.push(extraction?); // stored, so that it need not come again
///                 drain.acknowledge(&extraction_id);
///             }
///         }
///         Output::Wait(_) | Output::NeedInput | Output::Done => break,
///     }
/// }
/// assert_eq!(results.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The life of an id
///
/// ```text
///               listed                  acknowledge             missing in two listings
///   (unknown) ---------> waiting          +-----------------> acknowledged -----------> (unknown)
///                           |             |                        ^
///                           v             |                        | acknowledge, in any state
///        +-------------> fetching ---> handed out
///        |                |  |  ^         |
///        |   failed, paused  |  +---------+ not acknowledged in time; retry
///        |                v  |
///        +---- due --- retrying
///        |                   +-- failed too often, or for good --> set aside ---------> (unknown)
///        +------------------------------ retry --------------------/       missing in two listings
/// ```
///
/// | | |
/// | --- | --- |
/// | at least once | what is handed out and not [acknowledged](Self::acknowledge) comes again, in this drain after [a while](DrainOptions::with_redelivery), after a restart with the first listing |
/// | not for ever | what is acknowledged is not fetched again while the service lists it, for which nothing but its id is kept |
/// | one bad id | is tried again at growing distances and by at most half of the requests at once, then set aside with its reason; it never stops the rest |
/// | trouble of the service | a pause it asks for, and eight failures in a row, stop everything for a while; then it is listed before anything is fetched. Ids are not blamed for pauses |
/// | a refused key | stops everything until [`set_key`](Self::set_key); no id is blamed |
/// | back-pressure | with 256 results, unless [set](DrainOptions::with_max_unacknowledged), handed out or on their way, nothing more is fetched |
/// | memory | for what is listed or not done with, some hundred bytes each; no result is kept |
pub struct Drain {
    api: Api,
    options: DrainOptions,
    entries: Entries,
    listing: Listing,
    /// What is out, oldest first; all have the same limit.
    in_flight: BTreeMap<u64, Outstanding>,
    next_exchange: u64,
    /// The id whose fetch is announced and not sent yet.
    announced: Option<Key>,
    limiter: Limiter,
    trouble: Trouble,
    suspicion: Suspicion,
    closed: bool,
    outputs: VecDeque<Output<DrainEvent>>,
    next_sequence: u64,
    latest: Time,
}

/// When to list.
#[derive(Debug)]
struct Listing {
    /// When the next listing is due; `None` while one is out, and when none is needed any more.
    due: Option<Time>,
    /// When the last one was sent.
    sent_at: Time,
    /// Failures in a row.
    failures: u16,
    /// How many ids the last one named.
    listed: usize,
}

/// One request that is out.
#[derive(Debug, Clone, Copy)]
struct Outstanding {
    what: What,
    sent_at: Time,
    until: Time,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    List,
    /// The listing of all customers.
    ListAll,
    /// A first fetch, or another one.
    Fetch {
        key: Key,
        again: bool,
    },
}

/// What keeps everything from going on.
#[derive(Debug, Default)]
struct Trouble {
    /// Fetches that failed in a row.
    failures: u16,
    /// Pauses since a fetch or a listing was last answered well.
    pauses: u16,
    /// The service may be in trouble: it is listed before anything is fetched.
    is_checking: bool,
    /// A fetch was answered well once.
    was_answered: bool,
    key_refused: bool,
    /// The first request with the newest key.
    first_of_key: u64,
}

/// Whether the customer may be wrong.
#[derive(Debug)]
struct Suspicion {
    /// Nothing was ever listed for the customer; false without one.
    is_open: bool,
    /// The list of all customers is to be polled.
    is_due: bool,
    /// Not before this.
    next: Time,
    polls: u32,
}

impl Drain {
    /// Begins to drain: lists at once.
    pub fn new(api: &Api, options: DrainOptions, now: Time) -> Self {
        Self {
            api: api.clone(),
            entries: Entries::new(options.seed),
            listing: Listing {
                due: Some(now),
                sent_at: now,
                failures: 0,
                listed: 0,
            },
            in_flight: BTreeMap::new(),
            next_exchange: 1,
            announced: None,
            limiter: Limiter::new(
                options.rate,
                std::time::Duration::from_secs(1),
                options.burst,
            ),
            trouble: Trouble::default(),
            suspicion: Suspicion {
                is_open: options.has_customer,
                is_due: false,
                next: now,
                polls: 0,
            },
            closed: false,
            outputs: VecDeque::new(),
            next_sequence: options.first_sequence,
            latest: now,
            options,
        }
    }

    /// Says that an extraction is done with: it does not come again while the service lists it.
    ///
    /// Legal for any id, at any time. One that is on its way is not handed out any more; one that is not known is remembered until it is missing in two listings, so that after a restart
    /// the ids that were done with before need not come again.
    pub fn acknowledge(&mut self, extraction_id: &ExtractionId) {
        match self.entries.find(extraction_id.as_str()) {
            Some(key) => self.entries.put(key, State::Acknowledged),
            None => drop(
                self.entries
                    .insert(extraction_id.clone(), State::Acknowledged),
            ),
        }
    }

    /// Fetches an extraction again as soon as may be, with as many attempts as a new one: one that was set aside, handed out in vain or acknowledged too soon; or one that a process which is no
    /// more had begun to fetch, whether it is still listed or not. One that is to be fetched anyway is left as it is.
    pub fn retry(&mut self, extraction_id: &ExtractionId, now: Time) {
        let now = self.advance(now);
        match self
            .entries
            .find(extraction_id.as_str())
            .and_then(|key| Some((key, self.entries.get(key)?.1)))
        {
            None => drop(
                self.entries
                    .insert(extraction_id.clone(), State::Retrying(now)),
            ),
            Some((_, State::Waiting | State::Fetching)) => {}
            Some((
                key,
                State::Retrying(_) | State::HandedOut(_) | State::Acknowledged | State::SetAside,
            )) => {
                self.entries.forgive(key);
                self.entries.put(key, State::Retrying(now));
            }
        }
    }

    /// Uses another key from the next request on, and goes on if the old one was refused.
    ///
    /// # Errors
    ///
    /// A key that can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.api = self.api.with_key(key)?;
        self.trouble.key_refused = false;
        self.trouble.first_of_key = self.next_exchange;
        Ok(())
    }

    /// Ends the drain: nothing more is asked for, and it is done once what is in flight is answered, or its time is up. What was not acknowledged comes again in the next drain.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// How far it is.
    pub fn progress(&self) -> DrainProgress {
        DrainProgress::of(self)
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }

    fn emit(&mut self, kind: DrainEventKind) {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.saturating_add(1);
        self.outputs
            .push_back(Output::Event(DrainEvent { sequence, kind }));
    }

    /// Does the one thing that is to be done now. Says how to rest if there is none.
    fn proceed(&mut self, now: Time) -> Option<Output<DrainEvent>> {
        match self.next(now) {
            Next::GiveUp(exchange) => self.unanswered(exchange, now),
            Next::Redeliver(key) => self.entries.put(key, State::Retrying(now)),
            Next::List => self.list(now),
            Next::ListAll => self.list_all(now),
            Next::Announce(key) => self.announce(key),
            Next::Fetch(key) => self.fetch(key, now),
            Next::Withdraw(key) => self.withdraw(key, now),
            Next::Rest(Some(until)) => return Some(Output::Wait(until)),
            Next::Rest(None) => return Some(Output::NeedInput),
            Next::Done => {
                // For ever: nothing wakes it again.
                self.closed = true;
                return Some(Output::Done);
            }
        }
        None
    }

    fn list(&mut self, now: Time) {
        self.listing.due = None;
        self.listing.sent_at = now;
        let request = self.options.listing.request(&self.api);
        self.send(What::List, request, self.options.listing_bytes, now);
    }

    fn list_all(&mut self, now: Time) {
        self.suspicion.is_due = false;
        self.suspicion.poll(now);
        let request = AwaitingRequest::new().request(&self.api);
        self.send(What::ListAll, request, self.options.listing_bytes, now);
    }

    fn announce(&mut self, key: Key) {
        let Some(extraction_id) = self.id(key) else {
            return;
        };
        let attempt = self.entries.attempts(key).saturating_add(1);
        self.entries.put(key, State::Fetching);
        self.announced = Some(key);
        self.emit(DrainEventKind::FetchDue {
            extraction_id,
            attempt,
        });
    }

    /// Its time begins now, however long the application took over the announcement.
    fn fetch(&mut self, key: Key, now: Time) {
        self.announced = None;
        let Some(extraction_id) = self.id(key) else {
            return;
        };
        let request = StatusRequest::new(extraction_id);
        let request = if self.options.text_blocks {
            request.with_text_blocks()
        } else {
            request
        }
        .request(&self.api);
        let limits = Limits::for_exchange(0, self.options.response_bytes);
        let again = self.entries.attempts(key) > 0;
        self.send(
            What::Fetch { key, again },
            request,
            limits.response_bytes,
            now,
        );
    }

    /// An announced fetch that may not leave any more: acknowledged meanwhile, or overtaken by a pause.
    fn withdraw(&mut self, key: Key, now: Time) {
        self.announced = None;
        if self
            .entries
            .get(key)
            .is_some_and(|(_, state)| state == State::Fetching)
        {
            self.entries.put(key, State::Retrying(now));
        }
    }

    fn send(
        &mut self,
        what: What,
        request: http::Request<crate::wire::Body>,
        response_bytes: u64,
        now: Time,
    ) {
        let limits = Limits::for_exchange(0, Some(response_bytes));
        let exchange = self.next_exchange;
        self.next_exchange += 1;
        self.limiter.take(RequestKind::Poll, now);
        self.in_flight.insert(
            exchange,
            Outstanding {
                what,
                sent_at: now,
                until: now + limits.total,
            },
        );
        self.outputs.push_back(Output::Send(Transmit::new(
            RequestId::new(exchange),
            request,
            limits,
        )));
    }

    fn id(&self, key: Key) -> Option<ExtractionId> {
        self.entries.get(key).map(|(id, _)| id.clone())
    }
}

impl Machine for Drain {
    type Event = DrainEvent;
    type Outcome = (ExtractionId, Result<Extraction, DrainError>);

    fn next_output(&mut self, now: Time) -> Output<DrainEvent> {
        let now = self.advance(now);
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return output;
            }
            if let Some(rest) = self.proceed(now) {
                return rest;
            }
        }
    }

    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time) {
        let now = self.advance(now);
        self.answered(id.get(), &response, now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        let now = self.advance(now);
        self.failed(id.get(), failure, now);
    }

    fn into_outcome(event: DrainEvent) -> Result<Self::Outcome, DrainEvent> {
        match event.kind {
            DrainEventKind::Extracted {
                extraction_id,
                extraction,
                ..
            } => Ok((extraction_id, extraction)),
            kind => Err(DrainEvent {
                sequence: event.sequence,
                kind,
            }),
        }
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("progress", &self.progress())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
