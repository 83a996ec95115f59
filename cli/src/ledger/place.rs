//! Where the ledger is.

use std::path::PathBuf;

use etcetera::BaseStrategy;

use crate::arguments::LedgerArguments;

/// The file that the user named.
pub(super) fn named(arguments: &LedgerArguments) -> Option<PathBuf> {
    if arguments.no_ledger {
        return None;
    }
    arguments.ledger.clone().or_else(from_environment)
}

/// The file that the environment names.
pub(super) fn from_environment() -> Option<PathBuf> {
    std::env::var_os("TYPLESS_LEDGER")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// The file in the state folder of this user: on Linux `~/.local/state/typless/ledger.sqlite`, or
/// as `XDG_STATE_HOME` says. Elsewhere there is no folder for state, and that for data is used.
pub(super) fn default() -> Option<PathBuf> {
    let folders = etcetera::base_strategy::choose_native_strategy().ok()?;
    let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Some(folder.join("typless").join("ledger.sqlite"))
}
