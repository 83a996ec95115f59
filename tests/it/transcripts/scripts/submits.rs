//! What may happen to a submit.

use super::{Script, failure, interrupted, not_sent, slow_down};
use crate::support::{accepted, response, response_with, success};
use bytes::Bytes;
use http::Response;
use typless::machine::FailureKind;

pub(super) fn scripts() -> Vec<Script> {
    let (html, mistyped) = (
        "<html>\n<h1>502 Bad Gateway</h1>\n</html>",
        r#"{"code": 12, "message": "no such document type: \"invoce\""}"#,
    );
    let locked = || Ok(response(503, r#"{"message": "starting"}"#));
    let late = "Wed, 15 Nov 2023 00:00:00 GMT";
    vec![
        Script::new(
            "retried",
            "It is not sent, then not received: certainly not processed, so it is sent again.",
            [
                not_sent(),
                Ok(response(408, "")),
                Ok(accepted()),
                Ok(success()),
            ],
        ),
        Script::new(
            "throttled-submit",
            "Throttled with a hint, without one, and with an unreadable one, which is ignored.",
            [
                slow_down("30"),
                Ok(response(429, "")),
                slow_down("soon"),
                Ok(accepted()),
                Ok(success()),
            ],
        ),
        Script::new(
            "refused-submit",
            "A wrong document type: refused and not retried.",
            [Ok(response(422, mistyped))],
        ),
        Script::new(
            "redirected-submit",
            "A redirect is refused, and nothing is sent to its location.",
            [Ok(response_with(
                307,
                ("location", "https://elsewhere.example/"),
                "",
            ))],
        ),
        Script::new(
            "exhausted",
            "Not sent, until the attempts are used up.",
            [not_sent(), not_sent(), not_sent()],
        ),
        Script::new(
            "exhausted-by-a-hint",
            "A hint past the deadline: it finishes at once.",
            [slow_down("3600")],
        ),
        Script::new(
            "submit-unknown-interrupted",
            "The connection breaks in the middle: it may be billed, so it is not sent again.",
            [interrupted()],
        ),
        Script::new(
            "submit-unknown-bad-gateway",
            "A proxy may have passed it on.",
            [Ok(response(502, html))],
        ),
        Script::new(
            "submit-unknown-without-an-id",
            "Accepted, and the id is missing.",
            [Ok(response(202, "{}"))],
        ),
        Script::new(
            "submit-unknown-response-too-large",
            "A response over the limit is still a response.",
            [failure(FailureKind::TooLarge, "more than 33554432 bytes")],
        ),
        Script::new(
            "submit-unknown-twice",
            "One resubmission is allowed, and its outcome is unknown too.",
            [interrupted(), interrupted()],
        ),
        Script::new(
            "resubmitted",
            "One resubmission is allowed: it may be billed twice, and is followed.",
            [interrupted(), Ok(accepted()), Ok(success())],
        ),
        Script::new(
            "overloaded",
            "With `trusting_overload`, 503 means that nothing was processed.",
            [locked(), locked(), Ok(accepted()), Ok(success())],
        ),
        Script::new(
            "source-failed",
            "The file changed while it was sent.",
            [failure(
                FailureKind::Source,
                "the document yielded 12 bytes of 24",
            )],
        ),
        Script::new(
            "hinted-acceptance",
            "Accepted, with a date before which not to poll.",
            [Ok(hinted(accepted(), late)), Ok(success())],
        ),
        Script::new(
            "key-replaced",
            "The key is replaced between two attempts; no line shows it.",
            [not_sent(), Ok(accepted()), Ok(success())],
        )
        .on(2, "set_key"),
        Script::new(
            "confirmed",
            "Each submit waits until its event is confirmed.",
            [not_sent(), Ok(accepted()), Ok(success())],
        )
        .on(1, "confirm 100")
        .on(0, "confirm 102"),
    ]
}

/// A response with the date of `START` that asks to wait until a date.
fn hinted(mut response: Response<Bytes>, until: &str) -> Response<Bytes> {
    let headers = response.headers_mut();
    headers.insert("retry-after", until.parse().unwrap());
    headers.insert("date", "Tue, 14 Nov 2023 22:13:20 GMT".parse().unwrap());
    response
}
