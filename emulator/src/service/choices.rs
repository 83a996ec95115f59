//! What the vendor leaves open, each as a choice: a client should work with all of them.

/// Whether reading the result of an extraction takes its id off the queue. Not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum QueueAfterReading {
    /// It is removed once a poll has found it finished: a third party calls this a list of results
    /// "waiting to be polled".
    #[default]
    Removed,
    /// It stays on the queue until it expires.
    Kept,
}

/// The response to a poll of an unknown id. Not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnknownId {
    /// 404, in the standard error format.
    #[default]
    NotFound,
    /// 400, in the standard error format.
    BadRequest,
    /// 200 with the status `ERROR`: the vendor's guide says that a poll always succeeds.
    Error,
    /// 200 with the status `EXPIRED`, as if the id had expired.
    Expired,
}

/// The property `error` in the response to a poll when there is no error. Not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NoError {
    /// `{}`, as an empty result is.
    #[default]
    EmptyObject,
    /// `null`.
    Null,
    /// There is no such property.
    Missing,
    /// `[]`.
    EmptyList,
    /// `""`.
    EmptyText,
}

/// How confidence scores are written; the vendor's pages show both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ConfidenceForm {
    /// As numbers: `0.968`, as on the schema page and in captured responses.
    #[default]
    Number,
    /// As text: `"0.968"`, as in the guide.
    Text,
}

/// How a field is written that is not on the document; clients were seen to expect each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MissingField {
    /// One candidate without a value: `[{"value": null, ..}]`, as the vendor describes it.
    #[default]
    NullValue,
    /// No candidates: `[]`.
    EmptyList,
    /// `null` in place of the candidates.
    Null,
}

/// The HTTP status of the response to a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SubmitStatus {
    /// 202, as the vendor documents it.
    #[default]
    Accepted,
    /// 200, as some gateways change it.
    Ok,
}

/// How `Retry-After` is written. Whether the vendor sends it is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RetryAfterForm {
    /// As seconds.
    #[default]
    Seconds,
    /// As a date; the response then has a `Date` header too.
    Date,
    /// There is no such header.
    None,
}

/// All choices.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Choices {
    pub(super) queue_after_reading: QueueAfterReading,
    pub(super) unknown_id: UnknownId,
    pub(super) no_error: NoError,
    pub(super) confidence_form: ConfidenceForm,
    pub(super) missing_field: MissingField,
    pub(super) submit_status: SubmitStatus,
    pub(super) retry_after_form: RetryAfterForm,
}
