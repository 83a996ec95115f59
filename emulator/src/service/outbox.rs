//! Webhook messages that are to be posted.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Request, Uri};
use serde::Serialize;
use typless::machine::Time;

use super::id::{Id, Ids};
use super::rng::{Purpose, Rng};
use super::time_format;
use super::webhook_options::WebhookOptions;

/// Messages, by the time they are due.
pub(super) struct Outbox {
    rng: Rng,
    ids: Ids,
    messages: BTreeMap<(Time, u64), Message>,
    added: u64,
    /// When the first extraction finished; delays may drift from then on.
    first: Option<Time>,
}

#[derive(Clone, Copy)]
struct Message {
    event_id: Id,
    event_time: Time,
    extraction_id: Id,
}

impl Outbox {
    pub(super) fn new(seed: u64) -> Self {
        let rng = Rng::for_purpose(Purpose::Webhooks, seed);
        // Far from the numbers that are drawn, so that no id follows from them.
        let ids = Ids::new(Rng::for_purpose(Purpose::Webhooks, !seed));
        Self {
            rng,
            ids,
            messages: BTreeMap::new(),
            added: 0,
            first: None,
        }
    }

    /// Plans the message about an extraction that will have finished at this time; `false` if it is
    /// lost.
    pub(super) fn plan(
        &mut self,
        options: &WebhookOptions,
        extraction_id: Id,
        finished: Time,
    ) -> bool {
        let lost = self.rng.draw_bool(options.lost);
        let copies = if self.rng.draw_bool(options.duplicated) {
            2
        } else {
            1
        };
        let message = Message {
            event_id: self.ids.next(finished),
            event_time: finished,
            extraction_id,
        };
        let age = finished.saturating_since(*self.first.get_or_insert(finished));
        for _ in 0..copies {
            let mut due = finished + options.delay.draw(age, &mut self.rng);
            let (share, by) = options.held_back;
            if self.rng.draw_bool(share) {
                due = due + by;
            }
            if !lost {
                self.added += 1;
                self.messages.insert((due, self.added), message);
            }
        }
        !lost
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.messages.first_key_value().map(|((due, _), _)| *due)
    }

    /// Removes and returns a message that is due.
    pub(super) fn next(&mut self, uri: &Uri, now: Time) -> Option<Request<Bytes>> {
        let first = self
            .messages
            .first_entry()
            .filter(|first| first.key().0 <= now)?;
        let mut request = Request::new(first.remove().body());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(host) = uri
            .authority()
            .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok())
        {
            headers.insert(HOST, host);
        }
        Some(request)
    }
}

impl Message {
    /// The message as in the vendor's sample.
    fn body(&self) -> Bytes {
        #[derive(Serialize)]
        struct Event {
            event_id: Id,
            event_time: String,
            data: Data,
            r#type: &'static str,
        }
        #[derive(Serialize)]
        struct Data {
            id: Id,
            message: &'static str,
        }
        super::to_body(&Event {
            event_id: self.event_id,
            event_time: time_format::event_time(self.event_time),
            data: Data {
                id: self.extraction_id,
                message: "Extraction process finished",
            },
            r#type: "extraction.finished",
        })
    }
}
