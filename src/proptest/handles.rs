//! Strategies for documents, ids, notifications, tickets and snapshots.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use serde_json::json;

use super::text::matching;
use crate::machine::{
    DocumentFacts, DocumentMeta, PollReason, Record, Snapshot, State, Ticket, Time,
};
use crate::wire::{Document, DocumentSource, ExtractionId, Notification};

/// Any document that may be submitted: in memory or from a source, with or without customer and
/// reference. It has a few random bytes, not a PDF.
pub fn documents() -> BoxedStrategy<Document> {
    let content = vec(any::<u8>(), 1..200).prop_map(Bytes::from);
    let name = (
        text(),
        prop::sample::select(vec!["pdf", "PDF", "jpg", "png", "tiff"]),
    )
        .prop_map(|(stem, suffix)| format!("{stem}.{suffix}"));
    let make = |(name, document_type, content, from_source): (String, String, Bytes, bool)| {
        if from_source {
            Document::from_source(&name, &document_type, Held(content)).ok()
        } else {
            Document::new(&name, &document_type, content).ok()
        }
    };
    let plain =
        (name, text(), content, any::<bool>()).prop_filter_map("names and bytes are taken", make);
    (plain, weighted(0.5, text()), weighted(0.5, text()))
        .prop_filter_map("names are taken", named)
        .boxed()
}

/// Any valid id: mostly hexadecimal digits as seen, sometimes unusual text.
pub fn extraction_ids() -> BoxedStrategy<ExtractionId> {
    prop_oneof![
        4 => matching("[0-9a-f]{39,40}"),
        1 => matching("[ -~]{1,60}"),
        1 => matching("\\PC{1,20}"),
    ]
    .prop_filter_map("ids are taken", |id| ExtractionId::new(&id).ok())
    .boxed()
}

/// Any webhook message that can be decoded.
pub fn notifications() -> BoxedStrategy<Notification> {
    extraction_ids()
        .prop_filter_map("messages are read", |id| notification(&id))
        .boxed()
}

/// The message that an extraction has finished. Never `None`: any id is a valid text.
pub(super) fn notification(id: &ExtractionId) -> Option<Notification> {
    let message = json!({
        "data": {"id": id.as_str()},
        "type": "extraction.finished",
        "event_time": 1_700_000_000,
    });
    Notification::decode(message.to_string().as_bytes()).ok()
}

/// Any ticket: with or without customer and reference, with times up to the year 2554, even with a
/// deadline before the submit.
pub fn tickets() -> BoxedStrategy<Ticket> {
    let name = || weighted(0.5, text()).prop_map(|name| name.map(Arc::from));
    (
        extraction_ids(),
        [name(), name(), name()],
        milliseconds(),
        milliseconds(),
    )
        .prop_map(
            |(id, [document_type, customer, reference], submitted_at, deadline)| {
                Ticket::for_document(
                    Arc::new(DocumentMeta {
                        document_type,
                        customer,
                        reference,
                    }),
                    id,
                    time(submitted_at),
                    time(deadline),
                )
            },
        )
        .boxed()
}

/// Any snapshot, including counts that no job would reach. Some know what document is theirs,
/// and take no other.
pub fn snapshots() -> BoxedStrategy<Snapshot> {
    let name = || weighted(0.3, text()).prop_map(|name| name.map(Arc::from));
    let meta = [name(), name(), name()].prop_map(|[document_type, customer, reference]| {
        Arc::new(DocumentMeta {
            document_type,
            customer,
            reference,
        })
    });
    let facts = (1..300_u64, name()).prop_map(|(bytes, digest)| DocumentFacts { bytes, digest });
    (
        records(),
        milliseconds().prop_map(time),
        extraction_ids(),
        meta,
        weighted(0.1, facts),
    )
        .prop_map(|(record, taken_at, id, meta, document)| {
            let has_id = !matches!(record.state, State::Ready | State::Submitting);
            Snapshot {
                record,
                taken_at,
                extraction_id: has_id.then_some(id),
                meta,
                document: document.filter(|_| !has_id),
            }
        })
        .boxed()
}

/// Any record of a job that has not finished.
fn records() -> impl Strategy<Value = Record> {
    let count = || prop_oneof![3 => 0..10_u16, 1 => any::<u16>()];
    let reason = || {
        prop::sample::select(vec![
            PollReason::Policy,
            PollReason::Hint,
            PollReason::Retry,
            PollReason::Notification,
            PollReason::Resumed,
            PollReason::Deadline,
            PollReason::Listed,
            PollReason::Limiter,
            PollReason::NotListed,
            PollReason::Probe,
        ])
    };
    let named = prop::sample::select(vec![PollReason::Notification, PollReason::Listed]);
    let state = prop::sample::select(vec![
        State::Ready,
        State::Submitting,
        State::Waiting,
        State::PollEmitted,
        State::Polling,
    ]);
    (
        (state, reason(), weighted(0.2, named)),
        [(); 5].map(|()| milliseconds().prop_map(time)),
        [(); 5].map(|()| count()),
        [(); 3].map(|()| any::<bool>()),
    )
        .prop_map(
            |(
                (state, reason, reported_by),
                [due, deadline, not_before, submitted_at, polled_at],
                [submits, polls, spent, resubmissions, failures],
                [fresh, abandoned, is_resumed],
            )| {
                let is_out = state == State::Submitting;
                // Without an id nothing was polled.
                let polls = if is_out || state == State::Ready {
                    0
                } else {
                    polls
                };
                let submits = submits.max(u16::from(is_out));
                Record {
                    state,
                    not_before,
                    submitted_at,
                    polled_at,
                    exchange: u32::from(submits) + u32::from(polls),
                    submits: submits.into(),
                    resumed_after: u32::from(is_resumed) * 3600,
                    spent,
                    resubmissions,
                    failures,
                    reason,
                    fresh,
                    abandoned: abandoned && is_out,
                    reported_by,
                    ..Record::ready(due, deadline)
                }
            },
        )
}

/// Tickets and snapshots have a resolution of one millisecond.
fn time(milliseconds: u64) -> Time {
    Time::from_unix(Duration::from_millis(milliseconds))
}

fn named(
    (document, customer, reference): (Document, Option<String>, Option<String>),
) -> Option<Document> {
    let document = customer
        .iter()
        .try_fold(document, |document, name| document.with_customer(name))
        .ok()?;
    reference
        .iter()
        .try_fold(document, |document, name| document.with_reference(name))
        .ok()
}

/// A name as people write it.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => matching("[a-z][a-z-]{0,20}"),
        1 => matching("[ -~]{1,40}"),
        1 => matching("\\PC{1,20}"),
    ]
    .boxed()
}

/// Mostly recent years, sometimes any time that a ticket can hold.
fn milliseconds() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![4 => 1_600_000_000_000..1_900_000_000_000_u64, 1 => 0..18_446_744_073_709_u64]
}

/// A source whose bytes are in memory.
struct Held(Bytes);

impl DocumentSource for Held {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(self.0.clone())))
    }
}
