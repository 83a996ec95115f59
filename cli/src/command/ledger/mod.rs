//! `typless ledger`: what is remembered of what was submitted.

mod find;
mod line;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{Ticket, Time};
use typless::wire::{ExtractionId, printable};
use typless_ledger::{Entry, EntryKey, Ledger, LedgerError, LedgerOptions};
use typless_transports::SystemClock;

use crate::arguments::{LedgerAction, LedgerCommand, ListFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ledger;
use crate::output::{self, eprint_message};
use crate::summary::pluralize;

/// Does what the user wants with the ledger.
pub(super) fn run(arguments: &LedgerCommand) -> Result<Exit, Failure> {
    let path = path(arguments)?;
    match &arguments.action {
        LedgerAction::List {
            expiring,
            unknown,
            format,
        } => list(&read(&path)?, *expiring, *unknown, *format),
        LedgerAction::Show { entries } => show(&read(&path)?, &entries.entries),
        LedgerAction::Check => check(&read(&path)?),
        LedgerAction::Rebuild { path: Some(new) } => write_sound(&read(&path)?, new),
        LedgerAction::Rebuild { path: None } => rebuild(&open(&path)?),
        LedgerAction::Export => export(&read(&path)?),
        LedgerAction::Retry { unknown, entries } => retry(&open(&path)?, *unknown, entries),
        LedgerAction::Adopt { id, entry } => adopt(&open(&path)?, id, entry),
        LedgerAction::Forget { entries } => forget(&open(&path)?, &entries.entries),
        LedgerAction::Prune { older_than } => prune(&open(&path)?, *older_than),
    }
}

fn list(
    ledger: &Ledger,
    expiring: Option<Duration>,
    unknown: bool,
    format: ListFormat,
) -> Result<Exit, Failure> {
    let until = expiring.map(|within| now() + within);
    let (mut exit, mut wanted) = (Exit::Success, Vec::new());
    for entry in ledger.entries() {
        match entry {
            Ok(entry) => {
                let is_wanted = match until {
                    Some(until) => {
                        entry.is_open() && entry.expires_at().is_some_and(|at| at <= until)
                    }
                    None => !unknown || entry.is_unknown(),
                };
                wanted.extend(is_wanted.then_some(entry));
            }
            Err(error) => exit = exit.max(damaged(&error)?),
        }
        // Only a selection is sorted, so that all of a large ledger is not in memory.
        if until.is_none() {
            for entry in wanted.drain(..) {
                exit = exit.max(print(&entry, format));
            }
        }
    }
    wanted.sort_by_key(Entry::expires_at);
    for entry in &wanted {
        exit = exit.max(print(entry, format));
    }
    Ok(exit)
}

fn print(entry: &Entry, format: ListFormat) -> Exit {
    output::print(&match format {
        ListFormat::Lines => line::line(entry),
        ListFormat::Json => json(entry),
    })
}

fn show(ledger: &Ledger, names: &[String]) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    for name in names {
        match find::find(ledger, name)? {
            Some(key) => match ledger.entry(&key) {
                Ok(Some(entry)) => exit = exit.max(output::print(&json(&entry))),
                Ok(None) => exit = exit.max(none(name)),
                Err(error) => exit = exit.max(damaged(&error)?),
            },
            None => exit = exit.max(none(name)),
        }
    }
    Ok(exit)
}

fn check(ledger: &Ledger) -> Result<Exit, Failure> {
    let checked = ledger.check().map_err(|error| failure(&error))?;
    for damage in &checked.damaged {
        eprint_message(&printable(&damage.to_string(), 1000));
    }
    for problem in &checked.problems {
        eprint_message(&printable(problem, 1000));
    }
    let sound = format!("{} sound", entries(checked.sound));
    if checked.is_sound() {
        return Ok(output::print(&sound));
    }
    let damaged = format!("{sound}, {} damaged", checked.damaged.len());
    Ok(output::print(&damaged).max(Exit::DocumentFailed))
}

fn rebuild(ledger: &Ledger) -> Result<Exit, Failure> {
    ledger.rebuild().map_err(|error| failure(&error))?;
    check(ledger)
}

fn write_sound(ledger: &Ledger, new: &Path) -> Result<Exit, Failure> {
    let damaged = ledger
        .write_sound_to(new)
        .map_err(|error| failure(&error))?;
    for damage in &damaged {
        eprint_message(&printable(&damage.to_string(), 1000));
    }
    eprint_message(&format!(
        "{} left out: move the new file to the place of the old one, without the files beside it",
        entries(damaged.len())
    ));
    Ok(if damaged.is_empty() {
        Exit::Success
    } else {
        Exit::DocumentFailed
    })
}

fn export(ledger: &Ledger) -> Result<Exit, Failure> {
    match ledger.export(io::stdout().lock()) {
        Ok(damaged) => {
            for damage in &damaged {
                eprint_message(&printable(&damage.to_string(), 1000));
            }
            Ok(if damaged.is_empty() {
                Exit::Success
            } else {
                Exit::DocumentFailed
            })
        }
        Err(LedgerError::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Exit::Success)
        }
        Err(error) => Err(failure(&error)),
    }
}

fn retry(ledger: &Ledger, unknown: bool, names: &[String]) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    let mut keys = Vec::new();
    if unknown {
        for entry in ledger.entries() {
            match entry {
                Ok(entry) if entry.is_unknown() => keys.push(entry.key()),
                Ok(_) => {}
                Err(error) => exit = exit.max(damaged(&error)?),
            }
        }
    } else {
        (keys, exit) = find_all(ledger, names)?;
    }
    let mut released = 0_u64;
    for key in &keys {
        released += u64::from(
            ledger
                .release(key, now())
                .map_err(|error| failure(&error))?,
        );
    }
    eprint_message(&format!(
        "{} may be submitted again, and then be billed twice",
        pluralize(released, "document")
    ));
    Ok(exit)
}

fn adopt(ledger: &Ledger, id: &str, name: &str) -> Result<Exit, Failure> {
    let id = ExtractionId::new(id).map_err(|error| {
        Failure::invalid_usage(error.to_string().replacen("extraction_id", "the ID", 1))
    })?;
    let Some(key) = find::find(ledger, name)? else {
        return Ok(none(name));
    };
    let owner = ledger.extraction(&id).map_err(|error| failure(&error))?;
    if let Some(owner) = owner.filter(|owner| owner.key() != key) {
        return Err(Failure::invalid_usage(format!(
            "this extraction is that of {}: give the id of another one",
            owner.key()
        )));
    }
    let entry = ledger.entry(&key).map_err(|error| failure(&error))?;
    let submitted_at = entry.and_then(|entry| entry.submitted_at());
    let submitted_at = submitted_at.unwrap_or_else(now);
    let ticket = Ticket::new(
        id,
        submitted_at,
        submitted_at + ledger::RETENTION_AT_SERVICE,
    );
    let is_adopted = ledger
        .adopt(&key, &ticket)
        .map_err(|error| failure(&error))?;
    if !is_adopted {
        return Ok(none(name));
    }
    eprint_message("the next call with this document fetches the result of this extraction");
    Ok(Exit::Success)
}

fn forget(ledger: &Ledger, names: &[String]) -> Result<Exit, Failure> {
    let (keys, exit) = find_all(ledger, names)?;
    let mut forgotten = 0;
    for key in &keys {
        forgotten += usize::from(ledger.forget(key).map_err(|error| failure(&error))?);
    }
    eprint_message(&format!("{} forgotten", entries(forgotten)));
    Ok(exit)
}

fn prune(ledger: &Ledger, older_than: Duration) -> Result<Exit, Failure> {
    let before = Time::EPOCH + now().since_epoch().saturating_sub(older_than);
    let pruned = ledger.prune(before).map_err(|error| failure(&error))?;
    eprint_message(&format!(
        "{} forgotten; {} as old kept, which are not finished, unknown or damaged",
        entries(pruned.removed),
        pruned.kept
    ));
    Ok(Exit::Success)
}

/// The keys of these entries. The exit status says whether all were found.
fn find_all(ledger: &Ledger, names: &[String]) -> Result<(Vec<EntryKey>, Exit), Failure> {
    let (mut keys, mut exit) = (Vec::new(), Exit::Success);
    for name in names {
        match find::find(ledger, name)? {
            Some(key) => keys.push(key),
            None => exit = exit.max(none(name)),
        }
    }
    Ok((keys, exit))
}

fn path(arguments: &LedgerCommand) -> Result<PathBuf, Failure> {
    ledger::path(arguments.ledger.as_deref()).ok_or_else(|| {
        Failure::invalid_usage("this user has no folder for a ledger: name one with --ledger")
    })
}

fn read(path: &Path) -> Result<Ledger, Failure> {
    Ledger::open_read_only(path, LedgerOptions::new()).map_err(|error| failure(&error))
}

fn open(path: &Path) -> Result<Ledger, Failure> {
    // Not to make one.
    drop(read(path)?);
    Ledger::open(path, LedgerOptions::new()).map_err(|error| failure(&error))
}

fn failure(error: &LedgerError) -> Failure {
    Failure::invalid_usage(error.to_string())
}

/// Tells of a damaged entry; any other error ends the command.
fn damaged(error: &LedgerError) -> Result<Exit, Failure> {
    match error {
        LedgerError::DamagedEntry(damage) => {
            eprint_message(&printable(&damage.to_string(), 1000));
            Ok(Exit::DocumentFailed)
        }
        error => Err(failure(error)),
    }
}

fn none(name: &str) -> Exit {
    eprint_message(&format!(
        "there is no entry for {}: name a key, its beginning, or a file with the same content",
        printable(name, 300)
    ));
    Exit::DocumentFailed
}

fn entries(number: usize) -> String {
    match number {
        1 => "1 entry".to_owned(),
        number => format!("{number} entries"),
    }
}

fn json(entry: &Entry) -> String {
    // Texts and numbers always serialize.
    serde_json::to_string(entry).unwrap_or_default()
}

fn now() -> Time {
    SystemClock::new().now()
}
