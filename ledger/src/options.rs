//! How to open a ledger.

use std::time::Duration;

/// How to open a [`Ledger`](crate::Ledger). The default suits a program that keeps its results
/// elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct LedgerOptions {
    pub(crate) results: bool,
    pub(crate) same_account: bool,
    pub(crate) busy_timeout: Duration,
    pub(crate) sync: bool,
    pub(crate) any_file_system: bool,
}

impl LedgerOptions {
    /// The default options: no results are stored, each API key is an account of its own, other
    /// processes are waited for 5 s, and each commit is on the disk when it returns.
    pub const fn new() -> Self {
        Self {
            results: false,
            same_account: false,
            busy_timeout: Duration::from_secs(5),
            sync: true,
            any_file_system: false,
        }
    }

    /// Stores results as well, and what the service sent that could not be read. They hold the
    /// content of documents.
    #[must_use]
    pub const fn with_results(mut self) -> Self {
        self.results = true;
        self
    }

    /// Treats all API keys as those of one account. By default a document that is known under
    /// another key is neither submitted nor fetched:
    /// [`Standing::OtherKey`](crate::Standing::OtherKey).
    #[must_use]
    pub const fn with_same_account(mut self) -> Self {
        self.same_account = true;
        self
    }

    /// Sets how long to wait for another process that is writing.
    #[must_use]
    pub const fn with_busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Does not wait for the disk. What is stored then survives the end of the process, and not
    /// that of the system: for tests.
    #[must_use]
    pub const fn without_sync(mut self) -> Self {
        self.sync = false;
        self
    }

    /// Opens a file on a network share or in a file system of a program (FUSE), too. That is safe
    /// only if it locks files and maps memory for all processes that use it.
    #[must_use]
    pub const fn on_any_file_system(mut self) -> Self {
        self.any_file_system = true;
        self
    }
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self::new()
    }
}
