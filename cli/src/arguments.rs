//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{confidence, duration};

/// Extract data from documents with Typless.
///
/// The key comes from the environment variable TYPLESS_API_KEY or from --api-key-file.
///
/// Exit status: 0 all is well; 1 a document failed; 2 the call was wrong; 3 the service could not be reached or refused us; 130 interrupted with Ctrl-C. With several documents,
/// the highest.
#[derive(Debug, Parser)]
#[command(name = "typless", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Extract(ExtractArguments),
    Submit(SubmitArguments),
    Resume(ResumeArguments),
    Get(GetArguments),
    Awaiting(AwaitingArguments),
    Emulator(EmulatorArguments),
}

/// Submit documents, wait, and print what the service read in them.
///
/// Ctrl-C prints a ticket for each document that was submitted and is not done to the standard error, as lines of JSON for `typless resume`; a second one leaves at once.
///
/// Exit status: 0 all is well; 1 a document failed; 2 the call was wrong; 3 the service could not be reached or refused us; 130 interrupted. With several documents, the highest.
#[derive(Debug, Args)]
pub(crate) struct ExtractArguments {
    #[command(flatten)]
    pub(crate) documents: DocumentArguments,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    /// Start an emulator on this machine and use it; no key is needed.
    #[arg(long, conflicts_with_all = ["base_url", "api_key_file"])]
    pub(crate) emulator: bool,

    /// A document type for the emulator, as JSON; may be given several times.
    #[arg(long, value_name = "FILE", requires = "emulator")]
    pub(crate) document_type_file: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    /// How long to wait for each document, such as 90s, 10m or 2h.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    pub(crate) deadline: Duration,
}

/// Submit documents, and print a ticket for each, a line of JSON, as soon as the service has taken it.
///
/// Does not wait for results: go on with `typless resume`, on this machine or another. Ctrl-C leaves once the submits that are out are answered, a second one at once.
///
/// Exit status: 0 all were submitted; 1 it is unknown whether a document was submitted; 2 the call was wrong; 3 the service could not be reached or refused us; 130 interrupted. With
/// several documents, the highest.
#[derive(Debug, Args)]
pub(crate) struct SubmitArguments {
    #[command(flatten)]
    pub(crate) documents: DocumentArguments,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,
}

/// Go on with documents that were submitted, and print what the service read in them.
///
/// Ctrl-C prints the tickets that are not done to the standard error; a second one leaves at once.
///
/// Exit status: 0 all is well; 1 a document failed; 2 the call was wrong; 3 the service could not be reached or refused us; 130 interrupted. With several documents, the highest.
#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// A file of tickets, a line of JSON each, as `typless submit` prints them; - is the standard input.
    #[arg(value_name = "TICKET-FILE")]
    pub(crate) tickets: PathBuf,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    /// How long to wait for each document, such as 90s, 10m or 2h, whatever its ticket says.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    pub(crate) deadline: Duration,
}

/// Look at one extraction, once, and print its result if it is there, else its status.
///
/// Exit status: 0 it succeeded or is in progress; 1 it failed, expired or is not known; 2 the call was wrong; 3 the service could not be reached or refused us.
#[derive(Debug, Args)]
pub(crate) struct GetArguments {
    /// The extraction's id, as the service named it.
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Print the ids of the extractions that have finished, well or badly, and have not expired.
///
/// An empty list can't be told from that of a customer that was never named at a submit.
///
/// Exit status: 0 all is well, even if there are none; 2 the call was wrong; 3 the service could not be reached or refused us.
#[derive(Debug, Args)]
pub(crate) struct AwaitingArguments {
    /// Only those submitted for this customer.
    #[arg(long)]
    pub(crate) customer: Option<String>,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    /// How to print the ids: one per line, or a line of JSON for each.
    #[arg(long, value_enum, default_value_t = ListFormat::Lines)]
    pub(crate) format: ListFormat,
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

    /// A document type, as JSON; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) document_type_file: Vec<PathBuf>,
}

/// What is submitted.
#[derive(Debug, Args)]
pub(crate) struct DocumentArguments {
    /// The documents: PDF, JPG, PNG or TIFF.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The document type, which says which fields are wanted.
    #[arg(long, value_name = "NAME")]
    pub(crate) document_type: String,

    /// The company the documents belong to, where several share one key.
    #[arg(long)]
    pub(crate) customer: Option<String>,
}

/// Where the service is.
#[derive(Debug, Args)]
pub(crate) struct ServiceArguments {
    /// The service's address.
    #[arg(long, value_name = "URL", default_value = typless::wire::Api::PRODUCTION)]
    pub(crate) base_url: String,

    /// A file that holds the key, instead of TYPLESS_API_KEY.
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Let the key and the documents cross the network unencrypted, for an http:// address of another machine.
    #[arg(long)]
    pub(crate) allow_plain_http: bool,

    /// Use the paths of this version of the service, such as v1.
    #[arg(long, value_name = "VERSION")]
    pub(crate) version_prefix: Option<String>,
}

/// How results are printed.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// How to print the results: a table for people, or a line of JSON for each document.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// The least confidence, from 0 to 1, such as 0.8: values below it are listed for review; in the table they are not shown as found.
    #[arg(long, value_name = "SCORE", value_parser = confidence::parse)]
    pub(crate) min_confidence: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Lines,
    Json,
}
