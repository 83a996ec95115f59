//! What may happen to polls that are not the last.

use super::{Script, interrupted, not_sent, slow_down};
use crate::support::{ID, accepted, in_progress, response, success};

pub(super) fn scripts() -> Vec<Script> {
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
