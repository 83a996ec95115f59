//! `typless resume`: continues with submitted documents.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use typless::machine::Ticket;

use super::follow::{self, Follow};
use crate::arguments::ResumeArguments;
use crate::destination::Destination;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ledger::{self, Selection};
use crate::output::MESSAGE_PREFIX;
use crate::service::Connection;
use crate::work::{Place, Start, Task};

/// Follows all tickets at the same time.
pub(super) fn run(arguments: &ResumeArguments) -> Result<Exit, Failure> {
    let tasks = read(&arguments.tickets)?;
    let connection = Connection::for_service(&arguments.service)?;
    let destination = Destination::open(&arguments.follow)?;
    let ledger = ledger::open(&arguments.ledger, &connection)?;
    let selection = Selection::without_ledger(tasks);
    Ok(follow::run(
        &connection,
        selection,
        ledger,
        Follow {
            customer: None,
            arguments: &arguments.follow,
            destination,
            find_unknown: None,
        },
    ))
}

/// Reads every ticket; fails with every invalid line.
fn read(path: &Path) -> Result<Vec<Task>, Failure> {
    let is_input = path.as_os_str() == "-";
    let shown = if is_input {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let text = if is_input {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|error| {
        Failure::invalid_usage(format!(
            "{shown} can't be read: {error}: name a readable file of tickets"
        ))
    })?;
    let (mut tasks, mut wrong) = (Vec::new(), Vec::new());
    // Files of tickets that were concatenated may name an extraction twice.
    let mut known = BTreeSet::new();
    // After Ctrl-C, tickets go to standard error among messages. The messages are skipped, so that
    // all of standard error can be kept and used.
    let is_ticket =
        |(line, _): &(&str, usize)| !line.is_empty() && !line.starts_with(MESSAGE_PREFIX);
    for (line, number) in text.lines().map(str::trim).zip(1..).filter(is_ticket) {
        match Ticket::from_json(line) {
            Ok(ticket) => {
                if known.insert(ticket.extraction_id().clone()) {
                    tasks.push(task(tasks.len(), ticket));
                }
            }
            Err(error) => {
                wrong.push(format!(
                    "line {number} of {shown} can't be used: {error}: give lines as `typless \
                     submit` prints them"
                ));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::invalid_usages(wrong));
    }
    if tasks.is_empty() {
        return Err(Failure::invalid_usage(format!(
            "{shown} contains no tickets: give lines as `typless submit` prints them"
        )));
    }
    Ok(tasks)
}

fn task(position: usize, ticket: Ticket) -> Task {
    let place = Place {
        position,
        file: ticket.reference().map(str::to_owned),
    };
    Task::new(place, Start::Resume(ticket))
}
