//! The outcomes of the last poll.

use super::{Script, failure, interrupted, slow_down};
use crate::support::{accepted, expired, failed, in_progress, response, success};
use typless::machine::FailureKind;

pub(super) fn scripts() -> Vec<Script> {
    let no_result = r#"{"error": {}, "result": {}, "status": "SUCCESS"}"#;
    let bad_page = concat!(
        r#"{"error": {}, "result": {"extracted_fields": [{"name": "total", "#,
        r#""values": [{"page_number": "one"}]}]}, "status": "SUCCESS"}"#
    );
    let unexplained = r#"{"error": {}, "result": {}, "status": "ERROR"}"#;
    let unknown = || Ok(response(404, r#"{"detail": "Not found."}"#));
    vec![
        Script::new(
            "succeeded",
            "Submitted, twice in progress, and finished.",
            [
                Ok(accepted()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(success()),
            ],
        ),
        Script::new(
            "failed",
            "The service could not read the document, and says why.",
            [Ok(accepted()), Ok(failed())],
        ),
        Script::new(
            "failed-without-an-explanation",
            "It does not say why.",
            [Ok(accepted()), Ok(response(200, unexplained))],
        ),
        Script::new(
            "expired",
            "Resumed after two days: the data is deleted.",
            [Ok(expired())],
        ),
        Script::new(
            "not-found",
            "Resumed, and the service does not know it.",
            [unknown()],
        ),
        Script::new(
            "not-found-after-a-while",
            "A new id stays unknown.",
            [Ok(accepted()), unknown(), unknown(), unknown()],
        ),
        Script::new(
            "refused-poll",
            "The key is refused midway; with the ticket it can be resumed.",
            [
                Ok(accepted()),
                Ok(in_progress()),
                Ok(response(401, r#"{"detail": "Invalid token."}"#)),
            ],
        ),
        Script::new(
            "too-large",
            "The result is larger than the limit.",
            [
                Ok(accepted()),
                failure(FailureKind::TooLarge, "more than 33554432 bytes"),
            ],
        ),
        Script::new(
            "unreadable-without-a-result",
            "Finished, and without a result.",
            [Ok(accepted()), Ok(response(200, no_result))],
        ),
        Script::new(
            "unreadable",
            "Finished, and the result has a value of the wrong type.",
            [Ok(accepted()), Ok(response(200, bad_page))],
        ),
        Script::new(
            "deadline",
            "In progress to the deadline, with one last poll.",
            [
                Ok(accepted()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(in_progress()),
            ],
        ),
        Script::new(
            "deadline-after-a-failed-poll",
            "The last poll fails, and its cause is reported.",
            [Ok(accepted()), interrupted()],
        )
        .slipping(1, 60.0),
        Script::new(
            "deadline-by-a-hint",
            "A hint past the deadline: it finishes at once, with the hint.",
            [Ok(accepted()), slow_down("600")],
        ),
    ]
}
