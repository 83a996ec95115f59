//! `typless drain`: fetches results without ids.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use typless::drive::Clock;
use typless::machine::{
    Drain, DrainError, DrainEventKind, DrainOptions, Pause, PauseReason, RetryPolicy,
};
use typless::wire::{Extraction, ExtractionId, ServiceError, printable};
use typless_ledger::Ledger;
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;

use crate::arguments::DrainArguments;
use crate::exit::Exit;
use crate::failure::{CHECK_KEY, Failure};
use crate::folder::Folder;
use crate::ledger;
use crate::output::{self, eprint_message};
use crate::pauses::Pauses;
use crate::progress::Progress;
use crate::report::{Outcome, Printer, Problem, Report, print_kept};
use crate::service::{Connection, MAX_ATTEMPTS};
use crate::summary::Summary;
use crate::work::on_interrupt;

/// Fetches what is listed, once or until interrupted.
pub(super) fn run(arguments: &DrainArguments) -> Result<Exit, Failure> {
    let options = options(arguments)?;
    let folder = arguments.out.as_deref().map(Folder::open).transpose()?;
    let connection = Connection::for_service(&arguments.service)?;
    let ledger = ledger::open(&arguments.ledger, &connection)?;
    let clock = SystemClock::new();
    let mut drain = Drain::new(&connection.api, options, clock.now());
    if let Some(folder) = &folder {
        folder
            .written()?
            .iter()
            .for_each(|id| drain.acknowledge(id));
        folder
            .fetching()?
            .iter()
            .for_each(|id| drain.retry(id, clock.now()));
    }
    let threads = arguments.limits.max_in_flight.into();
    let mut driver = Driver::new(drain, connection.transport.clone(), clock).with_threads(threads);
    let progress = Progress::for_queue(arguments.verbosity.quiet);
    let interrupted = Arc::new(AtomicBool::new(false));
    let (handle, is_interrupted, its_progress) =
        (driver.handle(), interrupted.clone(), progress.clone());
    let first = move || {
        is_interrupted.store(true, Ordering::SeqCst);
        its_progress.suspend(|| {
            eprint_message(
                "interrupted: waiting for the fetches in flight: press Ctrl-C again to exit \
                 immediately",
            );
        });
        handle.push(|drain, _| drain.close())
    };
    on_interrupt(first, || {});

    let (printer, summary) = (
        Printer::new(&arguments.output),
        Summary::new(arguments.verbosity.quiet),
    );
    let mut sink = Sink {
        folder,
        ledger,
        printer,
        summary,
        exit: Exit::Success,
        is_watching: arguments.watch.is_some(),
        is_key_accepted: false,
    };
    let mut pauses = Pauses::new(arguments.verbosity.quiet);
    // It never needs input: it waits for its next listing, or is closed.
    while let Ok(Some(event)) = driver.next_event() {
        match event.kind {
            DrainEventKind::Paused(pause) if !sink.ends_by(&pause) => {
                pauses.begin(&pause, &progress);
            }
            DrainEventKind::Resumed { reason, since } => {
                pauses.end(reason, since, clock.now(), &progress);
            }
            kind => progress.suspend(|| sink.take(kind, driver.machine_mut())),
        }
        progress.queue(
            sink.summary.done(),
            sink.summary.failed,
            &driver.machine().progress(),
        );
    }
    progress.end();
    sink.summary.print_results();
    Ok(if interrupted.load(Ordering::SeqCst) {
        Exit::Interrupted
    } else {
        sink.exit.for_call(sink.is_key_accepted)
    })
}

fn options(arguments: &DrainArguments) -> Result<DrainOptions, Failure> {
    let (in_flight, rate) = (arguments.limits.max_in_flight.into(), arguments.limits.rate);
    let mut options = DrainOptions::new()
        .with_max_in_flight(in_flight)
        .with_rate(rate, 1);
    options = match arguments.watch {
        Some(interval) => options.with_interval(interval),
        // A person waits for it.
        None => options.with_retry_policy(RetryPolicy::new().with_attempts(MAX_ATTEMPTS)),
    };
    match &arguments.customer {
        Some(customer) => options.with_customer(customer).map_err(|error| {
            Failure::invalid_usage(error.to_string().replacen("customer", "--customer", 1))
        }),
        None => Ok(options),
    }
}

/// Where results go, and the status so far.
struct Sink {
    folder: Option<Folder>,
    /// Until it can't be written.
    ledger: Option<Ledger>,
    printer: Printer,
    summary: Summary,
    exit: Exit,
    is_watching: bool,
    /// Whether the service has accepted the key.
    is_key_accepted: bool,
}

impl Sink {
    /// Whether a pause ends the command. With `--watch`, a key that was accepted may be accepted
    /// again; otherwise nobody waits for that.
    fn ends_by(&self, pause: &Pause) -> bool {
        pause.reason == PauseReason::KeyRefused && !(self.is_watching && self.is_key_accepted)
    }

    fn take(&mut self, kind: DrainEventKind, drain: &mut Drain) {
        self.is_key_accepted |= matches!(
            kind,
            DrainEventKind::ListingReceived { .. } | DrainEventKind::Extracted { .. }
        );
        match kind {
            DrainEventKind::FetchDue { extraction_id, .. } => self.begin(&extraction_id, drain),
            DrainEventKind::Extracted {
                extraction_id,
                extraction,
                ..
            } => self.store(&extraction_id, extraction, drain),
            DrainEventKind::SetAside {
                extraction_id,
                reason,
                ..
            } => {
                let report = report(extraction_id.clone(), Err(reason));
                if let Err(error) = self.keep_raw(&report) {
                    return self.stop(&extraction_id, &error.to_string(), drain);
                }
                if let Some(folder) = &self.folder {
                    folder.clear_fetching(&extraction_id);
                }
                self.summary.count(false);
                self.raise_exit(report.print_error());
            }
            DrainEventKind::ListingFailed {
                cause,
                retry_at: None,
            } => {
                self.print(&format!(
                    "the listing failed: {cause}; check the base URL and the network, and try again"
                ));
                self.raise_exit(Exit::ServiceUnavailable);
            }
            DrainEventKind::ListingFailed { cause, .. } if self.is_watching => {
                self.print(&format!("the listing failed: {cause}; retrying"));
            }
            DrainEventKind::Paused(Pause { cause, .. }) => {
                self.print(&format!(
                    "the service refused the request: {cause}; {CHECK_KEY}"
                ));
                self.raise_exit(Exit::ServiceUnavailable);
                drain.close();
            }
            DrainEventKind::CustomerSuspected { .. } => {
                self.print(
                    "nothing is listed for this customer, but there are results for others: check \
                     the spelling of --customer",
                );
            }
            _ => {}
        }
    }

    /// Once a fetch begins, the service may stop listing the extraction.
    fn begin(&mut self, id: &ExtractionId, drain: &mut Drain) {
        if let Some(Err(error)) = self.folder.as_ref().map(|folder| folder.mark_fetching(id)) {
            self.stop(id, &error.to_string(), drain);
        }
    }

    /// Acknowledges a result once it is written; otherwise the next run fetches it again.
    fn store(
        &mut self,
        id: &ExtractionId,
        extraction: Result<Extraction, DrainError>,
        drain: &mut Drain,
    ) {
        let fetched = match &extraction {
            Ok(extraction) => Some(Ok(extraction.clone())),
            Err(DrainError::Failed { error }) => Some(Err(error.clone())),
            Err(_) => None,
        };
        let report = report(id.clone(), extraction);
        match &self.folder {
            Some(folder) => {
                if let Err(error) = folder.write(id, &report.to_json(None)) {
                    return self.stop(id, &error.to_string(), drain);
                }
            }
            None => {
                if let Err(error) = self.printer.write(&report) {
                    // Other fetches in flight still finish; the service may stop listing them.
                    report.print_write_error(&error);
                    drain.close();
                    return self.raise_exit(output::exit_for(&error));
                }
            }
        }
        drain.acknowledge(id);
        if let Some(fetched) = fetched {
            self.remember(id, &fetched);
        }
        let exit = report.print_error();
        self.summary.count(exit == Exit::Success);
        self.raise_exit(exit);
    }

    /// Stores the outcome of a document that the ledger knows. Where that fails, the next call with
    /// the document fetches it again.
    fn remember(&mut self, id: &ExtractionId, fetched: &Result<Extraction, ServiceError>) {
        let Some(ledger) = &self.ledger else { return };
        let now = SystemClock::new().now();
        if let Err(error) = ledger.note_fetched(id, fetched.as_ref(), now) {
            self.print(&format!("{error}: results are not remembered from here on"));
            self.ledger = None;
        }
    }

    /// Keeps a response that can't be read, since the service may list it no more.
    fn keep_raw(&mut self, report: &Report) -> io::Result<()> {
        let Some((id, bytes)) = report.raw() else {
            return Ok(());
        };
        match &self.folder {
            Some(folder) => {
                let kept = folder.keep(id, bytes);
                print_kept(id, &kept);
                kept.map(drop)
            }
            None => self.printer.write(report),
        }
    }

    fn stop(&mut self, id: &ExtractionId, error: &str, drain: &mut Drain) {
        self.print(&format!(
            "the result of {id} can't be written: {error}: free some space, or name another \
             folder with --out"
        ));
        self.raise_exit(Exit::InvalidUsage);
        drain.close();
    }

    fn print(&self, sentence: &str) {
        eprint_message(&printable(sentence, 1000));
    }

    fn raise_exit(&mut self, exit: Exit) {
        self.exit = self.exit.max(exit);
    }
}

fn report(id: ExtractionId, extraction: Result<Extraction, DrainError>) -> Report {
    let outcome = extraction.map_or_else(
        |error| Outcome::Failed(Box::new(Problem::from_drain_error(&error))),
        Outcome::Success,
    );
    Report::new(None, Some(id), outcome)
}
