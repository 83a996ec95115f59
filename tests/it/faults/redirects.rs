//! Redirects, which are never followed.

use crate::support::{Run, START, api, document, response, submit};
use typless::machine::{
    Call, CallError, CallEventKind, CallOptions, Cause, JobError, JobOptions, JobState, Machine,
    Output,
};
use typless::wire::{AwaitingRequest, ExtractRequest, Request};

#[test]
fn s13_a_redirect_of_a_submit_may_mean_that_it_was_processed() {
    for status in [300, 301, 302, 303, 304, 305, 306, 309, 399] {
        let mut run = Run::new(submit(JobOptions::new()));
        run.reply(response(status, ""));
        let JobError::SubmitUnknown {
            failed,
            otherwise: None,
        } = run.error()
        else {
            panic!("{status}")
        };
        let Cause::Service(error) = failed.cause() else {
            panic!("{status}")
        };
        assert_eq!(error.http_status().unwrap().as_u16(), status);
    }
    // The same request is to be made elsewhere, so it was not processed.
    for status in [307, 308] {
        let mut run = Run::new(submit(JobOptions::new()));
        run.reply(response(status, ""));
        assert_eq!(run.job.state(), JobState::Refused);
    }
}

/// How a call ends whose first response has this status.
fn error<R: Request>(request: R, status: u16) -> CallError {
    let mut call = Call::new(&api(), request, CallOptions::default(), START);
    loop {
        match call.next_output(START) {
            Output::Send(transmit) => {
                call.handle_response(transmit.id, response(status, ""), START);
            }
            Output::Event(event) => match event.kind {
                CallEventKind::Finished(outcome) => return outcome.err().unwrap(),
                _ => panic!("it is not repeated"),
            },
            _ => panic!("it waits for nothing"),
        }
    }
}

#[test]
fn s13_so_does_one_of_a_call_that_must_not_be_repeated() {
    let extract = || ExtractRequest::new(document());
    for status in [301, 303] {
        assert!(matches!(
            error(extract(), status),
            CallError::Unknown { .. }
        ));
        let listing = error(AwaitingRequest::new(), status);
        assert!(matches!(listing, CallError::Refused(_)), "nothing is lost");
    }
    assert!(matches!(error(extract(), 308), CallError::Refused(_)));
}
