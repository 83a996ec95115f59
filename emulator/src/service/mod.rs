//! The service as a pure state machine: requests and the time go in, responses come out.

mod choices;
mod envelope;
mod extractions;
mod id;
mod options;
mod refusal;
mod route;
mod submission;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Serialize;
use typless::machine::Time;

pub use choices::{ConfidenceForm, MissingField, NoError, QueueAfterReading, SubmitStatus, UnknownId};
pub use options::ServiceOptions;
pub(crate) use refusal::Refusal;
pub(crate) use submission::{Reading, Submission};

use crate::ExtractionResult;
use extractions::{Data, Extractions, Found};
use id::{Id, Ids};
use route::{Endpoint, Look};
use submission::SubmissionKind;

/// The extraction service: submits go in, and move through its statuses as time goes by.
///
/// It does no I/O, reads no clock and starts no thread: it is handed a request and the time, and hands back the response. So a test of 48 hours takes
/// microseconds, and the same seed, requests and times give the same responses to the byte. [`InProcess`](crate::InProcess) makes it a transport,
/// [`Listener`](crate::Listener) lets clients of any kind connect to it.
///
/// | call | answer |
/// | --- | --- |
/// | `POST /api/extract-data-async`, `POST /api/v1/extract-data-async` | 202 `{"extraction_id": ".."}` |
/// | `GET /api/get-extraction-data?extraction_id=..`, `GET /api/v1/get-extraction-data?extraction_id=..` | 200 `{"error": {}, "result": {}, "status": ".."}` |
/// | `GET /api/awaiting-poll?customer=..`, `GET /api/v1/awaiting-poll?customer=..` | 200 `{"extraction_ids": [".."]}`: finished and not expired, in that order; a customer nobody named has none |
/// | `POST /api/extract-data`, `POST /api/v1/extract-data` | 200 with the result itself, at once |
///
/// A document is read when it is submitted, and only what was found is kept. Held for a later look, documents nobody looks at would fill the memory; read at once, each costs its
/// memory for as long as its request lasts. Clients see none of this: until the pace of [`ServiceOptions`] has passed, the status is `IN_PROGRESS`; then `SUCCESS`,
/// or `ERROR` for a document that can't be read; and 48 hours later `EXPIRED`, when its data is deleted. A finished extraction can be
/// fetched any number of times. All keys belong to one account.
///
/// Text blocks, the text of the document by lines, come as `text_blocks` in a result when the submit had `"parse_text_blocks": true` and the look has `text_blocks=true`. What they look like at the
/// vendor is not known; here each is a line, as `{"x", "y", "width", "height", "page_number", "text"}`, with the page and box in the form of a field's value.
///
/// # Errors
///
/// Every error has the body `{"code", "message", "details"}`. The first line that fits is the answer:
///
/// | status | code | when |
/// | --- | --- | --- |
/// | 413 | `body_too_large` | the body is larger than the limit of [`ServiceOptions::with_body_limit`] |
/// | 404 | `path_not_found` | there is no such path |
/// | 405 | `method_not_allowed` | the path wants another method, named in `Allow` |
/// | 401 | `unauthorized` | there is no `Authorization: Token <key>`, or the key is not accepted |
/// | 415 | `unsupported_media_type` | the body says to be something else than JSON |
/// | 400 | `invalid_json` | the body is not JSON |
/// | 422 | `validation_error` | properties or parameters are missing, empty or of the wrong type; `details` lists each as `{"loc", "msg", "type"}` |
/// | 422 | `document_type_not_found` | the account has no such document type (not 404: the address was right, a value was not) |
/// | 400 | `invalid_base64` | `file` is not base64 of the standard alphabet with padding |
/// | 404 | `extraction_not_found` | there is no extraction of this id; [`UnknownId`] has the other ways to say so |
/// | 400 | as [`ReadError::code`](crate::ReadError::code) | the document of a synchronous extraction can't be read |
///
/// The listener adds 408 `request_timeout` for a body that stops coming, and 500 `internal_error`.
pub struct Service {
    options: Arc<ServiceOptions>,
    ids: Ids,
    extractions: Extractions,
    /// The synchronous extractions there were.
    answered_at_once: usize,
    /// The latest time told: time never goes back.
    latest: Time,
}

impl Service {
    /// A service without extractions.
    pub fn new(options: ServiceOptions) -> Self {
        let ids = Ids::new(options.seed);
        Self { options: Arc::new(options), ids, extractions: Extractions::default(), answered_at_once: 0, latest: Time::EPOCH }
    }

    /// Answers a request. Time that goes back counts as standing still.
    #[must_use]
    pub fn handle(&mut self, request: Request<Bytes>, now: Time) -> Response<Bytes> {
        match self.receive(request, now) {
            Received::Answered(response) => response,
            Received::Submission(submission) => self.accept(submission.read(), now),
        }
    }

    /// The number of submits and synchronous extractions that were accepted, which is what an account is billed for.
    pub fn accepted(&self) -> usize {
        self.extractions.len() + self.answered_at_once
    }

    /// The bytes of results held in memory. What has expired is deleted at the next request.
    pub fn held_bytes(&self) -> usize {
        self.extractions.held_bytes()
    }

    pub(crate) fn body_limit(&self) -> usize {
        self.options.body_limit
    }

    /// The first half of [`handle`](Self::handle): answers what can be answered at once. The reading of a document, which takes long, is handed out, so that nobody else has to wait for it.
    pub(crate) fn receive(&mut self, request: Request<Bytes>, now: Time) -> Received {
        self.advance(now);
        let (head, body) = request.into_parts();
        let received = if body.len() > self.options.body_limit {
            Err(Refusal::BodyTooLarge { limit: self.options.body_limit })
        } else {
            Endpoint::of(&head, &self.options).and_then(|endpoint| match endpoint {
                Endpoint::Submit => self.submission(SubmissionKind::Asynchronous, &head, body),
                Endpoint::Extract => self.submission(SubmissionKind::Synchronous, &head, body),
                Endpoint::Status => self.look(&head).map(Received::Answered),
                Endpoint::Awaiting => self.awaiting(&head).map(Received::Answered),
            })
        };
        received.unwrap_or_else(|refusal| Received::Answered(refusal.response()))
    }

    /// The second half: takes in what was read. The extraction begins at this moment.
    pub(crate) fn accept(&mut self, reading: Result<Reading, Refusal>, now: Time) -> Response<Bytes> {
        let now = self.advance(now);
        let accepted = reading.and_then(|reading| match reading.kind {
            SubmissionKind::Asynchronous => Ok(self.begin(&reading, now)),
            SubmissionKind::Synchronous => self.answer_at_once(reading, now),
        });
        accepted.unwrap_or_else(|refusal| refusal.response())
    }

    fn submission(&self, kind: SubmissionKind, head: &http::request::Parts, body: Bytes) -> Result<Received, Refusal> {
        Submission::new(kind, head, body, self.options.clone()).map(Received::Submission)
    }

    fn begin(&mut self, reading: &Reading, now: Time) -> Response<Bytes> {
        #[derive(Serialize)]
        struct Accepted {
            extraction_id: Id,
        }
        let choices = self.options.choices;
        let extraction_id = self.ids.next(now);
        let object_id = self.ids.next(now).to_string();
        let (body, text_blocks) = match &reading.outcome {
            Ok(read) => {
                let result =
                    ExtractionResult::new(&read.findings, &object_id, &reading.file_name).with_customer(reading.customer.as_deref());
                (envelope::success(&self.in_form(result), choices.no_error), read.text_blocks.as_ref().map(to_body))
            }
            Err(error) => (envelope::error(error), None),
        };
        let customer = reading.customer.as_deref().map(Into::into);
        let finished = now + self.options.pace;
        let data = Data { body, text_blocks, customer, listed: true };
        self.extractions.add(extraction_id, finished, finished + self.options.retention, data);
        let status = match choices.submit_status {
            SubmitStatus::Accepted => StatusCode::ACCEPTED,
            SubmitStatus::Ok => StatusCode::OK,
        };
        json(status, to_body(&Accepted { extraction_id }))
    }

    fn answer_at_once(&mut self, reading: Reading, now: Time) -> Result<Response<Bytes>, Refusal> {
        let Reading { file_name, customer, outcome, .. } = reading;
        let read = outcome.map_err(Refusal::Unreadable)?;
        let object_id = self.ids.next(now).to_string();
        self.answered_at_once += 1;
        let result = ExtractionResult::new(&read.findings, &object_id, &file_name).with_customer(customer.as_deref());
        Ok(json(StatusCode::OK, to_body(&self.in_form(result))))
    }

    fn in_form<'a>(&self, result: ExtractionResult<'a>) -> ExtractionResult<'a> {
        let choices = self.options.choices;
        result.with_confidence_form(choices.confidence_form).with_missing_field(choices.missing_field)
    }

    fn look(&mut self, head: &http::request::Parts) -> Result<Response<Bytes>, Refusal> {
        let choices = self.options.choices;
        let wanted = Look::of(&head.uri)?;
        let id = Id::parse(&wanted.extraction_id);
        let found = id.and_then(|id| self.extractions.look(id, wanted.text_blocks, choices.queue_after_reading, self.latest));
        let body = match (found, choices.unknown_id) {
            (Some(Found::Finished(body)), _) => body,
            (Some(Found::InProgress), _) => envelope::empty("IN_PROGRESS", choices.no_error),
            (Some(Found::Expired), _) | (None, UnknownId::Expired) => envelope::empty("EXPIRED", choices.no_error),
            (None, UnknownId::Error) => envelope::error(&Refusal::ExtractionNotFound(StatusCode::NOT_FOUND).standard()),
            (None, UnknownId::BadRequest) => return Err(Refusal::ExtractionNotFound(StatusCode::BAD_REQUEST)),
            (None, UnknownId::NotFound) => return Err(Refusal::ExtractionNotFound(StatusCode::NOT_FOUND)),
        };
        Ok(json(StatusCode::OK, body))
    }

    fn awaiting(&self, head: &http::request::Parts) -> Result<Response<Bytes>, Refusal> {
        #[derive(Serialize)]
        struct Listing {
            extraction_ids: Vec<Id>,
        }
        let customer = route::customer(&head.uri)?;
        let extraction_ids = self.extractions.awaiting(customer.as_deref(), self.latest).collect();
        Ok(json(StatusCode::OK, to_body(&Listing { extraction_ids })))
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

/// What becomes of a request.
pub(crate) enum Received {
    /// It is answered.
    Answered(Response<Bytes>),
    /// There is a document to read; what comes of it goes to [`Service::accept`].
    Submission(Submission),
}

fn json(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

/// Numbers and text always serialise, so there is no error to report.
fn to_body(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
