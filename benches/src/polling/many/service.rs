//! The service, in memory: accepts documents, processes each for its time, lists what has finished.

use std::collections::BTreeSet;
use std::fmt::Write;

use bytes::Bytes;
use http::{Request, Response};
use typless::machine::Time;
use typless::wire::Body;

use super::load::Load;
use super::report::Report;
use crate::polling::random::Random;

/// The service. The documents of a load are submitted in order.
#[derive(Debug)]
pub struct Service<'a> {
    load: &'a Load,
    extractions: Vec<Extraction>,
    /// Extractions by the time they finish, without those that were fetched.
    unread: BTreeSet<(Time, usize)>,
    /// Foreign ids at the start of every listing, as JSON.
    foreign: String,
    /// The fraction of extractions that are never listed.
    unlisted: f64,
    random: Random,
}

#[derive(Debug, Clone, Copy)]
struct Extraction {
    finished_at: Time,
    is_read: bool,
}

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// A submit, and when its extraction finishes.
    Submit(Time),
    /// A poll of one extraction.
    Poll,
    /// A listing.
    Listing,
}

const IN_PROGRESS: &[u8] = br#"{"status": "IN_PROGRESS", "error": {}, "result": {}}"#;
const SUCCESS: &[u8] = b"{\"status\": \"SUCCESS\", \"error\": {}, \
    \"result\": {\"object_id\": \"14a5\", \"extracted_fields\": []}}";

impl<'a> Service<'a> {
    /// A service that lists this many foreign ids, and never lists a fraction of its own.
    pub fn new(load: &'a Load, foreign: usize, unlisted: f64) -> Self {
        let mut random = Random::new(77);
        let mut ids = String::new();
        for _ in 0..foreign {
            let _ = write!(
                ids,
                r#""f{:015x}{:024x}","#,
                random.bits() >> 4,
                random.bits()
            );
        }
        Self {
            load,
            extractions: Vec::new(),
            unread: BTreeSet::new(),
            foreign: ids,
            unlisted,
            random,
        }
    }

    /// The id of the extraction with this number.
    pub fn id(number: usize) -> String {
        format!("{number:040x}")
    }

    /// The number of the last submitted extraction.
    pub fn last(&self) -> usize {
        self.extractions.len() - 1
    }

    /// Responds to a request.
    pub(super) fn serve(
        &mut self,
        request: &Request<Body>,
        now: Time,
        report: &mut Report,
    ) -> (Response<Bytes>, RequestKind) {
        if request.method() == http::Method::POST {
            return self.submit(now);
        }
        report.count_request(self.load, now);
        let id = request.uri().query().and_then(|query| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix("extraction_id="))
        });
        match id {
            Some(id) => (self.poll(id, now, report), RequestKind::Poll),
            None => {
                report.listings += 1;
                (self.list(now), RequestKind::Listing)
            }
        }
    }

    fn submit(&mut self, now: Time) -> (Response<Bytes>, RequestKind) {
        let number = self.extractions.len();
        // A document that is submitted again, because the response was lost, takes as long as the
        // last.
        let takes = self.load.jobs[number.min(self.load.jobs.len() - 1)].1;
        let finished_at = now + takes;
        let is_unlisted = self.random.share() < self.unlisted;
        self.extractions.push(Extraction {
            finished_at,
            is_read: false,
        });
        if !is_unlisted {
            self.unread.insert((finished_at, number));
        }
        let body = format!(r#"{{"extraction_id": "{}"}}"#, Self::id(number));
        (response(202, body.into()), RequestKind::Submit(finished_at))
    }

    fn poll(&mut self, id: &str, now: Time, report: &mut Report) -> Response<Bytes> {
        let number = u64::from_str_radix(&id[id.len().saturating_sub(16)..], 16)
            .map_or(usize::MAX, |number| number as usize);
        let Some(extractions) = self.extractions.get_mut(number) else {
            return response(404, Bytes::from_static(b"{}"));
        };
        if extractions.finished_at > now {
            return response(200, Bytes::from_static(IN_PROGRESS));
        }
        if !extractions.is_read {
            extractions.is_read = true;
            self.unread.remove(&(extractions.finished_at, number));
            let (came_at, takes) = self.load.jobs[number.min(self.load.jobs.len() - 1)];
            report.read(self.load, came_at, takes, extractions.finished_at, now);
        }
        response(200, Bytes::from_static(SUCCESS))
    }

    fn list(&self, now: Time) -> Response<Bytes> {
        let mut body = String::with_capacity(self.foreign.len() + 4096);
        body.push_str(r#"{"extraction_ids": ["#);
        body.push_str(&self.foreign);
        for (_, number) in self
            .unread
            .iter()
            .take_while(|(finished_at, _)| *finished_at <= now)
        {
            let _ = write!(body, r#""{number:040x}","#);
        }
        if body.ends_with(',') {
            body.pop();
        }
        body.push_str("]}");
        response(200, body.into())
    }
}

fn response(status: u16, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response
}
