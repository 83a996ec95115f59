//! What is said of an entry that can't be read.

use std::fmt;
use std::path::PathBuf;

use crate::key::EntryKey;

/// An entry that can't be read: its check does not fit it.
///
/// The other entries can be used. Its document is not submitted, since it may have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub(crate) path: PathBuf,
    pub(crate) row: i64,
    pub(crate) key: Option<EntryKey>,
    pub(crate) problem: &'static str,
}

impl Damage {
    /// The number of its row in the table `entries`.
    pub fn row(&self) -> i64 {
        self.row
    }

    /// Its key, if at least that can be read; it may be damaged, too.
    pub fn key(&self) -> Option<EntryKey> {
        self.key
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: entry {}", self.path.display(), self.row)?;
        if let Some(key) = self.key {
            write!(f, ", {key},")?;
        }
        write!(
            f,
            " is damaged ({}): find out whether its document was submitted, then forget it",
            self.problem
        )
    }
}

impl std::error::Error for Damage {}
