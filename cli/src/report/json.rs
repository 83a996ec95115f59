//! Results for programs: one line of JSON each.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use typless::machine::Ticket;
use typless_ledger::EntryKey;

use super::review::{self, LowConfidence};
use super::{Outcome, Problem, Report};

/// Renders `{"index", "file", "key", "extraction_id", "status", "result" | "error", "review"}` on
/// one line. The result is the service's own JSON. The index is there if the document has a
/// position on the command line, the key if there is a ledger, the review if a minimum confidence
/// was given. An error with `raw_base64` has the bytes of a response that can't be read.
pub(super) fn line(report: &Report, min_confidence: Option<f64>) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<usize>,
        file: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<EntryKey>,
        extraction_id: Option<&'a str>,
        status: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Error<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        review: Option<Vec<LowConfidence<'a>>>,
    }
    let extraction_id = report
        .extraction_id
        .as_ref()
        .map(typless::wire::ExtractionId::as_str);
    let status = report.status();
    let (result, error, review) = match &report.outcome {
        Outcome::Success(extraction) => (
            raw(extraction.raw_json()),
            None,
            min_confidence.map(|min_confidence| review::low_confidence(extraction, min_confidence)),
        ),
        Outcome::Pending(_) => (None, None, None),
        Outcome::Failed(problem) => (None, Some(Error::from_problem(problem)), None),
    };
    // Strings and raw JSON always serialize.
    serde_json::to_string(&Line {
        index: report.index,
        file: &report.file,
        key: report.key,
        extraction_id,
        status,
        result,
        error,
        review,
    })
    .unwrap_or_default()
}

/// The error: its code as the library has it, the service's own code, the service's message where
/// it gave one, else ours, and the ticket to resume.
#[derive(Serialize)]
struct Error<'a> {
    code: &'static str,
    service_code: Option<&'a str>,
    message: &'a str,
    details: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a Ticket>,
    /// The response as it came, where it may be a result that can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_base64: Option<String>,
}

impl<'a> Error<'a> {
    fn from_problem(problem: &'a Problem) -> Self {
        let service_error = problem.service_error.as_ref();
        Self {
            code: problem.code,
            service_code: service_error.and_then(|service_error| service_error.code()),
            message: service_error
                .and_then(|service_error| service_error.message())
                .unwrap_or(&problem.sentence),
            details: service_error
                .and_then(|service_error| service_error.details())
                .and_then(raw),
            ticket: problem.ticket.as_ref(),
            raw_base64: problem.raw.as_ref().map(|raw| STANDARD.encode(raw)),
        }
    }
}

/// The service's JSON on one line. JSON escapes line breaks in strings, so they occur between
/// tokens only, where a space means the same.
fn raw(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.replace(['\n', '\r'], " ")).ok()
}
