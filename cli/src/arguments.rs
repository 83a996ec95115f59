//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::duration;

/// Extract data from documents with Typless.
///
/// The key comes from the environment variable TYPLESS_API_KEY or from --api-key-file.
#[derive(Debug, Parser)]
#[command(name = "typless", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Extract(ExtractArguments),
    Emulator(EmulatorArguments),
}

/// Submit documents, wait, and print what the service read in them.
///
/// Exit status: 0 all is well; 1 a document failed; 2 the call was wrong; 3 the service could not be reached or refused us. With several documents, the highest.
#[derive(Debug, Args)]
pub(crate) struct ExtractArguments {
    /// The documents: PDF, JPG, PNG or TIFF.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The document type, which says which fields are wanted.
    #[arg(long, value_name = "NAME")]
    pub(crate) document_type: String,

    /// The company the documents belong to, where several share one key.
    #[arg(long)]
    pub(crate) customer: Option<String>,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    /// How to print the results: a table for people, or a line of JSON for each document.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// How long to wait for each document, such as 90s, 10m or 2h.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    pub(crate) deadline: Duration,
}

/// Where the service is.
#[derive(Debug, Args)]
pub(crate) struct ServiceArguments {
    /// Start an emulator on this machine and use it; no key is needed.
    #[arg(long, conflicts_with_all = ["base_url", "api_key_file"])]
    pub(crate) emulator: bool,

    /// The service's address.
    #[arg(long, value_name = "URL", default_value = typless::wire::Api::PRODUCTION)]
    pub(crate) base_url: String,

    /// A file that holds the key, instead of TYPLESS_API_KEY.
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Let the key and the documents cross the network unencrypted, for an http:// address of another machine.
    #[arg(long)]
    pub(crate) allow_plain_http: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

/// Run an emulator of the service, for clients of any kind, until it is interrupted.
///
/// It reads the documents it is given; any key that is not empty is accepted.
#[derive(Debug, Args)]
pub(crate) struct EmulatorArguments {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8900")]
    pub(crate) listen: SocketAddr,

    /// How long an extraction takes, such as 500ms or 2s.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::parse)]
    pub(crate) pace: Duration,
}
