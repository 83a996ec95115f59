//! Very many jobs in one batch, without I/O: twenty thousand in a debug build, a million in a
//! release build (`cargo test --release -p typless --test it batch_many`).

use std::collections::VecDeque;
use std::time::Duration;

use crate::support::{START, api, in_progress, response, success};
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, JobEventKind, Machine, Output, RequestId, Time, Transmit,
};
use typless::wire::Document;

const JOBS: usize = if cfg!(debug_assertions) {
    20_000
} else {
    1_000_000
};

/// A minimal service: all extractions finish ten minutes after the first submit.
#[derive(Default)]
struct Service {
    submits: usize,
    polls: usize,
    listings: usize,
    fetched: Vec<bool>,
    first_unfetched: usize,
    out: VecDeque<(RequestId, http::Response<bytes::Bytes>)>,
}

const FINISHED: Time = Time::from_unix_seconds(1_700_000_000 + 600);

impl Service {
    fn take(&mut self, transmit: &Transmit, now: Time) {
        let response = if transmit.request.method() == http::Method::POST {
            self.submits += 1;
            self.fetched.push(false);
            response(
                202,
                &format!(r#"{{"extraction_id": "{:040}"}}"#, self.submits - 1),
            )
        } else if let Some((_, id)) = transmit
            .request
            .uri()
            .to_string()
            .split_once("extraction_id=")
        {
            self.polls += 1;
            if now >= FINISHED {
                self.fetched[id.parse::<usize>().unwrap()] = true;
                success()
            } else {
                in_progress()
            }
        } else {
            self.listings += 1;
            self.list(now)
        };
        self.out.push_back((transmit.id, response));
    }

    /// The first ten thousand that have finished.
    fn list(&mut self, now: Time) -> http::Response<bytes::Bytes> {
        while self.fetched.get(self.first_unfetched) == Some(&true) {
            self.first_unfetched += 1;
        }
        let unfetched = (self.first_unfetched..self.fetched.len())
            .filter(|id| now >= FINISHED && !self.fetched[*id])
            .take(10_000);
        let ids: Vec<String> = unfetched.map(|id| format!(r#""{id:040}""#)).collect();
        response(200, &format!("[{}]", ids.join(",")))
    }
}

#[test]
fn y04_many_jobs_are_submitted_and_fetched() {
    let options = BatchOptions::new()
        .without_rate()
        .with_max_in_flight(64)
        .with_max_submits(64)
        .with_max_unfinished(JOBS);
    let mut batch = Batch::new(&api(), options, START);
    let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..]).unwrap();
    batch.add_all(std::iter::repeat_n(document, JOBS));
    batch.close();
    let (mut service, mut now, mut succeeded, mut most) = (Service::default(), START, 0, 0);
    loop {
        match batch.next_output(now) {
            Output::Send(transmit) => service.take(&transmit, now),
            Output::Event(event) => {
                let BatchEventKind::Job {
                    event: JobEventKind::Finished(outcome),
                    ..
                } = event.kind
                else {
                    continue;
                };
                outcome.unwrap();
                succeeded += 1;
            }
            Output::Wait(until) if service.out.is_empty() => now = until,
            Output::Wait(_) | Output::NeedInput => {
                most = most.max(batch.progress().submitted);
                now = now + Duration::from_micros(100);
                while let Some((id, response)) = service.out.pop_front() {
                    batch.handle_response(id, response, now);
                }
            }
            Output::Done => break,
        }
    }
    assert_eq!((succeeded, service.submits, most), (JOBS, JOBS, JOBS));
    let requests = service.polls + service.listings;
    assert!(
        requests < JOBS * 11 / 10 + 20_000,
        "{} polls, {} listings",
        service.polls,
        service.listings
    );
}
