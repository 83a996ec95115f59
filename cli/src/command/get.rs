//! `typless get`: one poll one extraction.

use typless::machine::CallError;
use typless::wire::{ExtractionId, Status, StatusRequest, StatusResponse};

use crate::arguments::GetArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::Connection;

/// Polls once, and prints what is found.
pub(super) fn run(arguments: &GetArguments) -> Result<Exit, Failure> {
    let id = ExtractionId::new(&arguments.id).map_err(|error| {
        Failure::wrong_call(error.to_string().replacen("extraction_id", "the ID", 1))
    })?;
    let connection = Connection::to_service(&arguments.service)?;
    let outcome = outcome(connection.call(StatusRequest::new(id.clone())));
    Ok(Printer::new(&arguments.output).tell(&Report::new(None, Some(id), outcome)))
}

fn outcome(answer: Result<StatusResponse, CallError>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Outcome::Failed(Box::new(Problem::for_poll(error))),
    };
    match answer.status() {
        Status::Success => match answer.into_extraction() {
            Ok(extraction) => Outcome::Success(extraction),
            Err(error) => Outcome::Failed(Box::new(Problem::unreadable(&error))),
        },
        Status::Error => Outcome::Failed(Box::new(Problem::failed(answer.error()))),
        Status::Expired => Outcome::Failed(Box::new(Problem::expired())),
        Status::Other(text) if text.is_empty() => Outcome::Failed(Box::new(Problem::no_status())),
        status => Outcome::Unfinished(status.clone()),
    }
}
