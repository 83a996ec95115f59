//! How the service is to behave.

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

/// How the service is to behave. The default is a healthy service that takes any key and needs two seconds for a document.
///
/// Where the vendor leaves something open, the default is the most plausible reading, and the others can be chosen, so that a client can be tried against each:
/// [`QueueAfterReading`], [`UnknownId`], [`NoError`], [`ConfidenceForm`], [`MissingField`], [`SubmitStatus`], [`RetryAfterForm`].
///
/// What services do on bad days can be asked for: [`Pace`] and [`with_workers`](Self::with_workers) make it slow, [`RateLimit`] strict, [`QueueOptions`] and [`with_lag`](Self::with_lag) forgetful,
/// [`WebhookOptions`] talkative, and [`Faults`] unreliable. All of it follows from the seed, the requests and the times.
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
    /// How long an extraction takes unless told otherwise: 2 s, so that clients see one in progress.
    pub const DEFAULT_PACE: Duration = Duration::from_secs(2);

    /// How long the data of a finished extraction is kept: 48 h, as the vendor says.
    pub const DEFAULT_RETENTION: Duration = Duration::from_hours(48);

    /// The most bytes of a request's body unless told otherwise: 100 MiB, which takes documents up to 75 MiB.
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

    /// Sets how long an extraction takes, always or by chance; zero means that the first poll finds it finished.
    #[must_use]
    pub fn with_pace(mut self, pace: impl Into<Pace>) -> Self {
        self.pace = pace.into();
        self
    }

    /// Works on at most this many documents at once, in the order of their submits; further ones wait for their turn, which adds to what [`Pace`] says. Zero counts as one.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Lets polls see everything this much later than the queue and the webhook do: an id is unknown at first, and in progress for a while after it has finished, as from
    /// a copy of the database that lags behind.
    #[must_use]
    pub fn with_lag(mut self, lag: Duration) -> Self {
        self.lag = lag;
        self
    }

    /// Sets how long after it has finished the data of an extraction is deleted and its status becomes `EXPIRED`.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Accepts this key and others given in this way, and no more. Without it, any key is accepted that is not empty.
    ///
    /// Works with and without the word `Token` before it, as the dashboard shows both. An empty key is never accepted.
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

    /// Sets the most bytes of a request's body; larger ones are refused with 413.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Adds a document type, in place of one of the same name. Those of [`DocumentType::built_in`] are there already.
    #[must_use]
    pub fn with_document_type(mut self, document_type: DocumentType) -> Self {
        self.document_types
            .insert(document_type.name().to_owned(), document_type);
        self
    }

    /// Sets the seed that ids are made from and everything that happens by chance: the same seed, requests and times give the same answers.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets whether reading a result takes its id off the queue.
    #[must_use]
    pub fn with_queue_after_reading(mut self, choice: QueueAfterReading) -> Self {
        self.choices.queue_after_reading = choice;
        self
    }

    /// Sets how a poll an unknown id is answered.
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

    /// Sets the HTTP status with which a submit is answered.
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

    /// Sets how the poll queue behaves.
    #[must_use]
    pub fn with_queue(mut self, options: QueueOptions) -> Self {
        self.queue = options;
        self
    }

    /// Answers no more requests than this.
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

    /// Lets exchanges fail by chance.
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
