//! What else may happen to a job.

use super::{Script, not_sent};
use crate::support::{accepted, in_progress, success};

pub(super) fn scripts() -> Vec<Script> {
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
            "A ticket is resumed: polled at once, and then as one that is submitted now.",
            [Ok(in_progress()), Ok(success())],
        ),
        Script::new(
            "resumed-past-its-deadline",
            "Past its deadline, it is followed as long again.",
            [Ok(in_progress()), Ok(success())],
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
