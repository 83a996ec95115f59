//! Results for programs: one line of JSON each.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use typless::machine::Ticket;

use super::review::{self, Weak};
use super::{Outcome, Problem, Report};

/// `{"index", "file", "extraction_id", "status", "result" | "error", "review"}` on one line; the result is the service's own JSON, and the review is there where a confidence was asked for, the index where the document has a place in the call.
pub(super) fn line(report: &Report, floor: Option<f64>) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<usize>,
        file: &'a str,
        extraction_id: Option<&'a str>,
        status: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Error<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        review: Option<Vec<Weak<'a>>>,
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
            floor.map(|floor| review::weak(extraction, floor)),
        ),
        Outcome::Unfinished(_) => (None, None, None),
        Outcome::Failed(problem) => (None, Some(Error::of(problem)), None),
    };
    // Texts and JSON always serialise.
    serde_json::to_string(&Line {
        index: report.index,
        file: &report.file,
        extraction_id,
        status,
        result,
        error,
        review,
    })
    .unwrap_or_default()
}

/// What went wrong: the service's own words where it had any, else ours, and the ticket to go on with.
#[derive(Serialize)]
struct Error<'a> {
    code: Option<&'a str>,
    message: &'a str,
    details: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a Ticket>,
}

impl<'a> Error<'a> {
    fn of(problem: &'a Problem) -> Self {
        let said = problem.said.as_ref();
        Self {
            code: said.and_then(|said| said.code()),
            message: said
                .and_then(|said| said.message())
                .unwrap_or(&problem.sentence),
            details: said.and_then(|said| said.details()).and_then(raw),
            ticket: problem.ticket.as_ref(),
        }
    }
}

/// The service's JSON on one line. Line ends stand only between tokens, where a blank means the same; in strings JSON escapes them.
fn raw(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.replace(['\n', '\r'], " ")).ok()
}
