//! `typless extract`: documents in, results out.

use super::follow::{self, Follow};
use crate::arguments::ExtractArguments;
use crate::destination::Destination;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::service::Connection;
use crate::{document_types, documents, ledger, output};

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
    let (rerun, customer) = (&arguments.rerun, arguments.documents.customer.as_deref());
    if rerun.dry_run {
        let ledger = ledger::open_to_read(&arguments.ledger, &connection)?;
        let selection = ledger::select(ledger.as_ref(), &connection.api, tasks, rerun)?;
        return Ok(output::print(&selection.counts_line()));
    }
    let destination = Destination::open(&arguments.follow)?;
    let ledger = ledger::open(&arguments.ledger, &connection)?;
    if let (Some(ledger), true) = (&ledger, rerun.exclusive_key) {
        ledger::reconcile(&connection, ledger, &arguments.follow.limits);
    }
    let selection = ledger::select(ledger.as_ref(), &connection.api, tasks, rerun)?;
    selection.check(rerun)?;
    selection.print_known();
    // After the run, for what is unknown then.
    let find = || match ledger::open(&arguments.ledger, &connection) {
        Ok(Some(ledger)) => ledger::reconcile(&connection, &ledger, &arguments.follow.limits),
        Ok(None) | Err(_) => ledger::Found::new(),
    };
    Ok(follow::run(
        &connection,
        selection,
        ledger,
        Follow {
            customer,
            arguments: &arguments.follow,
            destination,
            find_unknown: rerun.exclusive_key.then_some(&find),
        },
    ))
}
