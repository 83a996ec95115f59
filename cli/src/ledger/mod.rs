//! The ledger of a call: what was submitted by this and by earlier ones.

mod decision;
mod place;
mod plan;

use typless::drive::Clock;
use typless::wire::{Api, printable};
use typless_ledger::{Ledger, LedgerError, LedgerOptions};
use typless_transports::SystemClock;

use crate::arguments::LedgerArguments;
use crate::failure::Failure;
use crate::output::eprint_message;
use crate::service::Connection;

pub(crate) use place::default_path;
pub(crate) use plan::{Plan, plan};

/// Finished entries are forgotten after this many days.
const RETENTION_DAYS: u64 = 90;

/// Opens the ledger of a call. `None` if it has none.
///
/// One that was asked for has to work. Without it nothing would be sent: a document that is known
/// would be billed twice. The default one is a service to people who asked for nothing: where it
/// does not work, the call goes on as it would without it.
pub(crate) fn open(
    arguments: &LedgerArguments,
    connection: &Connection,
) -> Result<Option<Ledger>, Failure> {
    let mut options = LedgerOptions::new();
    if arguments.keep_results {
        options = options.with_results();
    }
    if arguments.same_account {
        options = options.with_same_account();
    }
    if let Some(path) = place::named(arguments) {
        return Ledger::open(&path, options).map(Some).map_err(|error| {
            Failure::invalid_usage(format!(
                "{error}: name another file with --ledger, or none with --no-ledger (nothing was \
                 submitted)"
            ))
        });
    }
    if arguments.no_ledger || connection.is_emulator() || is_on_this_machine(&connection.api) {
        return Ok(None);
    }
    Ok(open_default(options))
}

fn open_default(options: LedgerOptions) -> Option<Ledger> {
    let path = default_path().or_else(|| {
        warn("this user has no folder for it");
        None
    })?;
    let is_new = !path.exists();
    match Ledger::open(&path, options) {
        Ok(ledger) => {
            if is_new {
                eprint_message(&format!(
                    "what is submitted is remembered in {}, so that nothing is lost or billed \
                     twice; --no-ledger switches that off",
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
    let now = SystemClock::new().now();
    let days = std::time::Duration::from_secs(RETENTION_DAYS * 24 * 3600);
    let _ = ledger.prune(now.checked_sub(days).unwrap_or(now));
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

/// A problem while the ledger is read.
pub(crate) fn unreadable(error: &LedgerError) -> Failure {
    Failure::invalid_usage(format!("{error} (nothing was submitted)"))
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
