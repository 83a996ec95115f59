//! What happens to the job of each transcript in `tests/transcripts`: the replies of a service, and
//! what the application does.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use typless::machine::{Failure, FailureKind, Time};

use crate::support::{
    ID, accepted, expired, failed, in_progress, response, response_with, success,
};

/// What happens to one job.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// What it shows, for the reader.
    pub(crate) about: &'static str,
    /// The reply to each request, and how many seconds it takes: negative if the clock is set back
    /// meanwhile.
    pub(crate) replies: Vec<(f64, Reply)>,
    /// What the application does at an event, by the number of the event from 1; or, with number 0,
    /// when the job needs input.
    pub(crate) inputs: Vec<(usize, String)>,
    /// By how many seconds the wait of this number, from 1, is too long; negative if it is too
    /// short.
    pub(crate) slips: Vec<(usize, f64)>,
}

pub(crate) type Reply = Result<Response<Bytes>, Failure>;

impl Script {
    fn new<const N: usize>(name: &'static str, about: &'static str, replies: [Reply; N]) -> Self {
        // Each response takes a quarter of a second.
        Self {
            name,
            about,
            replies: replies.into_iter().map(|reply| (0.25, reply)).collect(),
            inputs: Vec::new(),
            slips: Vec::new(),
        }
    }

    fn on(mut self, event: usize, input: impl Into<String>) -> Self {
        self.inputs.push((event, input.into()));
        self
    }

    fn slipping(mut self, wait: usize, by: f64) -> Self {
        self.slips.push((wait, by));
        self
    }

    fn taking(mut self, exchange: usize, seconds: f64) -> Self {
        self.replies[exchange - 1].0 = seconds;
        self
    }
}

fn failure(kind: FailureKind, cause: &str) -> Reply {
    Err(Failure::new(kind, cause))
}

fn not_sent() -> Reply {
    failure(FailureKind::NotSent, "connection refused")
}

fn interrupted() -> Reply {
    failure(FailureKind::Interrupted, "connection reset by peer")
}

fn slow_down(seconds: &str) -> Reply {
    Ok(response_with(
        429,
        ("retry-after", seconds),
        r#"{"code": "THROTTLED", "message": "slow down", "details": {}}"#,
    ))
}

/// The script of every transcript.
pub(crate) fn scripts() -> Vec<Script> {
    [submits(), polls(), outcomes(), others()]
        .into_iter()
        .flatten()
        .collect()
}

/// What may happen to a submit.
fn submits() -> Vec<Script> {
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
                302,
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

/// What may happen to polls that are not the last.
fn polls() -> Vec<Script> {
    let cut_off = r#"{"error": {}, "result": {"object_id": "1cb2"}, "status": "SUCC"#;
    let paused = |status: &str| {
        Ok(response(
            200,
            &format!(r#"{{"error": {{}}, "result": {{}}, "status": {status}}}"#),
        ))
    };
    vec![
        Script::new(
            "failed-polls",
            "A failed poll changes nothing about the job.",
            [
                Ok(accepted()),
                interrupted(),
                Ok(response(500, "<html>\n")),
                Ok(response(200, cut_off)),
                not_sent(),
                Ok(success()),
            ],
        ),
        Script::new(
            "throttled-polls",
            "The hint is a minimum, and the job ages meanwhile.",
            [
                Ok(accepted()),
                slow_down("100"),
                Ok(in_progress()),
                slow_down("0"),
                Ok(success()),
            ],
        ),
        Script::new(
            "not-found-yet",
            "A new id may be unknown for a while.",
            [
                Ok(accepted()),
                Ok(response(404, r#"{"detail": "Not found."}"#)),
                Ok(success()),
            ],
        ),
        Script::new(
            "unknown-statuses",
            "An unknown status is reported, and means in progress.",
            [
                Ok(accepted()),
                paused(r#""PAUSED""#),
                paused("null"),
                paused("7"),
                Ok(success()),
            ],
        ),
        Script::new(
            "notified",
            "A webhook brings the next poll forward, but not closer than a second to the last one.",
            [Ok(accepted()), Ok(in_progress()), Ok(success())],
        )
        .on(2, notify(ID))
        .on(4, notify(ID)),
        Script::new(
            "notified-about-others",
            "Webhooks about other extractions change nothing.",
            [Ok(accepted()), Ok(success())],
        )
        .on(2, notify("another")),
        Script::new(
            "notified-early",
            "A webhook before the response to the submit brings the first poll forward.",
            [Ok(accepted()), Ok(in_progress()), Ok(success())],
        )
        .on(1, notify(ID)),
        Script::new(
            "eager",
            "The policy for a person who waits.",
            [
                Ok(accepted()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(success()),
            ],
        ),
        Script::new(
            "frugal",
            "The policy for results without urgency, with custom gaps.",
            [
                Ok(accepted()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(success()),
            ],
        ),
        Script::new(
            "text-blocks",
            "Text blocks are requested every time, and the result may have a megabyte.",
            [Ok(accepted()), Ok(success())],
        ),
    ]
}

fn notify(id: &str) -> String {
    format!("notification {id}")
}

/// The outcomes of the last poll.
fn outcomes() -> Vec<Script> {
    let no_result = r#"{"error": {}, "result": {}, "status": "SUCCESS"}"#;
    let bad_page = r#"{"error": {}, "result": {"extracted_fields": [{"name": "total", "values": [{"page_number": "one"}]}]}, "status": "SUCCESS"}"#;
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

/// What else may happen to a job.
fn others() -> Vec<Script> {
    let (hour, day) = (3600.0, 86_400.0);
    vec![
        Script::new(
            "abandoned-before-the-submit",
            "Abandoned when the submit was announced: it was never sent.",
            [],
        )
        .on(1, "abandon"),
        Script::new(
            "abandoned-between-attempts",
            "Abandoned while it waits for the next attempt.",
            [not_sent()],
        )
        .on(2, "abandon"),
        Script::new(
            "abandoned-with-a-ticket",
            "Abandoned after the submit: it can be resumed.",
            [Ok(accepted())],
        )
        .on(2, "abandon"),
        Script::new(
            "abandoned-before-a-poll",
            "Abandoned when a poll was due.",
            [Ok(accepted()), Ok(in_progress())],
        )
        .on(5, "abandon"),
        Script::new(
            "resumed",
            "A ticket is resumed: polled at once, and then by its age.",
            [Ok(in_progress()), Ok(success())],
        ),
        Script::new(
            "resumed-past-its-deadline",
            "One last poll, which brings the result.",
            [Ok(success())],
        ),
        Script::new(
            "restored",
            "A snapshot is restored, and the requested pause outlives the process.",
            [Ok(accepted()), Ok(success())],
        ),
        Script::new(
            "submit-unknown-restarted",
            "A snapshot of a job during its submit: the outcome is unknown.",
            [],
        ),
        Script::new(
            "clock-put-forward",
            "Asleep for a day: one poll is due.",
            [
                Ok(accepted()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(success()),
            ],
        )
        .slipping(1, day),
        Script::new(
            "clock-put-back",
            "The clock goes back during a wait and during an exchange: that counts as no time.",
            [
                Ok(accepted()),
                Ok(in_progress()),
                Ok(in_progress()),
                Ok(success()),
            ],
        )
        .slipping(1, -hour)
        .taking(3, -hour),
        Script::new(
            "slow-exchanges",
            "Each exchange takes most of its limit.",
            [Ok(accepted()), Ok(in_progress()), Ok(success())],
        )
        .taking(1, 50.0)
        .taking(2, 59.0)
        .taking(3, 59.0),
    ]
}

/// The time this many seconds later, or earlier.
pub(crate) fn moved(time: Time, seconds: f64) -> Time {
    let by = Duration::from_secs_f64(seconds.abs());
    if seconds < 0.0 {
        Time::from_unix(time.since_epoch().saturating_sub(by))
    } else {
        time + by
    }
}
