//! What a poll finds, and what the queue lists.

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use serde::Serialize;

use super::choices::UnknownId;
use super::extractions::Found;
use super::id::Id;
use super::refusal::Refusal;
use super::route::{self, Poll};
use super::{Service, envelope, json, to_body};

impl Service {
    /// Responds to a poll.
    pub(super) fn poll(&mut self, head: &Parts) -> Result<Response<Bytes>, Refusal> {
        let choices = self.options.choices;
        let request = Poll::from_uri(&head.uri)?;
        let id = Id::parse(&request.extraction_id);
        if id.is_some_and(|id| self.queue.is_unknown(id)) {
            self.counters.counts_mut().unknown_polls += 1;
        }
        let found = id.and_then(|id| {
            self.extractions
                .poll(id, request.text_blocks, &self.options, self.latest)
        });
        let body = match (found, choices.unknown_id) {
            (Some(Found::Finished(body)), _) => body,
            (Some(Found::InProgress), _) => envelope::empty("IN_PROGRESS", choices.no_error),
            (Some(Found::Expired), _) | (None, UnknownId::Expired) => {
                envelope::empty("EXPIRED", choices.no_error)
            }
            (None, UnknownId::Error) => {
                envelope::error(&Refusal::ExtractionNotFound(StatusCode::NOT_FOUND).standard())
            }
            (None, UnknownId::BadRequest) => {
                return Err(Refusal::ExtractionNotFound(StatusCode::BAD_REQUEST));
            }
            (None, UnknownId::NotFound) => {
                return Err(Refusal::ExtractionNotFound(StatusCode::NOT_FOUND));
            }
        };
        Ok(json(StatusCode::OK, body))
    }

    /// Responds to a listing.
    pub(super) fn awaiting(&mut self, head: &Parts) -> Result<Response<Bytes>, Refusal> {
        #[derive(Serialize)]
        struct Listing {
            extraction_ids: Vec<Id>,
        }
        let customer = route::customer(&head.uri)?;
        let (options, now) = (&self.options.queue, self.latest);
        let unknown = if customer.is_none() {
            self.queue.unknown(options, now)
        } else {
            &[]
        };
        let ours = self
            .extractions
            .awaiting(customer.as_deref(), options.delay, now);
        let extraction_ids = unknown
            .iter()
            .copied()
            .chain(ours)
            .take(options.max_ids.unwrap_or(usize::MAX))
            .collect();
        Ok(json(StatusCode::OK, to_body(&Listing { extraction_ids })))
    }
}
