//! What a drain tells its application.

use super::super::cause::Cause;
use super::super::time::Time;
use super::error::DrainError;
use crate::wire::{Extraction, ExtractionId, ServiceError};

/// Something that happened while a queue is drained, in order. Made by [`Drain`](super::Drain), a `FetchDue` *before* the request that it announces leaves.
#[derive(Debug)]
#[non_exhaustive]
pub struct DrainEvent {
    /// The event's number: grows by one with each event of the drain.
    pub sequence: u64,
    /// What happened.
    pub kind: DrainEventKind,
}

/// What happened while a queue is drained. [`Drain`](super::Drain) shows how one event leads to another.
#[derive(Debug)]
#[non_exhaustive]
pub enum DrainEventKind {
    /// The service listed what has finished.
    Listed {
        /// How many ids were listed, each counted once.
        listed: usize,
        /// How many of them were not known before.
        new: usize,
    },
    /// The listing failed.
    ListingFailed {
        /// Why.
        cause: Cause,
        /// When it will be asked for again; `None` if the drain gives up: it ends after what is in flight.
        retry_at: Option<Time>,
    },
    /// A result is about to be fetched. Whether that takes it off the service's list is not documented; so whoever must not lose one stores this event, and after a crash hands the ids that
    /// were not acknowledged to [`Drain::retry`](super::Drain::retry).
    FetchDue {
        /// The extraction.
        extraction_id: ExtractionId,
        /// The number of the attempt, from 1.
        attempt: u16,
    },
    /// The extraction's result, or how it ended without one. It comes again unless it is [acknowledged](super::Drain::acknowledge).
    Extracted {
        /// The extraction.
        extraction_id: ExtractionId,
        /// How often it was handed out by this drain, from 1.
        delivery: u16,
        /// The result.
        extraction: Result<Extraction, DrainError>,
    },
    /// The fetch failed, and will be tried again.
    FetchFailed {
        /// The extraction.
        extraction_id: ExtractionId,
        /// Why.
        reason: DrainError,
        /// When the next attempt is due.
        retry_at: Time,
    },
    /// The extraction was tried too often, or in vain for good: it is not fetched any more while the service lists it, unless it is asked for with
    /// [`Drain::retry`](super::Drain::retry). Told once.
    SetAside {
        /// The extraction.
        extraction_id: ExtractionId,
        /// Why the last attempt failed.
        reason: DrainError,
        /// How many attempts were made.
        attempts: u16,
    },
    /// The service asked for a pause (429, `Retry-After`), or eight fetches in a row failed, so that it probably is in trouble: nothing is sent before this moment. Ids are not blamed for it.
    Paused {
        /// Until when, at least.
        until: Time,
        /// Why.
        cause: Cause,
    },
    /// The service refused the key (401 or 403): nothing is sent until [`Drain::set_key`](super::Drain::set_key) was called. Told once for each key.
    KeyRefused {
        /// The service's explanation.
        error: ServiceError,
    },
    /// The customer's list was always empty, and the list of all customers is not. The service answers a customer that it does not know with an empty list (vendor's guide): perhaps the name is
    /// written in another way than at the submits. Or the customer's documents have not finished.
    CustomerSuspected {
        /// How many extractions of all customers are listed; `None` where the list is too long to be taken.
        listed: Option<usize>,
    },
}
