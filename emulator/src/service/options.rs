//! How the service behaves.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::choices::{
    Choices, ConfidenceForm, MissingField, NoError, QueueAfterReading, RetryAfterForm,
    SubmitStatus, UnknownId,
};
use super::fault::Faults;
use super::pace::Pace;
use super::queue_options::QueueOptions;
use super::rate_limit::RateLimit;
use super::webhook_options::WebhookOptions;
use crate::DocumentType;

/// How the service behaves. The default is a healthy service that accepts any key and needs two
/// seconds for a document.
///
/// Where the vendor leaves something open, the default is the most plausible reading, and the
/// others can be chosen, so that a client can be tested against each: [`QueueAfterReading`],
/// [`UnknownId`], [`NoError`], [`ConfidenceForm`], [`MissingField`], [`SubmitStatus`],
/// [`RetryAfterForm`].
///
/// [`Pace`] and [`with_workers`](Self::with_workers) make the service slow, [`RateLimit`] limits
/// its clients, [`QueueOptions`] and [`with_lag`](Self::with_lag) make its listings late or
/// incomplete, [`WebhookOptions`] adds messages, and [`Faults`] makes exchanges fail. All of it
/// follows from the seed, the requests and the times.
#[derive(Clone)]
pub struct ServiceOptions {
    pub(super) pace: Pace,
    pub(super) workers: Option<usize>,
    pub(super) lag: Duration,
    pub(super) retention: Duration,
    pub(super) body_limit: usize,
    pub(super) seed: u64,
    pub(super) keys: Keys,
    pub(super) document_types: BTreeMap<String, DocumentType>,
    pub(super) choices: Choices,
    pub(super) queue: QueueOptions,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) webhook: Option<WebhookOptions>,
    pub(super) faults: Faults,
}

/// Which keys are accepted.
#[derive(Clone)]
pub(super) enum Keys {
    Any,
    These(Vec<String>),
}

impl ServiceOptions {
    /// How long an extraction takes by default: 2 s, so that clients see one in progress.
    pub const DEFAULT_PACE: Duration = Duration::from_secs(2);

    /// How long the data of a finished extraction is kept: 48 h, as the vendor says.
    pub const DEFAULT_RETENTION: Duration = Duration::from_hours(48);

    /// The largest body of a request by default: 100 MiB, enough for documents of 75 MiB.
    pub const DEFAULT_BODY_LIMIT: usize = 100 * 1024 * 1024;

    /// The default options.
    pub fn new() -> Self {
        let document_types = DocumentType::built_in()
            .into_iter()
            .map(|built_in| (built_in.name().to_owned(), built_in));
        Self {
            pace: Pace::fixed(Self::DEFAULT_PACE),
            workers: None,
            lag: Duration::ZERO,
            retention: Self::DEFAULT_RETENTION,
            body_limit: Self::DEFAULT_BODY_LIMIT,
            seed: 0,
            keys: Keys::Any,
            document_types: document_types.collect(),
            choices: Choices::default(),
            queue: QueueOptions::default(),
            rate_limit: None,
            webhook: None,
            faults: Faults::default(),
        }
    }

    /// Sets how long an extraction takes, fixed or random; zero means that the first poll finds it
    /// finished.
    #[must_use]
    pub fn with_pace(mut self, pace: impl Into<Pace>) -> Self {
        self.pace = pace.into();
        self
    }

    /// Works on at most this many documents at once, in the order of their submits; further ones
    /// wait, which adds to the [`Pace`]. Zero counts as one.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Lets polls see everything this much later than the queue and the webhook do, like a replica
    /// that lags: an id is unknown at first, and in progress for a while after it has finished.
    #[must_use]
    pub fn with_lag(mut self, lag: Duration) -> Self {
        self.lag = lag;
        self
    }

    /// Sets how long after it has finished the data of an extraction is deleted and its status
    /// becomes `EXPIRED`.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Accepts only this key and others added in the same way. By default, any key is accepted that
    /// is not empty.
    ///
    /// Works with and without the word `Token` before it, as the dashboard shows both. An empty key
    /// is never accepted.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        let key = key.trim();
        let key = key
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("token"))
            .map_or(key, |(_, key)| key.trim());
        match &mut self.keys {
            Keys::These(keys) => keys.push(key.to_owned()),
            Keys::Any => self.keys = Keys::These(vec![key.to_owned()]),
        }
        self
    }

    /// Sets the largest body of a request, in bytes; larger ones are refused with 413.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Adds a document type; it replaces one with the same name. Those of
    /// [`DocumentType::built_in`] exist by default.
    #[must_use]
    pub fn with_document_type(mut self, document_type: DocumentType) -> Self {
        self.document_types
            .insert(document_type.name().to_owned(), document_type);
        self
    }

    /// Sets the seed of ids and of everything random: the same seed, requests and times give the
    /// same responses.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets whether reading a result removes its id from the queue.
    #[must_use]
    pub fn with_queue_after_reading(mut self, choice: QueueAfterReading) -> Self {
        self.choices.queue_after_reading = choice;
        self
    }

    /// Sets the response to a poll of an unknown id.
    #[must_use]
    pub fn with_unknown_id(mut self, choice: UnknownId) -> Self {
        self.choices.unknown_id = choice;
        self
    }

    /// Sets what the property `error` is when there is none.
    #[must_use]
    pub fn with_no_error(mut self, choice: NoError) -> Self {
        self.choices.no_error = choice;
        self
    }

    /// Sets how confidence scores are written.
    #[must_use]
    pub fn with_confidence_form(mut self, choice: ConfidenceForm) -> Self {
        self.choices.confidence_form = choice;
        self
    }

    /// Sets how a field is written that is not on the document.
    #[must_use]
    pub fn with_missing_field(mut self, choice: MissingField) -> Self {
        self.choices.missing_field = choice;
        self
    }

    /// Sets the HTTP status of the response to a submit.
    #[must_use]
    pub fn with_submit_status(mut self, choice: SubmitStatus) -> Self {
        self.choices.submit_status = choice;
        self
    }

    /// Sets how `Retry-After` is written.
    #[must_use]
    pub fn with_retry_after_form(mut self, choice: RetryAfterForm) -> Self {
        self.choices.retry_after_form = choice;
        self
    }

    /// Sets how the queue of finished extractions behaves.
    #[must_use]
    pub fn with_queue(mut self, options: QueueOptions) -> Self {
        self.queue = options;
        self
    }

    /// Refuses requests above this limit.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Posts a message about each extraction that has finished.
    #[must_use]
    pub fn with_webhook(mut self, options: WebhookOptions) -> Self {
        self.webhook = Some(options);
        self
    }

    /// Makes exchanges fail at random.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Keys {
    pub(super) fn accept(&self, key: &str) -> bool {
        match self {
            Self::Any => !key.is_empty(),
            Self::These(keys) => !key.is_empty() && keys.iter().any(|accepted| accepted == key),
        }
    }
}

impl fmt::Debug for ServiceOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceOptions")
            .field("pace", &self.pace)
            .field("retention", &self.retention)
            .field("body_limit", &self.body_limit)
            .field("seed", &self.seed)
            .field("document_types", &self.document_types.keys())
            .field("choices", &self.choices)
            .field("workers", &self.workers)
            .field("lag", &self.lag)
            .field("queue", &self.queue)
            .field("rate_limit", &self.rate_limit)
            .field("webhook", &self.webhook)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
