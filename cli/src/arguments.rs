//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use typless_emulator::{Pace, WebhookOptions};

use crate::{address, duration, pace, share};

/// Extract data from documents with Typless.
///
/// The key comes from the environment variable TYPLESS_API_KEY or from --api-key-file.
///
/// Exit status: 0 all is well; 1 a document failed; 2 the call was wrong; 3 the service could not be reached or refused us; 130 interrupted, with Ctrl-C or SIGTERM. With several
/// documents, the highest.
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
    Drain(DrainArguments),
    Listen(ListenArguments),
    Emulator(EmulatorArguments),
}

/// Submit documents, wait, and print what the service read in each, as soon as it is known.
///
/// Ctrl-C prints a ticket for each document that was submitted and is not done to the standard error, as lines of JSON for `typless resume`; a second one leaves at once. There is a ticket, too, for each
/// that took longer than --deadline.
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
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    #[command(flatten)]
    pub(crate) verbosity: VerbosityArguments,

    /// How long to wait for each document once its turn has come, such as 90s, 10m or 2h.
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

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) verbosity: VerbosityArguments,
}

/// Go on with documents that were submitted, and print what the service read in them.
///
/// Ctrl-C prints the tickets that are not done to the standard error; a second one leaves at once.
///
/// Exit status: 0 all is well; 1 a document failed; 2 the call was wrong; 3 the service could not be reached or refused us; 130 interrupted. With several documents, the highest.
#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// A file of tickets, a line of JSON each, as `typless submit` prints them, or all that the standard error told of a call that was interrupted; - is the standard input.
    #[arg(value_name = "TICKET-FILE")]
    pub(crate) tickets: PathBuf,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    #[command(flatten)]
    pub(crate) verbosity: VerbosityArguments,

    /// How long to wait for each document, such as 90s, 10m or 2h, whatever its ticket says.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    pub(crate) deadline: Duration,
}

/// Poll one extraction, once, and print its result if it is there, else its status.
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

/// Fetch all results that wait in the service's queue, whoever submitted the documents, and print each or write it to a file.
///
/// No ids are needed. A result that was written is not fetched again while the service lists it. With --out, each goes to a file of its own, named after the extraction, which appears there whole or not
/// at all; files that are there already are not fetched again, and a call that was ended in the middle of one begins it anew. Ctrl-C waits for what is being fetched, a second one leaves at once.
///
/// Exit status: 0 all is well, even if there was nothing; 1 an extraction failed, or its result could not be fetched; 2 the call was wrong; 3 the service could not be reached or refused us;
/// 130 interrupted.
#[derive(Debug, Args)]
pub(crate) struct DrainArguments {
    /// Only what was submitted for this customer.
    #[arg(long)]
    pub(crate) customer: Option<String>,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    /// Go on until interrupted, and poll the queue this often, such as 30s or 5m.
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "30s", value_parser = duration::parse)]
    pub(crate) watch: Option<Duration>,

    /// Write each result as a file of JSON into this folder, and print nothing.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["format", "min_confidence"])]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    #[command(flatten)]
    pub(crate) verbosity: VerbosityArguments,
}

/// Receive the service's webhook messages, fetch the result of each, and print it, until interrupted.
///
/// Messages prove nothing, so each result is fetched with our key; an extraction that was named before is not fetched again. It speaks plain HTTP: put it behind a proxy that speaks HTTPS. Ctrl-C prints a
/// ticket for each result that is not there yet to the standard error, as lines of JSON for `typless resume`; a second one leaves at once.
///
/// Exit status: 2 the call was wrong; 3 the service refused us; 130 interrupted.
#[derive(Debug, Args)]
pub(crate) struct ListenArguments {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    pub(crate) listen: SocketAddr,

    /// The path that messages are posted to.
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(crate) path: String,

    /// A file that holds a secret, which is the last part of the path that the service is told: anything else is turned away.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Run an emulator of the service, for clients of any kind, until it is interrupted.
///
/// It reads the documents it is given; any key that is not empty is accepted. What happens by chance follows from the seed.
#[derive(Debug, Args)]
pub(crate) struct EmulatorArguments {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8900", value_parser = address::parse)]
    pub(crate) listen: SocketAddr,

    /// How long an extraction takes: always as long, such as 500ms or 2s; by chance, such as lognormal:20s:0.8 (median and sigma); or one of several by their weights, such as
    /// 0.95*lognormal:8s:0.5+0.05*5m.
    #[arg(long, value_name = "PACE", default_value = "2s", value_parser = pace::parse)]
    pub(crate) pace: Pace,

    /// Let the pace drift: it gets this many times as long and comes back, once in each period, such as 3:24h.
    #[arg(long, value_name = "FACTOR:TIME", value_parser = pace::parse_drift)]
    pub(crate) drift: Option<(f64, Duration)>,

    /// Work on so many documents at once; further ones wait for their turn.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) workers: Option<u32>,

    /// Post a message to this http:// address for each extraction that has finished.
    #[arg(long, value_name = "URL", value_parser = WebhookOptions::new)]
    pub(crate) webhook: Option<WebhookOptions>,

    /// How long after the end of an extraction its message is posted; written as --pace is.
    #[arg(long, value_name = "PACE", requires = "webhook", value_parser = pace::parse)]
    pub(crate) webhook_delay: Option<Pace>,

    /// Lose this share of the messages, from 0 to 1.
    #[arg(long, value_name = "SHARE", requires = "webhook", value_parser = share::parse)]
    pub(crate) webhook_lost: Option<f64>,

    /// Post this share of the messages twice, from 0 to 1.
    #[arg(long, value_name = "SHARE", requires = "webhook", value_parser = share::parse)]
    pub(crate) webhook_doubled: Option<f64>,

    /// Hold this share of the messages back for so long that others overtake them, such as 0.1:5s.
    #[arg(long, value_name = "SHARE:TIME", requires = "webhook", value_parser = share::parse_with_time)]
    pub(crate) webhook_overtaken: Option<(f64, Duration)>,

    /// Leave an extraction on the queue when its result was read, until it expires. Else reading takes it off; which of the two the service does is not documented.
    #[arg(long)]
    pub(crate) queue_keeps_read: bool,

    /// Refuse more than so many requests per second of one key with 429, and say in Retry-After how long to wait.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) rate_limit: Option<u32>,

    /// Let this share of all exchanges fail, from 0 to 1, in all ways that networks and busy services know.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share::parse)]
    pub(crate) fault_rate: f64,

    /// What everything that happens by chance follows from.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// A document type, as JSON; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) document_type_file: Vec<PathBuf>,
}

/// What is submitted.
#[derive(Debug, Args)]
pub(crate) struct DocumentArguments {
    /// The documents: PDF, JPG, PNG or TIFF. A folder stands for all of them in it and in its folders, in the order of their names, but for what is hidden: names that begin with a dot.
    /// Where folders overlap, or hold links to files, each file is taken once.
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

/// How much is asked of the service.
#[derive(Debug, Args)]
pub(crate) struct LimitArguments {
    /// The most requests under way at the same time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..=256))]
    pub(crate) max_in_flight: u16,

    /// The most requests per second.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
}

/// How results are printed.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// How to print the results, each as soon as it is there: a table for people, a line of JSON for each document with its place in the call as `index`, or CSV with a row for each
    /// value, below one header, and an apostrophe before what a spreadsheet would take for a formula.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// The least confidence, from 0 to 1, such as 0.8: values below it are listed for review; in the table they are not shown as found.
    #[arg(long, value_name = "SCORE", value_parser = share::parse)]
    pub(crate) min_confidence: Option<f64>,
}

/// What is told beside the results.
#[derive(Debug, Args)]
pub(crate) struct VerbosityArguments {
    /// Show neither the progress, which only a terminal shows, nor the summary at the end. What goes wrong is told all the same, and so are tickets.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Lines,
    Json,
}
