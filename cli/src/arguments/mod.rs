//! The command line.

mod ledger;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use typless_emulator::{Pace, WebhookOptions};

use crate::{address, duration, fraction, pace};
pub(crate) use ledger::{LedgerAction, LedgerArguments, LedgerCommand, RerunArguments};

/// Extract data from documents with Typless.
///
/// The API key comes from the environment variable TYPLESS_API_KEY or from --api-key-file.
///
/// Exit status: 0 success; 1 a document has no result; 2 invalid usage; 3 nothing was accepted: the
/// service could not be reached, refused the request or never responded usefully; 130 interrupted
/// by Ctrl-C or SIGTERM. With several problems: 130, else 1, else 2.
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
    Ledger(LedgerCommand),
}

/// Submit documents, wait, and print each result as soon as it is known.
///
/// Ctrl-C prints a ticket to standard error for each document that was submitted and is not
/// finished, as lines of JSON for `typless resume`. Submits in flight are awaited, and polls for up
/// to a second; a second Ctrl-C exits immediately, and then it is unknown whether they were
/// submitted. A document that takes longer than --deadline also gets a ticket.
///
/// A pause of several seconds, an outage, and a key that is refused after it was accepted end
/// nothing: each is reported on standard error when it begins and when it is over. A key that is
/// refused from the start, and a service that cannot be reached at all, end the call.
///
/// Exit status: 0 success; 1 a document has no result; 2 invalid usage; 3 nothing was accepted: the
/// service could not be reached, refused the request or never responded usefully; 130 interrupted.
/// With several problems: 130, else 1, else 2.
#[derive(Debug, Args)]
pub(crate) struct ExtractArguments {
    #[command(flatten)]
    pub(crate) documents: DocumentArguments,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    /// Start an emulator on this machine and use it; no API key is needed.
    #[arg(long, conflicts_with_all = ["base_url", "api_key_file"])]
    pub(crate) emulator: bool,

    /// A document type for the emulator, as a JSON file; may be given several times.
    #[arg(long, value_name = "FILE", requires = "emulator")]
    pub(crate) document_type_file: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) rerun: RerunArguments,

    #[command(flatten)]
    pub(crate) ledger: LedgerArguments,

    #[command(flatten)]
    pub(crate) follow: FollowArguments,
}

/// Submit documents, and print a ticket for each, a line of JSON, as soon as the service has
/// accepted it.
///
/// Does not wait for results: continue with `typless resume`, on this machine or another. Ctrl-C
/// exits once the submits in flight have a response; a second Ctrl-C exits immediately, and reports
/// what is then unknown. Pauses and outages are reported on standard error, and waited for.
///
/// Exit status: 0 all were submitted; 1 some were not, or it is unknown whether they were; 2
/// invalid usage; 3 none was: the service could not be reached, refused the request or never
/// responded usefully; 130 interrupted. With several problems: 130, else 1, else 2.
#[derive(Debug, Args)]
pub(crate) struct SubmitArguments {
    #[command(flatten)]
    pub(crate) documents: DocumentArguments,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    #[command(flatten)]
    pub(crate) rerun: RerunArguments,

    #[command(flatten)]
    pub(crate) ledger: LedgerArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) verbosity: VerbosityArguments,

    #[command(flatten)]
    pub(crate) end: EndArguments,
}

/// Continue with documents that were submitted, and print their results.
///
/// The deadline in a ticket is ignored; --deadline counts. Ctrl-C prints the tickets that are not
/// finished to standard error; a second Ctrl-C exits immediately.
///
/// Exit status: 0 success; 1 a document has no result; 2 invalid usage; 3 nothing was accepted: the
/// service could not be reached, refused the request or never responded usefully; 130 interrupted.
/// With several problems: 130, else 1, else 2.
#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// A file of tickets, one line of JSON each, as `typless submit` prints them, or everything
    /// that an interrupted run wrote to standard error; - is standard input.
    #[arg(value_name = "TICKET-FILE")]
    pub(crate) tickets: PathBuf,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    #[command(flatten)]
    pub(crate) ledger: LedgerArguments,

    #[command(flatten)]
    pub(crate) follow: FollowArguments,
}

/// Poll one extraction once, and print its result if it has one, else its status.
///
/// Exit status: 0 it succeeded or is in progress; 1 it failed, expired or is not known; 2 invalid
/// usage; 3 the service could not be reached or refused the request.
#[derive(Debug, Args)]
pub(crate) struct GetArguments {
    /// The extraction id, as the service returned it.
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// List the ids of the extractions that have finished, successfully or not, and have not expired.
///
/// An unknown customer gets an empty list.
///
/// Exit status: 0 success, even if the list is empty; 2 invalid usage; 3 the service could not be
/// reached or refused the request.
#[derive(Debug, Args)]
pub(crate) struct AwaitingArguments {
    /// Only those submitted for this customer.
    #[arg(long)]
    pub(crate) customer: Option<String>,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    /// How to print the ids: one per line, or one line of JSON for each.
    #[arg(long, value_enum, default_value_t = ListFormat::Lines)]
    pub(crate) format: ListFormat,
}

/// Fetch all results in the service's queue, no matter which client submitted the documents, and
/// print each or write it to a file.
///
/// No ids are needed. A result that was written is not fetched again while the service lists it.
/// A pause or an outage is reported on standard error, and waited for; with --watch, so is a key
/// that is refused after it was accepted.
///
/// With --out, each result goes to its own file, named after the extraction id. The file
/// appears there complete or not at all. Files that exist are not fetched again, and a fetch that
/// was interrupted is made again. Ctrl-C waits for the fetches in flight; a second Ctrl-C exits
/// immediately.
///
/// A result that can't be read is kept as it came: in <ID>.raw in that folder; without --out in
/// JSON as error.raw_base64, in other formats in a file in the current folder.
///
/// Exit status: 0 success, even if the queue was empty; 1 an extraction failed, or its result could
/// not be fetched; 2 invalid usage; 3 the service could not be reached, refused the request or
/// never responded usefully; 130 interrupted. With several problems: 130, else 1, else 2.
#[derive(Debug, Args)]
pub(crate) struct DrainArguments {
    /// Only what was submitted for this customer.
    #[arg(long)]
    pub(crate) customer: Option<String>,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    /// Run until interrupted, and list the queue at this interval, such as 30s or 5m; at least 1s.
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        default_missing_value = "30s",
        value_parser = duration::parse
    )]
    pub(crate) watch: Option<Duration>,

    /// Write each result as a JSON file into this folder, and print nothing.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["format", "min_confidence"])]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) ledger: LedgerArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    #[command(flatten)]
    pub(crate) verbosity: VerbosityArguments,
}

/// Receive the service's webhook messages, fetch the result of each, and print it, until
/// interrupted.
///
/// A message is not proof, so each result is fetched with the API key; an extraction that was named
/// before is not fetched again. The server speaks plain HTTP: put it behind a proxy that speaks
/// HTTPS. Ctrl-C prints a ticket to standard error for each result that is not fetched yet, as
/// lines of JSON for `typless resume`; a second Ctrl-C exits immediately. A pause, an outage, or a
/// key that is refused after it was accepted is reported on standard error, and waited for.
///
/// Exit status: 0 standard output was closed; 2 invalid usage; 3 the service refused the request;
/// 130 interrupted.
#[derive(Debug, Args)]
pub(crate) struct ListenArguments {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    pub(crate) listen: SocketAddr,

    /// The path that messages are posted to.
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(crate) path: String,

    /// A file that contains a secret. The secret is the last part of the webhook URL that the
    /// service is given; requests without it are rejected.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) service: ServiceArguments,

    #[command(flatten)]
    pub(crate) ledger: LedgerArguments,

    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Run an emulator of the service, for clients of any kind, until it is interrupted.
///
/// It reads the documents it is given, and accepts any API key that is not empty. Everything random
/// follows from the seed.
#[derive(Debug, Args)]
pub(crate) struct EmulatorArguments {
    /// Where to listen; port 0 picks a free one.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8900",
        value_parser = address::parse
    )]
    pub(crate) listen: SocketAddr,

    /// How long an extraction takes: a fixed time, such as 500ms or 2s; a random time, such as
    /// lognormal:20s:0.8 (median and sigma); or a mixture with weights, such as
    /// 0.95*lognormal:8s:0.5+0.05*5m.
    #[arg(long, value_name = "PACE", default_value = "2s", value_parser = pace::parse)]
    pub(crate) pace: Pace,

    /// Let the pace drift: once in each period it grows to this many times its value and comes
    /// back, such as 3:24h.
    #[arg(long, value_name = "FACTOR:TIME", value_parser = pace::parse_drift)]
    pub(crate) drift: Option<(f64, Duration)>,

    /// Work on at most this many documents at the same time; further ones wait.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) workers: Option<u32>,

    /// Post a message to this http:// address for each extraction that has finished.
    #[arg(long, value_name = "URL", value_parser = WebhookOptions::new)]
    pub(crate) webhook: Option<WebhookOptions>,

    /// How long after an extraction finishes its message is posted; the format is that of --pace.
    #[arg(long, value_name = "PACE", requires = "webhook", value_parser = pace::parse)]
    pub(crate) webhook_delay: Option<Pace>,

    /// Lose this fraction of the messages, from 0 to 1.
    #[arg(long, value_name = "FRACTION", requires = "webhook", value_parser = fraction::parse)]
    pub(crate) webhook_loss: Option<f64>,

    /// Post this fraction of the messages twice, from 0 to 1.
    #[arg(long, value_name = "FRACTION", requires = "webhook", value_parser = fraction::parse)]
    pub(crate) webhook_duplicate: Option<f64>,

    /// Delay this fraction of the messages by this time, so that later ones overtake them, such as
    /// 0.1:5s.
    #[arg(
        long,
        value_name = "FRACTION:TIME",
        requires = "webhook",
        value_parser = fraction::parse_with_time
    )]
    pub(crate) webhook_reorder: Option<(f64, Duration)>,

    /// Keep an extraction in the queue after its result was fetched, until it expires. By default
    /// it leaves the queue; which of the two the service does is not documented.
    #[arg(long)]
    pub(crate) keep_fetched: bool,

    /// Respond with 429 to more than this many requests per second with one API key; Retry-After
    /// says how long to wait.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) rate_limit: Option<u32>,

    /// Let this fraction of all requests fail, from 0 to 1, with every kind of network and service
    /// fault.
    #[arg(long, value_name = "FRACTION", default_value = "0", value_parser = fraction::parse)]
    pub(crate) fault_rate: f64,

    /// The seed for everything random.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// A document type, as a JSON file; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) document_type_file: Vec<PathBuf>,
}

/// What is submitted.
#[derive(Debug, Args)]
pub(crate) struct DocumentArguments {
    /// The documents: PDF, JPG, PNG or TIFF. A folder stands for all documents in it and in its
    /// subfolders, sorted by name, without hidden ones (names that begin with a dot). Where folders
    /// overlap, or contain links to files, each file is submitted once.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The document type, which defines the fields to extract.
    #[arg(long, value_name = "NAME")]
    pub(crate) document_type: String,

    /// The customer the documents belong to, where several customers share one API key.
    #[arg(long)]
    pub(crate) customer: Option<String>,
}

/// How documents are followed to their results.
#[derive(Debug, Args)]
pub(crate) struct FollowArguments {
    #[command(flatten)]
    pub(crate) limits: LimitArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    #[command(flatten)]
    pub(crate) verbosity: VerbosityArguments,

    /// Write each result as a JSON file into this folder, named after the extraction id, and print
    /// nothing. A file appears there complete or not at all; what is there is not fetched again.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["results", "format", "min_confidence"])]
    pub(crate) out: Option<PathBuf>,

    /// Append each result to this file, as a line of JSON, and print nothing. Each extraction has
    /// one line, however often the command is ended and run again.
    #[arg(
        id = "results",
        long = "output",
        value_name = "FILE",
        conflicts_with_all = ["format", "min_confidence"]
    )]
    pub(crate) results: Option<PathBuf>,

    /// How long to wait for each document once its turn has come, such as 90s, 10m or 2h. Only the
    /// time at a service that works counts: it stands still in a pause or an outage.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    pub(crate) deadline: Duration,

    #[command(flatten)]
    pub(crate) end: EndArguments,
}

/// Which service to use.
#[derive(Debug, Args)]
pub(crate) struct ServiceArguments {
    /// The service's address.
    #[arg(long, value_name = "URL", default_value = typless::wire::Api::PRODUCTION)]
    pub(crate) base_url: String,

    /// A file that contains the API key, instead of TYPLESS_API_KEY.
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Allow an http:// address on another machine. The API key and the documents are then sent
    /// unencrypted.
    #[arg(long)]
    pub(crate) allow_plain_http: bool,

    /// Use this version of the service's API, such as v1.
    #[arg(long, value_name = "VERSION")]
    pub(crate) api_version: Option<String>,
}

/// Limits on requests.
#[derive(Debug, Args)]
pub(crate) struct LimitArguments {
    /// The maximum number of requests in flight at the same time.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 8,
        value_parser = value_parser!(u16).range(1..=256)
    )]
    pub(crate) max_in_flight: u16,

    /// The maximum number of requests in any second.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = value_parser!(u32).range(1..)
    )]
    pub(crate) rate: u32,
}

/// When the whole call ends.
#[derive(Debug, Args)]
pub(crate) struct EndArguments {
    /// End the whole call after this time, such as 30m or 2h, pauses and outages included. Then
    /// nothing new is sent, responses to what was sent are awaited, and each unfinished document
    /// is reported, with its ticket if it was submitted. Without this option the call waits as
    /// long as an outage lasts.
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) give_up_after: Option<Duration>,
}

/// How results are printed.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// How to print each result: a table for people; one line of JSON per document, where `index`
    /// is the document's position on the command line; or CSV with one header and one row per
    /// value, where an apostrophe precedes anything that a spreadsheet would take for a formula.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// The minimum confidence, from 0 to 1, such as 0.8. Values below it are listed for review, and
    /// left out of the table.
    #[arg(long, value_name = "SCORE", value_parser = fraction::parse)]
    pub(crate) min_confidence: Option<f64>,
}

/// What is printed besides the results.
#[derive(Debug, Args)]
pub(crate) struct VerbosityArguments {
    /// Print neither the progress, which only a terminal shows, nor pauses, nor the summary. Errors
    /// and tickets are still printed.
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
