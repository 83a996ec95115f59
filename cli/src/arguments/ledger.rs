//! The options of the ledger.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::ListFormat;
use crate::duration;

/// Where it is remembered what was submitted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger")]
pub(crate) struct LedgerArguments {
    /// Remember in this file what was submitted, so that the next call fetches it and does not
    /// submit it again. TYPLESS_LEDGER names one, too. By default it is a file in the state folder
    /// of this user; for an address on this machine and for the emulator there is none unless it is
    /// named.
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

    /// Nobody else submits with this API key: find out about submits that are unknown. Documents
    /// are submitted under a name with a mark, such as invoice.tl3k...pdf, which results do not
    /// show. What the queue lists and nobody has claimed is fetched once, and a result with our
    /// mark is ours.
    #[arg(long, conflicts_with = "no_ledger")]
    pub(crate) exclusive_key: bool,

    /// Print how many documents are new, known and unknown, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do nothing if more documents than this would be submitted.
    #[arg(long, value_name = "N")]
    pub(crate) max_documents: Option<usize>,
}

/// See and change what is remembered of what was submitted.
///
/// The entry of a document is named by its key, the beginning of a key, or a file with the same
/// content. `list`, `show`, `check` and `export` write nothing.
///
/// Exit status: 0 success; 1 there is no such entry, or something is damaged; 2 invalid usage.
#[derive(Debug, Args)]
pub(crate) struct LedgerCommand {
    /// The ledger, instead of the one in the state folder of this user. TYPLESS_LEDGER names one,
    /// too.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) ledger: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) action: LedgerAction,
}

/// What is done with a ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerAction {
    /// Print the entries, a line each.
    List {
        /// Only what has no result yet, and whose result may be deleted within this time; the first
        /// to be deleted comes first.
        #[arg(
            long,
            value_name = "TIME",
            num_args = 0..=1,
            default_missing_value = "6h",
            value_parser = duration::parse
        )]
        expiring: Option<Duration>,

        /// Only those of which it is unknown whether they were submitted.
        #[arg(long, conflicts_with = "expiring")]
        unknown: bool,

        /// How to print them: a line for people, or one line of JSON each.
        #[arg(long, value_enum, default_value_t = ListFormat::Lines)]
        format: ListFormat,
    },
    /// Print all that is known of documents, as JSON.
    Show {
        #[command(flatten)]
        entries: EntryArguments,
    },
    /// Find out whether all that is stored is as it was written.
    Check,
    /// Make new the indexes by which entries are found, or write all entries that can be read into
    /// a new file, for the place of a damaged ledger.
    Rebuild {
        /// The new file.
        #[arg(value_name = "NEW-FILE")]
        path: Option<PathBuf>,
    },
    /// Print all entries as lines of JSON, with names and stored results.
    Export,
    /// Let documents be submitted again, whatever became of them. They may be billed twice.
    Retry {
        /// All of which it is unknown whether they were submitted.
        #[arg(long, conflicts_with = "entries")]
        unknown: bool,

        /// Keys, beginnings of keys, or files with the same content.
        #[arg(value_name = "KEY|FILE", required_unless_present = "unknown")]
        entries: Vec<String>,
    },
    /// Give a document the extraction that it has at the service, such as one whose submit was
    /// unknown. The next call with this document fetches its result.
    Adopt {
        /// The extraction id.
        #[arg(value_name = "ID")]
        id: String,

        /// A key, the beginning of a key, or a file with the same content.
        #[arg(value_name = "KEY|FILE")]
        entry: String,
    },
    /// Forget documents, with their names. They are then submitted like new ones.
    Forget {
        #[command(flatten)]
        entries: EntryArguments,
    },
    /// Forget what finished long ago, but nothing that is unfinished or unknown.
    Prune {
        /// How long ago.
        #[arg(long, value_name = "TIME", default_value = "2160h", value_parser = duration::parse)]
        older_than: Duration,
    },
}

/// Which entries.
#[derive(Debug, Args)]
pub(crate) struct EntryArguments {
    /// Keys, beginnings of keys, or files with the same content.
    #[arg(value_name = "KEY|FILE", required = true)]
    pub(crate) entries: Vec<String>,
}
