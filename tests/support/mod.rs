//! What the tests of the core share: a service that is a few lines of arithmetic, and answers by name.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use typless::machine::{Job, JobEvent, JobEventKind, JobOptions, Machine, Output, Time, Transmit};
use typless::wire::{Api, Document};

pub const START: Time = Time::from_unix_seconds(1_700_000_000);
pub const ID: &str = "0d14338251a6db69bfec36face27f7edcab7322";

pub fn api() -> Api {
    Api::new(Api::PRODUCTION, "s3cret-k3y").unwrap()
}

pub fn document() -> Document {
    Document::new("invoice.pdf", "line-item-invoice", &b"%PDF-1.7 secret contents"[..]).unwrap().with_reference("row 17").unwrap()
}

pub fn submit(options: JobOptions) -> Job {
    Job::submit(&api(), document(), options, START)
}

pub fn answer(status: u16, body: &str) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

pub fn answer_with(status: u16, header: (&str, &str), body: &str) -> Response<Bytes> {
    Response::builder().status(status).header(header.0, header.1).body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

pub fn accepted() -> Response<Bytes> {
    answer(202, &format!(r#"{{"extraction_id": "{ID}"}}"#))
}

pub fn in_progress() -> Response<Bytes> {
    answer(200, r#"{"error": {}, "result": {}, "status": "IN_PROGRESS"}"#)
}

pub fn success() -> Response<Bytes> {
    let result =
        r#"{"object_id": "1cb2", "extracted_fields": [{"name": "total", "data_type": "NUMBER", "values": [{"value": "12.0000"}]}]}"#;
    answer(200, &format!(r#"{{"error": {{}}, "result": {result}, "status": "SUCCESS"}}"#))
}

pub fn failed() -> Response<Bytes> {
    answer(200, r#"{"error": {"code": "INVALID_FILE", "message": "not a PDF", "details": {"page": 1}}, "result": {}, "status": "ERROR"}"#)
}

pub fn expired() -> Response<Bytes> {
    answer(200, r#"{"error": {}, "result": {}, "status": "EXPIRED"}"#)
}

/// A job pulled by hand: what it sent, what it told, and when.
pub struct Run {
    pub job: Job,
    pub now: Time,
    pub events: Vec<JobEvent>,
}

impl Run {
    pub fn new(job: Job) -> Self {
        Self { job, now: START, events: Vec::new() }
    }

    /// Goes on to the next request, waiting as long as it takes; `None` if the job stops first.
    pub fn next_request(&mut self) -> Option<Transmit> {
        loop {
            match self.job.next_output(self.now) {
                Output::Send(transmit) => return Some(transmit),
                Output::Event(event) => self.events.push(event),
                Output::Wait(until) => self.now = until,
                Output::NeedInput | Output::Done => return None,
            }
        }
    }

    /// Answers the next request.
    pub fn reply(&mut self, response: Response<Bytes>) -> &mut Self {
        let transmit = self.next_request().expect("a request");
        self.job.handle_response(transmit.id, response, self.now);
        self
    }

    /// Lets everything happen that happens without answers.
    pub fn settle(&mut self) -> &mut Self {
        assert!(self.next_request().is_none(), "no request was expected");
        self
    }

    pub fn pass(&mut self, time: Duration) -> &mut Self {
        self.now = self.now + time;
        self
    }

    /// The outcome, if the job has told it.
    pub fn outcome(&self) -> Option<&<Job as Machine>::Outcome> {
        self.events.iter().find_map(|event| if let JobEventKind::Finished(outcome) = &event.kind { Some(outcome) } else { None })
    }
}
