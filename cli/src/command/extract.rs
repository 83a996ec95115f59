//! `typless extract`: documents in, results out.

use super::follow;
use crate::arguments::ExtractArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::service::Connection;
use crate::{document_types, documents};

/// Extracts all documents at the same time.
pub(super) fn run(arguments: &ExtractArguments) -> Result<Exit, Failure> {
    // Invalid usage is found before anything is submitted and billed.
    let tasks = documents::open(&arguments.documents)?;
    let connection = if arguments.emulator {
        let types = document_types::read(&arguments.document_type_file)?;
        Connection::for_emulator(
            types,
            &arguments.documents.document_type,
            &arguments.service,
        )?
    } else {
        Connection::for_service(&arguments.service)?
    };
    let customer = arguments.documents.customer.as_deref();
    Ok(follow::run(&connection, tasks, customer, &arguments.follow))
}
