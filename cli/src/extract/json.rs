//! Results for programs: one line of JSON each.

use serde::Serialize;
use serde_json::value::RawValue;
use typless::machine::{JobError, Ticket};

use super::Report;

/// `{"file", "extraction_id", "status", "result" | "error"}` on one line; the result is the service's own JSON.
pub(super) fn line(report: &Report) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        file: &'a str,
        extraction_id: Option<&'a str>,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Error<'a>>,
    }
    let result = report.outcome.as_ref().ok().and_then(|extraction| raw(extraction.raw_json()));
    let line = Line {
        file: &report.file,
        extraction_id: report.extraction_id.as_ref().map(typless::wire::ExtractionId::as_str),
        status: report.outcome.as_ref().map_or_else(status, |_| "SUCCESS"),
        result,
        error: report.outcome.as_ref().err().map(Error::of),
    };
    // Texts and JSON always serialise.
    serde_json::to_string(&line).unwrap_or_default()
}

/// What went wrong: the service's own words where it had any, else ours, and the ticket to go on with.
#[derive(Serialize)]
struct Error<'a> {
    code: Option<&'a str>,
    message: String,
    details: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a Ticket>,
}

impl<'a> Error<'a> {
    fn of(error: &'a JobError) -> Self {
        let said = error.service_error();
        Self {
            code: said.and_then(|said| said.code()),
            message: said.and_then(|said| said.message()).map_or_else(|| error.to_string(), str::to_owned),
            details: said.and_then(|said| said.details()).and_then(raw),
            ticket: error.ticket(),
        }
    }
}

/// The service's JSON on one line. Line ends stand only between tokens, where a blank means the same; in strings JSON escapes them.
fn raw(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.replace(['\n', '\r'], " ")).ok()
}

/// The service's status, or for an end that is ours its name in the same style.
fn status(error: &JobError) -> &'static str {
    match error {
        JobError::Failed { .. } => "ERROR",
        JobError::Expired { .. } => "EXPIRED",
        JobError::NotFound { .. } => "NOT_FOUND",
        JobError::Refused { .. } => "REFUSED",
        JobError::TooLarge { .. } => "TOO_LARGE",
        JobError::Unreadable { .. } => "UNREADABLE",
        JobError::Deadline { .. } => "DEADLINE",
        JobError::Exhausted { .. } => "NOT_SUBMITTED",
        JobError::SubmitUnknown { .. } => "SUBMIT_UNKNOWN",
        JobError::SourceFailed { .. } => "SOURCE_FAILED",
        _ => "ABANDONED",
    }
}
