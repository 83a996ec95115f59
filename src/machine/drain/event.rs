//! The events of a drain.

use serde::{Deserialize, Serialize};

use super::super::cause::Cause;
use super::super::pause::{Pause, PauseReason};
use super::super::stored;
use super::super::time::Time;
use super::error::DrainError;
use crate::wire::{Extraction, ExtractionId};

/// An event of a drain, in order. `FetchDue` is emitted *before* its request is sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DrainEvent {
    /// The event's number: grows by one with each event of the drain.
    pub sequence: u64,
    /// What happened.
    pub kind: DrainEventKind,
}

impl DrainEvent {
    /// Whether something must be stored at this event, before the loop goes on: that a result is
    /// about to be fetched, the result or why there is none, and what is set aside.
    pub fn must_be_stored(&self) -> bool {
        matches!(
            self.kind,
            DrainEventKind::FetchDue { .. }
                | DrainEventKind::Extracted { .. }
                | DrainEventKind::SetAside { .. }
        )
    }
}

/// What happened while a queue is drained. [`Drain`](super::Drain) shows how the events follow each
/// other.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrainEventKind {
    /// A listing was received.
    ListingReceived {
        /// How many ids were listed, each counted once.
        listed: usize,
        /// How many of them are new.
        new: usize,
    },
    /// The listing failed.
    ListingFailed {
        /// Why.
        cause: Cause,
        /// When it will be retried; `None` if the drain stops: it is done after what is in flight.
        retry_at: Option<Time>,
    },
    /// A result is about to be fetched. It is not documented whether that removes it from the
    /// service's list. To lose none, store this event, and after a crash pass the ids that were not
    /// acknowledged to [`Drain::retry`](super::Drain::retry).
    FetchDue {
        /// The extraction.
        extraction_id: ExtractionId,
        /// The number of the attempt, from 1.
        attempt: u16,
    },
    /// The extraction's result, or why it has none. It is delivered again unless it is
    /// [acknowledged](super::Drain::acknowledge).
    Extracted {
        /// The extraction.
        extraction_id: ExtractionId,
        /// How often this drain has delivered it, from 1.
        delivery: u16,
        /// The result.
        #[serde(with = "stored::outcome")]
        extraction: Result<Extraction, DrainError>,
    },
    /// The fetch failed, and will be retried.
    FetchFailed {
        /// The extraction.
        extraction_id: ExtractionId,
        /// Why.
        reason: DrainError,
        /// When the next attempt is due.
        retry_at: Time,
    },
    /// The fetch failed too often, or permanently: the extraction is not fetched any more while the
    /// service lists it, except by [`Drain::retry`](super::Drain::retry). Emitted once.
    SetAside {
        /// The extraction.
        extraction_id: ExtractionId,
        /// Why the last attempt failed.
        reason: DrainError,
        /// How many attempts were made.
        attempts: u16,
    },
    /// Less is sent than could be, or nothing: why, since when, until when. Ids are not charged for
    /// it.
    Paused(Pause),
    /// A pause is over.
    Resumed {
        /// Why it was.
        reason: PauseReason,
        /// Since when.
        since: Time,
    },
    /// The customer's list was always empty, and the list of all customers is not. The service
    /// returns an empty list for a customer that it does not know (vendor's guide): perhaps the
    /// name is spelled differently in the submits. Or the customer's documents have not finished.
    CustomerSuspected {
        /// How many extractions of all customers are listed; `None` if the list is longer than the
        /// limit.
        listed: Option<usize>,
    },
}
