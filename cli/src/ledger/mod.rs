//! The ledger of a call: what was submitted by this and by earlier ones.

mod decision;
mod place;
mod reconcile;
mod selection;

use std::path::{Path, PathBuf};
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::Time;
use typless::wire::{Api, printable};
use typless_ledger::{Ledger, LedgerOptions};
use typless_transports::SystemClock;

use crate::arguments::LedgerArguments;
use crate::failure::Failure;
use crate::output::eprint_message;
use crate::service::Connection;

pub(crate) use reconcile::{Found, reconcile};
pub(crate) use selection::{Selection, Settled, select};

/// How long the service keeps a result.
pub(crate) const RETENTION_AT_SERVICE: Duration = Duration::from_hours(48);

/// Finished entries are forgotten after this time.
const RETENTION: Duration = Duration::from_hours(90 * 24);

/// Opens the ledger of a call. `None` if it has none.
///
/// One that was asked for has to work. Without it nothing would be sent: a document that is known
/// would be billed twice. The default one is a service to people who asked for nothing: where it
/// does not work, the call goes on as it would without it.
pub(crate) fn open(
    arguments: &LedgerArguments,
    connection: &Connection,
) -> Result<Option<Ledger>, Failure> {
    let options = options(arguments);
    if let Some(path) = place::named(arguments) {
        return Ledger::open(&path, options).map(Some).map_err(|error| {
            Failure::invalid_usage(format!(
                "{error}: name another file with --ledger, or none with --no-ledger (nothing was \
                 submitted)"
            ))
        });
    }
    if is_without_default(arguments, connection) {
        return Ok(None);
    }
    Ok(open_default(options))
}

/// Opens the ledger of a call that only looks: nothing is written, and without a file nothing is
/// known.
pub(crate) fn open_to_read(
    arguments: &LedgerArguments,
    connection: &Connection,
) -> Result<Option<Ledger>, Failure> {
    let path = match place::named(arguments) {
        Some(path) => Some(path),
        None if is_without_default(arguments, connection) => None,
        None => place::default(),
    };
    let Some(path) = path.filter(|path| path.exists()) else {
        return Ok(None);
    };
    Ledger::open_read_only(&path, options(arguments))
        .map(Some)
        .map_err(|error| Failure::invalid_usage(error.to_string()))
}

/// The ledger that a user names, in an argument or in the environment, or else the default one.
pub(crate) fn path(named: Option<&Path>) -> Option<PathBuf> {
    let named = named.map(Path::to_path_buf);
    named
        .or_else(place::from_environment)
        .or_else(place::default)
}

fn options(arguments: &LedgerArguments) -> LedgerOptions {
    let mut options = LedgerOptions::new();
    if arguments.keep_results {
        options = options.with_results();
    }
    if arguments.same_account {
        options = options.with_same_account();
    }
    options
}

/// Whether a call has no ledger where none is named.
fn is_without_default(arguments: &LedgerArguments, connection: &Connection) -> bool {
    arguments.no_ledger || connection.is_emulator() || is_on_this_machine(&connection.api)
}

fn open_default(options: LedgerOptions) -> Option<Ledger> {
    let path = place::default().or_else(|| {
        warn("this user has no folder for it");
        None
    })?;
    let is_new = !path.exists();
    match Ledger::open(&path, options) {
        Ok(ledger) => {
            if is_new {
                eprint_message(&format!(
                    "what is submitted is remembered in {}, so that the next call fetches it and \
                     does not submit it again; --no-ledger switches that off",
                    printable(&path.to_string_lossy(), 500)
                ));
            }
            prune(&ledger);
            Some(ledger)
        }
        Err(error) => {
            warn(&error.to_string());
            None
        }
    }
}

/// Forgets what finished long ago. It is tried: nothing depends on it.
fn prune(ledger: &Ledger) {
    let now = SystemClock::new().now().since_epoch();
    let _ = ledger.prune(Time::EPOCH + now.saturating_sub(RETENTION));
}

fn warn(problem: &str) {
    eprint_message(&printable(
        &format!(
            "the ledger can't be used: {problem}: this call remembers nothing, and does not know \
             what was submitted before"
        ),
        1000,
    ));
}

/// Whether the service is on this machine: then it is one for tests.
fn is_on_this_machine(api: &Api) -> bool {
    let host = api
        .base_url()
        .parse::<http::Uri>()
        .ok()
        .and_then(|uri| uri.host().map(str::to_owned))
        .unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
