//! The open points of the service, A1 to A26: what this library does where the behaviour is
//! unknown. `docs/wire.md` describes each.

mod jobs;
mod listings;
mod requests;
mod results;

use crate::support::{START, api, response};
use bytes::Bytes;
use http::Response;
use typless::machine::{Call, CallError, CallOptions, Machine, Output};
use typless::wire::{Request, StatusResponse};

fn status(body: &str) -> StatusResponse {
    StatusResponse::decode(&response(200, body)).unwrap()
}

/// The outcome of a call whose every attempt gets this response.
fn call<R: Request>(request: R, response: &Response<Bytes>) -> Result<R::Response, CallError> {
    let (mut call, mut now) = (Call::new(&api(), request, CallOptions::new(), START), START);
    loop {
        match call.next_output(now) {
            Output::Send(transmit) => call.handle_response(transmit.id, response.clone(), now),
            Output::Wait(until) => now = until,
            Output::Event(event) => {
                if let Ok(outcome) = Call::<R>::into_outcome(event) {
                    return outcome;
                }
            }
            Output::NeedInput | Output::Done => panic!("it ended without an outcome"),
        }
    }
}
