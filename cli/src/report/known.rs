//! Why a document that is known from an earlier call has no result now.

use typless::machine::{JobError, Ticket, Time};
use typless_ledger::{EntryKey, RefusedReason, Standing};

use super::Problem;
use crate::clock_time::date_and_time;

impl Problem {
    /// It succeeded or expired, and its result is deleted.
    pub(crate) fn gone(submitted_at: Option<Time>) -> Self {
        Self::document_failed(
            "EXPIRED",
            "expired",
            format!(
                "it was submitted before{}, and the service has deleted the result",
                on(submitted_at)
            ),
            "--again submits it again, which is billed again; --keep-results keeps results",
        )
    }

    /// The service could not process it.
    pub(crate) fn failed_before(error: Option<&JobError>) -> Self {
        let problem = match error {
            Some(error) => Self::from_job_error(error),
            None => Self::failed(None),
        };
        Self {
            advice: "fix the document; --retry-failed submits it again as it is, which is billed \
                     again"
                .into(),
            ..problem
        }
    }

    /// The service does not know its id.
    pub(crate) fn lost(ticket: Option<Ticket>, submitted_at: Option<Time>) -> Self {
        Self {
            ticket,
            ..Self::document_failed(
                "NOT_FOUND",
                "not_found",
                format!(
                    "it was submitted before{}, and the service does not know its id",
                    on(submitted_at)
                ),
                "check the key and the base URL; --again submits it again, which is billed again",
            )
        }
    }

    /// It is not known whether it was submitted.
    pub(crate) fn unknown_before(key: &EntryKey, submitted_at: Option<Time>) -> Self {
        let at = on(submitted_at);
        let problem = Self::document_failed(
            "SUBMIT_UNKNOWN",
            "submit_unknown",
            format!("it is unknown whether it was submitted{at} by an earlier call"),
            "",
        );
        Self {
            advice: format!(
                "check with the service whether it arrived; then `typless ledger adopt {key} ID`, \
                 or `typless ledger retry {key}` if it did not"
            )
            .into(),
            ..problem
        }
    }

    /// It was submitted with another API key.
    pub(crate) fn other_key(submitted_at: Option<Time>) -> Self {
        Self::document_failed(
            "OTHER_KEY",
            "other_key",
            format!(
                "it was submitted before{} with another API key, and is not submitted again",
                on(submitted_at)
            ),
            "use that key; --same-account takes it over if both are of one account; --again \
             submits it again, which is billed again",
        )
    }

    /// Another process is submitting it.
    pub(crate) fn under_way() -> Self {
        Self::document_failed(
            "IN_PROGRESS",
            "under_way",
            "another process is submitting it".to_owned(),
            "run this again later",
        )
    }

    /// Its entry is damaged.
    pub(crate) fn damaged(key: &EntryKey) -> Self {
        Self {
            advice: format!(
                "check with the service whether it was submitted; then `typless ledger forget \
                 {key}` lets it be submitted"
            )
            .into(),
            ..Self::document_failed(
                "DAMAGED",
                "damaged",
                "its entry in the ledger is damaged".to_owned(),
                "",
            )
        }
    }

    /// Another process was first, or something else is known of it by now.
    pub(crate) fn refused_by_ledger(reason: RefusedReason) -> Self {
        match reason {
            RefusedReason::Known(Standing::Followed) => Self::under_way(),
            reason => Self::document_failed(
                "NOT_SUBMITTED",
                "known",
                format!("it was not submitted: {reason}"),
                "run this again",
            ),
        }
    }
}

/// ` on` and the day, if it is known.
fn on(submitted_at: Option<Time>) -> String {
    submitted_at.map_or_else(String::new, |at| format!(" on {}", date_and_time(at)))
}
