//! The service as a pure state machine: requests and the time go in, responses come out.

mod begin;
mod choices;
mod counts;
mod delivery;
mod envelope;
mod exchange;
mod extractions;
mod fault;
mod fault_plan;
mod id;
mod last_read;
mod options;
mod outbox;
mod pace;
mod poll;
mod queue;
mod queue_options;
mod rate_limit;
mod refusal;
mod rng;
mod route;
mod submission;
mod time_format;
mod webhook_options;
mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Serialize;
use typless::machine::Time;

pub use choices::{
    ConfidenceForm, MissingField, NoError, QueueAfterReading, RetryAfterForm, SubmitStatus,
    UnknownId,
};
pub use counts::ServiceCounts;
pub use delivery::Delivery;
pub(crate) use exchange::{Arrival, Received};
pub use fault::{Fault, Faults};
pub use options::ServiceOptions;
pub use pace::Pace;
pub use queue_options::QueueOptions;
pub use rate_limit::RateLimit;
pub(crate) use refusal::Refusal;
pub use webhook_options::{WebhookOptions, WebhookUrlError};

use counts::Counters;
use extractions::Extractions;
use fault_plan::FaultPlan;
use id::Ids;
use last_read::LastRead;
use outbox::Outbox;
use queue::Queue;
use rate_limit::Throttle;
use rng::Rng;
use work::Work;

/// The extraction service: accepts submits, and moves them through its statuses as time passes.
///
/// It does no I/O, reads no clock and starts no thread: it takes a request and the time, and
/// returns the response. A test of 48 hours takes microseconds, and the same seed, requests and
/// times give the same responses to the byte. [`InProcess`](crate::InProcess) makes it a transport,
/// [`Listener`](crate::Listener) lets clients of any kind connect to it.
///
/// | call | response |
/// | --- | --- |
/// | `POST /extract-data-async` | 202 `{"extraction_id": ".."}` |
/// | `GET /get-extraction-data?extraction_id=..` | 200 `{"error", "result", "status"}` |
/// | `GET /awaiting-poll?customer=..` | 200 `{"extraction_ids": [".."]}` |
/// | `POST /extract-data` | 200 with the result itself |
///
/// The paths exist below `/api` and below `/api/v1`. The listing has what has finished and not
/// expired, in the order in which it finished; an unknown customer gets an empty list.
///
/// A document is read when it is submitted. The findings are kept, not the document (except for the
/// last one, if it is small). Until the pace of [`ServiceOptions`] has passed, the status is
/// `IN_PROGRESS`; then `SUCCESS`, or `ERROR` for a document that can't be read; and 48 hours later
/// `EXPIRED`, when its data is deleted. A finished extraction can be fetched any number of times.
/// All keys belong to one account.
///
/// Messages for the webhook of [`ServiceOptions::with_webhook`] are pulled with
/// [`next_webhook`](Self::next_webhook) as time passes. [`exchange`](Self::exchange) shows what
/// [`Faults`], [`fail_next`](Self::fail_next) and [`fail_until`](Self::fail_until) do to a response
/// on its way.
///
/// A result has `text_blocks`, the text of the document by lines, if the submit had
/// `"parse_text_blocks": true` and the poll has `text_blocks=true`, or if a synchronous extraction
/// has `training=true` in its query. They have the form that was seen in responses of the
/// synchronous call: `{"value", "number", "page_number", "x", "y", "width", "height"}`, with the
/// page from 1 and the box in the form of a field's value.
///
/// # Errors
///
/// Every error has the body `{"code", "message", "details"}`. The first row that fits decides:
///
/// | status | code | when |
/// | --- | --- | --- |
/// | 413 | `body_too_large` | the body exceeds [`ServiceOptions::with_body_limit`] |
/// | 404 | `path_not_found` | there is no such path |
/// | 405 | `method_not_allowed` | the path has another method, named in `Allow` |
/// | 401 | `unauthorized` | no `Authorization: Token <key>`, or the key is not accepted |
/// | 429 | `too_many_requests` | the key exceeds [`ServiceOptions::with_rate_limit`] |
/// | 415 | `unsupported_media_type` | the `Content-Type` is not JSON |
/// | 400 | `invalid_json` | the body is not JSON |
/// | 422 | `validation_error` | properties or parameters are missing, empty or of a wrong type |
/// | 422 | `document_type_not_found` | the account has no such document type |
/// | 400 | `invalid_base64` | `file` is not standard base64 with padding |
/// | 404 | `extraction_not_found` | there is no extraction with this id; see [`UnknownId`] |
/// | 400 | that of the [`ReadError`](crate::ReadError) | a synchronous document can't be read |
///
/// A 429 has `Retry-After`. The `details` of `validation_error` list each problem as
/// `{"loc", "msg", "type"}`. The listener adds 408 `request_timeout` for a body that stops
/// arriving, and 500 `internal_error`.
pub struct Service {
    options: Arc<ServiceOptions>,
    ids: Ids,
    extractions: Extractions,
    work: Work,
    queue: Queue,
    outbox: Outbox,
    throttle: Throttle,
    faults: FaultPlan,
    counters: Counters,
    last_read: Arc<LastRead>,
    /// The number of synchronous extractions.
    synchronous: usize,
    /// How often a file of this name was accepted.
    accepted_names: BTreeMap<String, usize>,
    /// The latest time so far: time never goes back.
    latest: Time,
}

impl Service {
    /// A service without extractions.
    pub fn new(options: ServiceOptions) -> Self {
        let seed = options.seed;
        Self {
            options: Arc::new(options),
            ids: Ids::new(Rng::new(seed)),
            extractions: Extractions::default(),
            work: Work::new(seed),
            queue: Queue::new(seed),
            outbox: Outbox::new(seed),
            throttle: Throttle::default(),
            faults: FaultPlan::new(seed),
            counters: Counters::default(),
            last_read: Arc::default(),
            synchronous: 0,
            accepted_names: BTreeMap::new(),
            latest: Time::EPOCH,
        }
    }

    /// Responds to a request. Time that goes back counts as standing still.
    ///
    /// Where the response would break off or be lost, it is that of a gateway: see
    /// [`Delivery::into_response`].
    #[must_use]
    pub fn handle(&mut self, request: Request<Bytes>, now: Time) -> Response<Bytes> {
        self.exchange(request, now).into_response()
    }

    /// Responds to a request, and returns what happens to the response on its way.
    #[must_use]
    pub fn exchange(&mut self, request: Request<Bytes>, now: Time) -> Delivery {
        let arrival = self.arrive(request.uri(), now);
        let delivery = match self.receive(request, arrival, now) {
            Received::Delivered(delivery) => delivery,
            Received::Submission(submission) => self.accept(submission.read(), arrival, now),
        };
        self.leave(arrival);
        delivery
    }

    /// The next webhook message that is due, to be posted to its address; `None` if none is due
    /// yet.
    #[must_use]
    pub fn next_webhook(&mut self, now: Time) -> Option<Request<Bytes>> {
        let now = self.advance(now);
        let webhook = self.options.webhook.as_ref()?;
        let request = self.outbox.next(&webhook.uri, now)?;
        self.counters.counts_mut().webhooks += 1;
        Some(request)
    }

    /// When the next webhook message is due; a later submit may add an earlier one.
    pub fn next_webhook_at(&self) -> Option<Time> {
        self.outbox.next_due()
    }

    /// Makes the next `count` requests fail in this way, after the faults that were requested
    /// earlier.
    pub fn fail_next(&mut self, count: usize, fault: Fault) {
        self.faults.fail_next(count, fault, false);
    }

    /// Makes the next `count` submits of the asynchronous call fail in this way.
    pub fn fail_next_submits(&mut self, count: usize, fault: Fault) {
        self.faults.fail_next(count, fault, true);
    }

    /// Makes all requests fail in this way that arrive before this time, such as
    /// [`Fault::Unauthorized`] while a key is changed, or [`Fault::Unavailable`] while the service
    /// is down.
    pub fn fail_until(&mut self, time: Time, fault: Fault) {
        self.faults.fail_until(time, fault);
    }

    /// Makes all submits of the asynchronous call fail in this way that arrive before this time,
    /// while polls and listings work.
    pub fn fail_submits_until(&mut self, time: Time, fault: Fault) {
        self.faults.fail_submits_until(time, fault);
    }

    /// What the service has seen so far.
    pub fn counts(&self) -> ServiceCounts {
        ServiceCounts {
            faults: self.faults.total(),
            ..self.counters.counts()
        }
    }

    /// How often this fault has happened.
    pub fn fault_count(&self, fault: Fault) -> usize {
        self.faults.fault_count(fault)
    }

    /// How often this fault has happened to submits of the asynchronous call.
    pub fn submit_fault_count(&self, fault: Fault) -> usize {
        self.faults.submit_fault_count(fault)
    }

    /// The number of submits and synchronous extractions that were accepted, which is what an
    /// account pays for.
    pub fn accepted(&self) -> usize {
        self.extractions.len() + self.synchronous
    }

    /// How many of these had this file name.
    pub fn accepted_named(&self, file_name: &str) -> usize {
        self.accepted_names
            .get(file_name)
            .copied()
            .unwrap_or_default()
    }

    /// The names of files that were accepted more than once, in alphabetical order; if each
    /// document has its own name, these were paid for twice.
    pub fn accepted_repeatedly(&self) -> impl Iterator<Item = &str> {
        self.accepted_names
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(name, _)| name.as_str())
    }

    /// The bytes of results in memory, without the last document. What has expired is deleted at
    /// the next request.
    pub fn held_bytes(&self) -> usize {
        self.extractions.held_bytes()
    }

    pub(crate) fn body_limit(&self) -> usize {
        self.options.body_limit
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.extractions.expire(self.latest);
        self.latest
    }
}

impl Default for Service {
    /// A service with the default options.
    fn default() -> Self {
        Self::new(ServiceOptions::new())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("options", &self.options)
            .field("accepted", &self.accepted())
            .field("held_bytes", &self.held_bytes())
            .finish_non_exhaustive()
    }
}

fn json(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}

/// Numbers and text always serialise, so there is no error to report.
fn to_body(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
