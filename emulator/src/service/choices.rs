//! What the vendor leaves open, each as a choice: a client should get along with all of them.

/// Whether reading the result of an extraction takes its id off the queue. Not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum QueueAfterReading {
    /// It is off the queue once a poll has found it finished: a third party calls the list that of results "waiting to be polled".
    #[default]
    Removed,
    /// It stays on the queue until it expires.
    Kept,
}

/// How a poll an unknown id is answered. Not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnknownId {
    /// 404, in the standard error format.
    #[default]
    NotFound,
    /// 400, in the standard error format.
    BadRequest,
    /// 200 with the status `ERROR`: the vendor's guide says that a poll is always answered successfully.
    Error,
    /// 200 with the status `EXPIRED`, as if the id had been forgotten.
    Expired,
}

/// What the property `error` of a poll's answer is when there is none. Not documented.
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
    /// As numbers: `0.968`, as on the schema page and in captured answers.
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

/// The HTTP status with which a submit is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SubmitStatus {
    /// 202, as the vendor documents it.
    #[default]
    Accepted,
    /// 200, as gateways in between make of it.
    Ok,
}

/// How `Retry-After` is written. That the vendor sends it is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RetryAfterForm {
    /// As seconds.
    #[default]
    Seconds,
    /// As a date; the answer has a `Date` of its own beside it.
    Date,
    /// There is no such header.
    None,
}

/// All of them.
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
