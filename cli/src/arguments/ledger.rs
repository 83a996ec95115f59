//! The options of the ledger.

use std::path::PathBuf;

use clap::Args;

/// Where it is remembered what was submitted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger")]
pub(crate) struct LedgerArguments {
    /// Remember in this file what was submitted, so that nothing is lost and nothing is billed
    /// twice. TYPLESS_LEDGER names one, too. By default it is a file in the state folder of this
    /// user; for an address on this machine and for the emulator there is none unless it is named.
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,

    /// Remember nothing. The next call then submits the same documents again.
    #[arg(long, conflicts_with_all = ["ledger", "keep_results", "same_account"])]
    pub(crate) no_ledger: bool,

    /// Keep results in the ledger, for when the service has deleted them. They hold what is in the
    /// documents.
    #[arg(long)]
    pub(crate) keep_results: bool,

    /// Take over what was submitted with another API key: both keys are of the same account.
    #[arg(long)]
    pub(crate) same_account: bool,
}

/// What is done with documents that are known.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger")]
pub(crate) struct RerunArguments {
    /// Submit known documents again. They are billed again.
    #[arg(long)]
    pub(crate) again: bool,

    /// Submit documents again that the service could not process. They are billed again.
    #[arg(long)]
    pub(crate) retry_failed: bool,

    /// Print how many documents are new, known and unknown, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do nothing if more documents than this would be submitted.
    #[arg(long, value_name = "N")]
    pub(crate) max_documents: Option<usize>,
}
