//! Work in progress.

mod account;
mod canonical;
mod changes;
mod damage;
mod digest;
mod entries;
mod entry;
mod error;
mod file_system;
mod holders;
mod key;
mod ledger;
mod options;
mod pending;
mod process;
mod recover;
mod refused;
mod row;
mod schema;
mod session;
mod standing;
mod store;
mod upkeep;

pub use damage::Damage;
pub use digest::{ContentDigest, DigestError, with_digest};
pub use entries::Entries;
pub use entry::{Entry, EntryState, Name, Outcome};
pub use error::LedgerError;
pub use key::{EntryKey, KeyError};
pub use ledger::Ledger;
pub use options::LedgerOptions;
pub use recover::{Recovered, Skipped, SkippedReason};
pub use refused::{Refused, RefusedReason};
pub use session::{Committed, Session, Stored};
pub use standing::{Lookup, LookupError, Standing};
pub use upkeep::{Checked, Pruned};
