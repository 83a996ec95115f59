//! Drains the queue of finished extractions: lists them, fetches each and delivers it, once or
//! continuously.

mod entries;
mod error;
mod event;
mod fetch_gate;
mod next;
mod options;
mod outbox;
mod progress;
mod responses;
mod snapshot;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use self::entries::{Entries, State};
use self::fetch_gate::FetchGate;
use self::next::Next;
use super::collections::slab::Key;
use super::exchange::{self, Failure, Limits, RequestId, Transmit};
use super::interpret::Reply;
use super::throttle::limiter::{Limiter, RequestKind};
use super::throttle::{Throttle, ThrottleState};
use super::time::Time;
use super::{Machine, Output};
use crate::wire::{Api, AwaitingRequest, ConfigError, Extraction, ExtractionId, StatusRequest};

pub use self::error::DrainError;
pub use self::event::{DrainEvent, DrainEventKind};
pub use self::options::DrainOptions;
pub use self::progress::DrainProgress;
pub use self::snapshot::DrainSnapshot;

/// Drains the queue of finished extractions: results without keeping ids.
///
/// The service lists extractions that have finished and not expired (vendor's guide). A drain
/// fetches each and delivers it, in the order of the list. With [`DrainOptions::with_interval`] it
/// runs until it is closed, otherwise until a listing contains nothing new.
///
/// ```
/// use typless::machine::{Drain, DrainEventKind, DrainOptions, Machine, Output, Time};
/// use typless::wire::Api;
/// # fn perform(transmit: typless::machine::Transmit) -> http::Response<bytes::Bytes> {
/// #     let body = match transmit.request.uri().path() {
/// #         "/api/v1/awaiting-poll" => r#"{"extraction_ids": ["0d14", "0e89"]}"#,
/// #         _ => concat!(
/// #             r#"{"status": "SUCCESS", "error": {}, "#,
/// #             r#""result": {"object_id": "14a5", "extracted_fields": []}}"#,
/// #         ),
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
/// - **At least once:** a result that is not [acknowledged](Self::acknowledge) is delivered again:
///   in this drain after [a while](DrainOptions::with_redelivery), after a restart with the first
///   listing.
/// - **Not forever:** an acknowledged extraction is not fetched again while the service lists it.
///   Only its id is kept.
/// - **A bad id** is retried with growing delays, by at most half of the requests in flight, and
///   then set aside with its reason. It never stops the others.
/// - **An outage:** while the service does not work, listings and fetches in turns find out when it
///   is over. Where fetches of eight ids in a row fail and listings do not, one fetch at a time
///   finds out, at most 5 minutes apart. Ids are not charged for either, nor for a pause that the
///   service asks for. (Without an interval, all that is left is set aside after one and a half
///   hours of failing fetches, so that the drain finishes.)
/// - **A refused key** pauses everything until it is taken again, or [replaced](Self::set_key).
/// - **Back-pressure:** with 256 results (unless [set](DrainOptions::with_max_unacknowledged))
///   delivered or being fetched, nothing more is fetched.
/// - **Memory:** about a hundred bytes for each id that is listed or not finished. No result is
///   kept.
pub struct Drain {
    api: Api,
    options: DrainOptions,
    entries: Entries,
    listing: Listing,
    /// Requests in flight, oldest first; all have the same limit.
    in_flight: BTreeMap<u64, Outstanding>,
    next_exchange: u64,
    /// The id whose `FetchDue` event was emitted and whose fetch is not sent yet.
    emitted_fetch: Option<Key>,
    throttle: Throttle,
    fetch_gate: FetchGate,
    /// Whether a fetch has succeeded, and a listing.
    has_fetched: bool,
    has_listed: bool,
    customer_check: CustomerCheck,
    closed: bool,
    outputs: VecDeque<Output<DrainEvent>>,
    next_sequence: u64,
    latest: Time,
}

/// When to list.
#[derive(Debug)]
struct Listing {
    /// When the next listing is due; `None` while one is in flight, and when none is needed.
    due: Option<Time>,
    /// When the last one was sent.
    sent_at: Time,
    /// Failures in a row.
    failures: u16,
    /// How many ids the last one contained.
    listed: usize,
}

/// One request in flight.
#[derive(Debug, Clone, Copy)]
struct Outstanding {
    purpose: Purpose,
    sent_at: Time,
    until: Time,
    key_number: u16,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    List,
    /// The listing of all customers.
    ListAll,
    /// A first fetch, or another one.
    Fetch {
        key: Key,
        again: bool,
    },
}

impl From<Purpose> for exchange::Purpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::List | Purpose::ListAll => Self::Listing,
            Purpose::Fetch { .. } => Self::Poll,
        }
    }
}

/// Checks whether the customer's name may be wrong.
#[derive(Debug)]
struct CustomerCheck {
    /// No listing has contained anything for the customer yet; false without a customer.
    is_open: bool,
    /// The listing of all customers is due.
    is_due: bool,
    /// When the next check may be made.
    next_at: Time,
    checks: u32,
}

impl Drain {
    /// A drain that lists immediately.
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
            emitted_fetch: None,
            throttle: Throttle::new(
                Limiter::new(options.rate, Duration::from_secs(1), options.burst),
                0,
                options.retry,
                options.seed,
                now,
            ),
            fetch_gate: FetchGate::default(),
            has_fetched: false,
            has_listed: false,
            customer_check: CustomerCheck {
                is_open: options.has_customer,
                is_due: false,
                next_at: now,
                checks: 0,
            },
            closed: false,
            outputs: VecDeque::new(),
            next_sequence: options.first_sequence,
            latest: now,
            options,
        }
    }

    /// Reports that an extraction is processed: it is not delivered again while the service lists
    /// it.
    ///
    /// Legal for any id, at any time. If it is being fetched, its result is not delivered. An
    /// unknown id is remembered until it is missing in two listings, so an application can
    /// acknowledge after a restart what it had processed before.
    pub fn acknowledge(&mut self, extraction_id: &ExtractionId) {
        match self.entries.find(extraction_id.as_str()) {
            Some(key) => self.entries.put(key, State::Acknowledged),
            None => drop(
                self.entries
                    .insert(extraction_id.clone(), State::Acknowledged),
            ),
        }
    }

    /// Fetches an extraction again as soon as possible, with as many attempts as a new one: one
    /// that was set aside, delivered and lost, or acknowledged too early; or one whose fetch an
    /// earlier process had started, listed or not. An id that is to be fetched anyway does not
    /// change.
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
                self.entries.reset_attempts(key);
                self.entries.put(key, State::Retrying(now));
            }
        }
    }

    /// Uses another API key from the next request on, and continues if the old one was refused.
    ///
    /// # Errors
    ///
    /// The key can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.api = self.api.with_key(key)?;
        self.throttle.replace_key(self.latest);
        self.fetch_gate.allow();
        Ok(())
    }

    /// Closes the drain: it sends nothing more, and is done once the requests in flight have
    /// finished. What was not acknowledged is delivered again by the next drain.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// The current progress.
    pub fn progress(&self) -> DrainProgress {
        DrainProgress::new(self)
    }

    /// Begins with what an earlier process knew of the service, but for its submits. For a drain
    /// that did nothing yet.
    #[must_use]
    pub fn with_throttle_state(mut self, state: &ThrottleState, now: Time) -> Self {
        let now = self.advance(now);
        self.throttle.restore(&state.without_submits(), now);
        self
    }

    /// What is known of the service, to store for the next process.
    pub fn throttle_state(&self) -> ThrottleState {
        self.throttle.state(self.latest)
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// Performs the next action. Returns the output to rest with if there is none.
    fn proceed(&mut self, now: Time) -> Option<Output<DrainEvent>> {
        match self.next(now) {
            Next::TimeOut(exchange) => self.complete(exchange, Reply::TimeLimit, now),
            Next::Redeliver(key) => self.entries.put(key, State::Retrying(now)),
            Next::List => self.send_list(now),
            Next::ProbeByList => {
                self.throttle.grant_probe();
                self.send_list(now);
            }
            Next::ProbeByFetch(key) => {
                self.throttle.grant_probe();
                self.emit_fetch_due(key);
            }
            Next::ListAll => self.send_list_all(now),
            Next::EmitFetchDue(key) => self.emit_fetch_due(key),
            Next::Fetch(key) => self.fetch(key, now),
            Next::Withdraw(key) => self.withdraw(key, now),
            Next::ReportPauses => self.report_pauses(now),
            Next::Rest(Some(until)) => return Some(Output::Wait(until)),
            Next::Rest(None) => return Some(Output::NeedInput),
            Next::Done => {
                // Final: nothing wakes it again.
                self.closed = true;
                return Some(Output::Done);
            }
        }
        None
    }

    fn send_list(&mut self, now: Time) {
        self.listing.due = None;
        self.listing.sent_at = now;
        let request = self.options.listing.request(&self.api);
        self.send(Purpose::List, request, self.options.listing_bytes, now);
    }

    fn send_list_all(&mut self, now: Time) {
        self.customer_check.is_due = false;
        self.customer_check.schedule_next(now);
        let request = AwaitingRequest::new().request(&self.api);
        self.send(Purpose::ListAll, request, self.options.listing_bytes, now);
    }

    fn emit_fetch_due(&mut self, key: Key) {
        let Some(extraction_id) = self.id(key) else {
            return;
        };
        let attempt = self.entries.attempts(key).saturating_add(1);
        self.entries.put(key, State::Fetching);
        self.emitted_fetch = Some(key);
        self.emit(DrainEventKind::FetchDue {
            extraction_id,
            attempt,
        });
    }

    /// The time limit starts now, however long the application took to handle the event.
    fn fetch(&mut self, key: Key, now: Time) {
        self.emitted_fetch = None;
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
        let paused_since = self.fetch_gate.resume();
        self.report_fetches_resumed(paused_since);
        let again = self.entries.attempts(key) > 0;
        self.send(
            Purpose::Fetch { key, again },
            request,
            limits.response_bytes,
            now,
        );
    }

    /// Cancels a fetch whose event was emitted: it was acknowledged meanwhile, or a pause began.
    fn withdraw(&mut self, key: Key, now: Time) {
        self.emitted_fetch = None;
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
        purpose: Purpose,
        request: http::Request<crate::wire::Body>,
        response_bytes: u64,
        now: Time,
    ) {
        let limits = Limits::for_exchange(0, Some(response_bytes));
        let exchange = self.next_exchange;
        self.next_exchange += 1;
        let id = RequestId::new(exchange);
        let outstanding = Outstanding {
            purpose,
            sent_at: now,
            until: now + limits.total,
            key_number: self.throttle.key_number(),
        };
        self.in_flight.insert(exchange, outstanding);
        self.throttle.sent(id, RequestKind::Poll, false, now);
        if matches!(purpose, Purpose::Fetch { .. }) {
            self.fetch_gate.sent(exchange);
        }
        let transmit = Transmit::new(id, purpose.into(), request, limits);
        self.outputs.push_back(Output::Send(transmit));
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
        self.complete(id.get(), Reply::Response(response), now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        let now = self.advance(now);
        self.complete(id.get(), Reply::Failure(failure), now);
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
