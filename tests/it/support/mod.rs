//! Shared by the tests of the core: responses by name, and a job in virtual time.

pub(crate) mod batch_run;
pub(crate) mod observer;
pub(crate) mod queue;
pub(crate) mod reached;
pub(crate) mod results;
pub(crate) mod service;

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use proptest::prelude::ProptestConfig;
use typless::machine::{
    Failure, FailureKind, Job, JobError, JobEvent, JobEventKind, JobOptions, Machine, Output, Time,
    Transmit,
};
use typless::wire::{Api, Document};

pub(crate) const START: Time = Time::from_unix_seconds(1_700_000_000);
pub(crate) const ID: &str = "0d14338251a6db69bfec36face27f7edcab7322";

/// The forms of a listing without ids.
pub(crate) const EMPTY_LISTINGS: [&str; 7] = [
    r#"{"extraction_ids": []}"#,
    r#"{"extraction_ids": null}"#,
    "{}",
    "null",
    "[]",
    "",
    " \n",
];

/// So many random cases for each test of a `proptest!`, or fewer where `PROPTEST_CASES` says so. A
/// case that fails is not written to a file: the message shows it.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let is_set = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if is_set {
            cases.min(default.cases)
        } else {
            cases
        },
        failure_persistence: None,
        ..default
    }
}

pub(crate) fn api() -> Api {
    Api::new(Api::PRODUCTION, "s3cret-k3y").unwrap()
}

pub(crate) fn document() -> Document {
    Document::new(
        "invoice.pdf",
        "line-item-invoice",
        &b"%PDF-1.7 secret contents"[..],
    )
    .unwrap()
    .with_reference("row 17")
    .unwrap()
}

pub(crate) fn submit(options: JobOptions) -> Job {
    Job::submit(&api(), document(), options, START)
}

pub(crate) fn response(status: u16, body: &str) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

pub(crate) fn response_with(status: u16, header: (&str, &str), body: &str) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header(header.0, header.1)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

pub(crate) fn accepted() -> Response<Bytes> {
    response(202, &format!(r#"{{"extraction_id": "{ID}"}}"#))
}

pub(crate) fn in_progress() -> Response<Bytes> {
    response(
        200,
        r#"{"error": {}, "result": {}, "status": "IN_PROGRESS"}"#,
    )
}

pub(crate) fn success() -> Response<Bytes> {
    // Without line breaks: the recorded runs have these bytes.
    let result = concat!(
        r#"{"object_id": "1cb2", "extracted_fields": [{"name": "total", "#,
        r#""data_type": "NUMBER", "values": [{"value": "12.0000"}]}]}"#
    );
    response(
        200,
        &format!(r#"{{"error": {{}}, "result": {result}, "status": "SUCCESS"}}"#),
    )
}

pub(crate) fn failed() -> Response<Bytes> {
    response(
        200,
        concat!(
            r#"{"error": {"code": "INVALID_FILE", "message": "not a PDF", "#,
            r#""details": {"page": 1}}, "result": {}, "status": "ERROR"}"#
        ),
    )
}

pub(crate) fn expired() -> Response<Bytes> {
    response(200, r#"{"error": {}, "result": {}, "status": "EXPIRED"}"#)
}

/// A job in virtual time, and its events.
pub(crate) struct Run {
    pub(crate) job: Job,
    pub(crate) now: Time,
    pub(crate) events: Vec<JobEvent>,
}

impl Run {
    pub(crate) fn new(job: Job) -> Self {
        Self {
            job,
            now: START,
            events: Vec::new(),
        }
    }

    /// A job to be submitted, with these options.
    pub(crate) fn with(options: JobOptions) -> Self {
        Self::new(submit(options))
    }

    /// A job that was accepted, with the default options.
    pub(crate) fn submitted() -> Self {
        let mut run = Self::with(JobOptions::new());
        run.reply(accepted());
        run
    }

    /// Runs to the next request, waiting as long as it takes; `None` if the job stops first.
    pub(crate) fn next_request(&mut self) -> Option<Transmit> {
        loop {
            match self.job.next_output(self.now) {
                Output::Send(transmit) => return Some(transmit),
                Output::Event(event) => self.events.push(event),
                Output::Wait(until) => self.now = until,
                Output::NeedInput | Output::Done => return None,
            }
        }
    }

    /// The URI of the next request.
    pub(crate) fn next_uri(&mut self) -> String {
        let transmit = self.next_request().expect("a request");
        transmit.request.uri().to_string()
    }

    /// Responds to the next request.
    pub(crate) fn reply(&mut self, response: Response<Bytes>) -> &mut Self {
        let transmit = self.next_request().expect("a request");
        self.job.handle_response(transmit.id, response, self.now);
        self
    }

    /// Lets the next request fail.
    pub(crate) fn fail(&mut self, kind: FailureKind) -> &mut Self {
        let transmit = self.next_request().expect("a request");
        self.job
            .handle_failure(transmit.id, Failure::new(kind, "set by the test"), self.now);
        self
    }

    /// Runs as far as possible without a request.
    pub(crate) fn settle(&mut self) -> &mut Self {
        assert!(self.next_request().is_none(), "no request was expected");
        self
    }

    pub(crate) fn advance(&mut self, time: Duration) -> &mut Self {
        self.now = self.now + time;
        self
    }

    /// Runs to the outcome without another request, and returns the error.
    pub(crate) fn error(&mut self) -> &JobError {
        self.settle();
        self.outcome()
            .expect("an outcome")
            .as_ref()
            .expect_err("an error")
    }

    /// Runs to the outcome without another request; it must be a result.
    pub(crate) fn succeeded(&mut self) -> &mut Self {
        self.settle();
        assert!(self.outcome().expect("an outcome").is_ok());
        self
    }

    /// How many events of a kind there were.
    pub(crate) fn count(&self, kind: impl Fn(&JobEventKind) -> bool) -> usize {
        self.events.iter().filter(|event| kind(&event.kind)).count()
    }

    /// The outcome, if there is one.
    pub(crate) fn outcome(&self) -> Option<&<Job as Machine>::Outcome> {
        self.events.iter().find_map(|event| {
            if let JobEventKind::Finished(outcome) = &event.kind {
                Some(outcome)
            } else {
                None
            }
        })
    }
}

/// Stored data that no machine has written, with its check. The fields are in the order in which
/// the check covers them.
pub(crate) fn forged(fields: &[(&str, serde_json::Value)]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (name, value) in fields {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        for byte in format!("{name}={}:{value};", value.len()).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    let mut json: serde_json::Map<_, _> = fields.collect();
    json.insert("check".to_owned(), format!("{hash:016x}").into());
    serde_json::Value::from(json).to_string()
}
