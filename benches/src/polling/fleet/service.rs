//! The service, in memory: takes documents, works on each for its time, lists what has finished.

use std::collections::BTreeSet;
use std::fmt::Write;

use bytes::Bytes;
use http::{Request, Response};
use typless::machine::Time;
use typless::wire::Body;

use super::load::Load;
use super::report::Report;
use crate::polling::random::Random;

/// The service. The documents of a load are submitted in their order.
#[derive(Debug)]
pub struct Service<'a> {
    load: &'a Load,
    held: Vec<Held>,
    /// Finished at a time, and not yet read; in that order.
    unread: BTreeSet<(Time, usize)>,
    /// Ids that every listing begins with, as they are written there.
    foreign: String,
    /// The share of extractions that are never listed.
    hidden: f64,
    random: Random,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    finished_at: Time,
    is_read: bool,
}

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To take a document, which has finished by then.
    Submit(Time),
    /// For one extraction.
    Poll,
    /// For the listing.
    Listing,
}

const IN_PROGRESS: &[u8] = br#"{"status": "IN_PROGRESS", "error": {}, "result": {}}"#;
const SUCCESS: &[u8] = br#"{"status": "SUCCESS", "error": {}, "result": {"object_id": "14a5", "extracted_fields": []}}"#;

impl<'a> Service<'a> {
    /// A service that lists so many ids of others, and never lists a share of its own.
    pub fn new(load: &'a Load, foreign: usize, hidden: f64) -> Self {
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
            held: Vec::new(),
            unread: BTreeSet::new(),
            foreign: ids,
            hidden,
            random,
        }
    }

    /// The id of the extraction of this number.
    pub fn id(number: usize) -> String {
        format!("{number:040x}")
    }

    /// The number of the extraction that was submitted last.
    pub fn last(&self) -> usize {
        self.held.len() - 1
    }

    /// Answers a request.
    pub(super) fn serve(
        &mut self,
        request: &Request<Body>,
        now: Time,
        report: &mut Report,
    ) -> (Response<Bytes>, Asked) {
        if request.method() == http::Method::POST {
            return self.submit(now);
        }
        report.asked(self.load, now);
        let id = request.uri().query().and_then(|query| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix("extraction_id="))
        });
        match id {
            Some(id) => (self.poll(id, now, report), Asked::Poll),
            None => {
                report.calls += 1;
                (self.list(now), Asked::Listing)
            }
        }
    }

    fn submit(&mut self, now: Time) -> (Response<Bytes>, Asked) {
        let number = self.held.len();
        // What is submitted again, as the answer was lost, takes as long as the last.
        let takes = self.load.jobs[number.min(self.load.jobs.len() - 1)].1;
        let finished_at = now + takes;
        let is_hidden = self.random.share() < self.hidden;
        self.held.push(Held {
            finished_at,
            is_read: false,
        });
        if !is_hidden {
            self.unread.insert((finished_at, number));
        }
        let body = format!(r#"{{"extraction_id": "{}"}}"#, Self::id(number));
        (answer(202, body.into()), Asked::Submit(finished_at))
    }

    fn poll(&mut self, id: &str, now: Time, report: &mut Report) -> Response<Bytes> {
        let number = u64::from_str_radix(&id[id.len().saturating_sub(16)..], 16)
            .map_or(usize::MAX, |number| number as usize);
        let Some(held) = self.held.get_mut(number) else {
            return answer(404, Bytes::from_static(b"{}"));
        };
        if held.finished_at > now {
            return answer(200, Bytes::from_static(IN_PROGRESS));
        }
        if !held.is_read {
            held.is_read = true;
            self.unread.remove(&(held.finished_at, number));
            let (came_at, takes) = self.load.jobs[number.min(self.load.jobs.len() - 1)];
            report.read(self.load, came_at, takes, held.finished_at, now);
        }
        answer(200, Bytes::from_static(SUCCESS))
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
        answer(200, body.into())
    }
}

fn answer(status: u16, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response
}
