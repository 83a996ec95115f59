//! The events of a drain.

use super::super::cause::Cause;
use super::super::time::Time;
use super::error::DrainError;
use crate::wire::{Extraction, ExtractionId, ServiceError};

/// An event of a drain, in order. `FetchDue` is emitted *before* its request is sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct DrainEvent {
    /// The event's number: grows by one with each event of the drain.
    pub sequence: u64,
    /// What happened.
    pub kind: DrainEventKind,
}

/// What happened while a queue is drained. [`Drain`](super::Drain) shows how the events follow each
/// other.
#[derive(Debug)]
#[non_exhaustive]
pub enum DrainEventKind {
    /// A listing was received.
    Listed {
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
    /// The service asked for a pause (429, `Retry-After`), or eight fetches in a row failed, so
    /// that it is probably down: nothing is sent before this time. Ids are not charged an attempt
    /// for it.
    Paused {
        /// The earliest end of the pause.
        until: Time,
        /// Why.
        cause: Cause,
    },
    /// The service refused the key (401 or 403): nothing is sent until
    /// [`Drain::set_key`](super::Drain::set_key) is called. Emitted once for each key.
    KeyRefused {
        /// The service's explanation.
        error: ServiceError,
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
