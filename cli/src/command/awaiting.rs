//! `typless awaiting`: lists the finished extractions.

use serde::Serialize;
use typless::machine::CallError;
use typless::wire::{AwaitingRequest, printable};

use crate::arguments::{AwaitingArguments, ListFormat};
use crate::exit::Exit;
use crate::failure::{CHECK_KEY, Failure};
use crate::output;
use crate::service::Connection;

/// Prints the ids.
pub(super) fn run(arguments: &AwaitingArguments) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Line<'a> {
        extraction_id: &'a str,
    }
    let request = match &arguments.customer {
        Some(customer) => AwaitingRequest::new()
            .with_customer(customer)
            .map_err(|error| {
                Failure::invalid_usage(error.to_string().replacen("customer", "--customer", 1))
            })?,
        None => AwaitingRequest::new(),
    };
    let connection = Connection::for_service(&arguments.service)?;
    let response = connection
        .call(request)
        .map_err(|error| Failure::service_unavailable(format!("{error}; {}", advice(&error))))?;
    for id in response.extraction_ids() {
        let line = match arguments.format {
            ListFormat::Lines => printable(id.as_str(), usize::MAX),
            // Strings always serialize.
            ListFormat::Json => serde_json::to_string(&Line {
                extraction_id: id.as_str(),
            })
            .unwrap_or_default(),
        };
        let exit = output::print(&line);
        if exit != Exit::Success {
            return Ok(exit);
        }
    }
    Ok(Exit::Success)
}

fn advice(error: &CallError) -> &'static str {
    match error {
        CallError::Refused(error) => match error.http_status().map(|status| status.as_u16()) {
            Some(401 | 403) => CHECK_KEY,
            Some(400 | 422) => "check --customer",
            _ => "check the base URL",
        },
        CallError::TooLarge { .. } => "fetch some of the results, so that the list gets shorter",
        _ => "check the base URL and the network, and try again",
    }
}
