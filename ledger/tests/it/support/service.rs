//! A service that accepts documents, finishes each after a while, and keeps account.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use typless::machine::{Failure, FailureKind, Purpose, Time, Transmit};

/// What becomes of an extraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Success,
    Failed,
    Expired,
    NotFound,
    InProgress,
    Unreadable,
}

/// What happens to a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is processed, and the response is lost.
    ResponseLost,
    /// It is not processed, and nobody knows.
    Dropped,
    /// It certainly does not arrive.
    NotSent,
    /// It is refused.
    Refused,
}

/// One extraction: its document in base64, and when it was accepted.
struct Accepted {
    document: String,
    at: Time,
}

pub(crate) struct Service {
    accepted: Vec<Accepted>,
    /// What becomes of the extractions from now on.
    pub(crate) fate: Fate,
    /// The fault of the next submit.
    pub(crate) fault: Box<dyn FnMut() -> Option<Fault> + Send>,
    /// How often each purpose was served or failed.
    pub(crate) submits: usize,
    pub(crate) polls: usize,
    /// The ids that were polled, in order.
    pub(crate) polled: Vec<usize>,
    /// How long an extraction takes.
    pub(crate) takes: Duration,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            accepted: Vec::new(),
            fate: Fate::Success,
            fault: Box::new(|| None),
            submits: 0,
            polls: 0,
            polled: Vec::new(),
            takes: Duration::from_secs(9),
        }
    }
}

impl Service {
    /// How often a document was accepted.
    pub(crate) fn times(&self) -> BTreeMap<&str, usize> {
        let mut times = BTreeMap::new();
        for accepted in &self.accepted {
            *times.entry(&*accepted.document).or_default() += 1;
        }
        times
    }

    /// How many submits were accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// The id of the newest extraction.
    pub(crate) fn newest_id(&self) -> String {
        id(self.accepted.len() - 1)
    }

    pub(crate) fn exchange(
        &mut self,
        transmit: &Transmit,
        now: Time,
    ) -> Result<Response<Bytes>, Failure> {
        match transmit.purpose {
            Purpose::Submit => self.submit(transmit.request.body(), now),
            Purpose::Poll => Ok(self.poll(transmit.request.uri().query().unwrap(), now)),
            _ => Ok(response(200, r#"{"extraction_ids": []}"#)),
        }
    }

    pub(crate) fn submit(
        &mut self,
        body: &typless::wire::Body,
        now: Time,
    ) -> Result<Response<Bytes>, Failure> {
        self.submits += 1;
        let fault = (self.fault)();
        match fault {
            Some(Fault::NotSent) => {
                return Err(Failure::new(FailureKind::NotSent, "no connection"));
            }
            Some(Fault::Dropped) => {
                return Err(Failure::new(FailureKind::Interrupted, "it broke off"));
            }
            Some(Fault::Refused) => {
                return Ok(response(422, r#"{"message": "no such document type"}"#));
            }
            _ => {}
        }
        let mut text = String::new();
        body.reader().unwrap().read_to_string(&mut text).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        self.accepted.push(Accepted {
            document: json["file"].as_str().unwrap().to_owned(),
            at: now,
        });
        if fault == Some(Fault::ResponseLost) {
            return Err(Failure::new(FailureKind::Interrupted, "it broke off"));
        }
        let id = self.newest_id();
        Ok(response(202, &format!(r#"{{"extraction_id": "{id}"}}"#)))
    }

    pub(crate) fn poll(&mut self, query: &str, now: Time) -> Response<Bytes> {
        self.polls += 1;
        let number = query.rsplit('-').next().unwrap().parse().unwrap();
        self.polled.push(number);
        let accepted: &Accepted = &self.accepted[number];
        let is_ready = now.saturating_since(accepted.at) >= self.takes;
        let fate = if is_ready {
            self.fate
        } else {
            Fate::InProgress
        };
        let status = |status: &str, error: &str, result: &str| {
            let body = format!(r#"{{"status": "{status}", "error": {error}, "result": {result}}}"#);
            response(200, &body)
        };
        match fate {
            Fate::Success => {
                let result = r#"{"object_id": "14a5", "extracted_fields": []}"#;
                status("SUCCESS", "{}", result)
            }
            Fate::Unreadable => status("SUCCESS", "{}", r#"{"extracted_fields": "SECRET"}"#),
            Fate::Failed => status(
                "ERROR",
                r#"{"error_code": "no_text", "error_message": "no text"}"#,
                "{}",
            ),
            Fate::Expired => status("EXPIRED", "{}", "{}"),
            Fate::InProgress => status("IN_PROGRESS", "{}", "{}"),
            Fate::NotFound => response(404, r#"{"detail": "no such extraction"}"#),
        }
    }
}

fn id(number: usize) -> String {
    format!("0d14-{number}")
}

fn response(status: u16, body: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_owned()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}
