//! `typless get`: one poll of one extraction.

use typless::machine::CallError;
use typless::wire::{ExtractionId, Status, StatusRequest, StatusResponse};

use crate::arguments::GetArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::Connection;

/// Polls once, and prints the result or the status.
pub(super) fn run(arguments: &GetArguments) -> Result<Exit, Failure> {
    let id = ExtractionId::new(&arguments.id).map_err(|error| {
        Failure::invalid_usage(error.to_string().replacen("extraction_id", "the ID", 1))
    })?;
    let connection = Connection::for_service(&arguments.service)?;
    let outcome = outcome(connection.call(StatusRequest::new(id.clone())));
    Ok(Printer::new(&arguments.output).print_with_error(&Report::new(None, Some(id), outcome)))
}

fn outcome(response: Result<StatusResponse, CallError>) -> Outcome {
    let response = match response {
        Ok(response) => response,
        Err(error) => return Outcome::Failed(Box::new(Problem::from_poll_error(error))),
    };
    match response.status() {
        Status::Success => match response.into_extraction() {
            Ok(extraction) => Outcome::Success(extraction),
            Err(error) => Outcome::Failed(Box::new(Problem::unreadable(&error))),
        },
        Status::Error => Outcome::Failed(Box::new(Problem::failed(response.error()))),
        Status::Expired => Outcome::Failed(Box::new(Problem::expired())),
        Status::Other(text) if text.is_empty() => Outcome::Failed(Box::new(Problem::no_status())),
        status => Outcome::Pending(status.clone()),
    }
}
