//! `typless drain`: results without ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use typless::drive::Clock;
use typless::machine::{Drain, DrainError, DrainEventKind, DrainOptions, RetryPolicy};
use typless::wire::{Extraction, ExtractionId, printable};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;

use crate::arguments::DrainArguments;
use crate::exit::Exit;
use crate::failure::{CHECK_KEY, Failure};
use crate::folder::Folder;
use crate::output::{self, say};
use crate::progress::Progress;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::{ATTEMPTS, Connection};
use crate::summary::Summary;
use crate::work::on_interruption;

/// Fetches what is listed, once or until interrupted.
pub(super) fn run(arguments: &DrainArguments) -> Result<Exit, Failure> {
    let options = options(arguments)?;
    let folder = arguments.out.as_deref().map(Folder::open).transpose()?;
    let connection = Connection::to_service(&arguments.service)?;
    let clock = SystemClock::new();
    let mut drain = Drain::new(&connection.api, options, clock.now());
    if let Some(folder) = &folder {
        folder
            .written()?
            .iter()
            .for_each(|id| drain.acknowledge(id));
        folder
            .begun()?
            .iter()
            .for_each(|id| drain.retry(id, clock.now()));
    }
    let threads = arguments.limits.max_in_flight.into();
    let mut driver = Driver::new(drain, connection.transport.clone(), clock).with_threads(threads);
    let progress = Progress::of_queue(arguments.verbosity.quiet);
    let interrupted = Arc::new(AtomicBool::new(false));
    let (hand, is_interrupted, its_progress) =
        (driver.handle(), interrupted.clone(), progress.clone());
    on_interruption(move || {
        is_interrupted.store(true, Ordering::SeqCst);
        its_progress.suspend(|| {
            say("interrupted: what is being fetched is waited for: Ctrl-C again leaves at once")
        });
        hand.push(|drain, _| drain.close())
    });

    let (printer, summary) = (
        Printer::new(&arguments.output),
        Summary::new(arguments.verbosity.quiet),
    );
    let mut sink = Sink {
        folder,
        printer,
        summary,
        exit: Exit::Success,
        is_watching: arguments.watch.is_some(),
    };
    while let Some(event) = driver.next_event() {
        progress.suspend(|| sink.take(event.kind, driver.machine_mut()));
        progress.queue(
            sink.summary.done(),
            sink.summary.failed,
            &driver.machine().progress(),
        );
    }
    progress.end();
    sink.summary.tell_results();
    Ok(if interrupted.load(Ordering::SeqCst) {
        Exit::Interrupted
    } else {
        sink.exit
    })
}

fn options(arguments: &DrainArguments) -> Result<DrainOptions, Failure> {
    let (in_flight, rate) = (arguments.limits.max_in_flight.into(), arguments.limits.rate);
    let mut options = DrainOptions::new()
        .with_max_in_flight(in_flight)
        .with_rate(rate, rate);
    options = match arguments.watch {
        Some(interval) => options.with_interval(interval),
        // A person waits.
        None => options.with_retry_policy(RetryPolicy::new().with_attempts(ATTEMPTS)),
    };
    match &arguments.customer {
        Some(customer) => options.with_customer(customer).map_err(|error| {
            Failure::wrong_call(error.to_string().replacen("customer", "--customer", 1))
        }),
        None => Ok(options),
    }
}

/// Where results go.
struct Sink {
    folder: Option<Folder>,
    printer: Printer,
    summary: Summary,
    exit: Exit,
    is_watching: bool,
}

impl Sink {
    fn take(&mut self, kind: DrainEventKind, drain: &mut Drain) {
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
                if let Some(folder) = &self.folder {
                    folder.give_up(&extraction_id);
                }
                self.summary.ended(false);
                self.raise(report(extraction_id, Err(reason)).complain());
            }
            DrainEventKind::ListingFailed {
                cause,
                retry_at: None,
            } => {
                self.tell(&format!("the queue can't be read: {cause}; check the base URL and the network, and call again"));
                self.raise(Exit::NoService);
            }
            DrainEventKind::ListingFailed { cause, .. } if self.is_watching => {
                self.tell(&format!("the queue can't be read: {cause}; trying again"));
            }
            DrainEventKind::Paused { cause, .. } => {
                self.tell(&format!("the service is left alone for a while: {cause}"))
            }
            DrainEventKind::KeyRefused { error } => {
                self.tell(&format!(
                    "the service refused the request: {error}; {CHECK_KEY}"
                ));
                self.raise(Exit::NoService);
                drain.close();
            }
            DrainEventKind::CustomerSuspected { .. } => {
                self.tell("nothing is listed for this customer, but something is for others: check how --customer is written");
            }
            _ => {}
        }
    }

    /// From here on the service may list it no more.
    fn begin(&mut self, id: &ExtractionId, drain: &mut Drain) {
        if let Some(Err(error)) = self.folder.as_ref().map(|folder| folder.begin(id)) {
            self.stop(id, &error.to_string(), drain);
        }
    }

    /// Acknowledges a result once it is where it belongs; else it comes again with the next call.
    fn store(
        &mut self,
        id: &ExtractionId,
        extraction: Result<Extraction, DrainError>,
        drain: &mut Drain,
    ) {
        let report = report(id.clone(), extraction);
        match &self.folder {
            Some(folder) => {
                if let Err(error) = folder.write(id, &report.to_json(None)) {
                    return self.stop(id, &error.to_string(), drain);
                }
            }
            None => {
                if let Err(error) = self.printer.write(&report) {
                    // Others that are being fetched come, too; the service may list none of them any more.
                    report.tell_unwritten(&error);
                    drain.close();
                    return self.raise(output::exit_of(&error));
                }
            }
        }
        drain.acknowledge(id);
        let exit = report.complain();
        self.summary.ended(exit == Exit::Success);
        self.raise(exit);
    }

    fn stop(&mut self, id: &ExtractionId, error: &str, drain: &mut Drain) {
        self.tell(&format!("the result of {id} can't be written: {error}: make room, or name another folder with --out"));
        self.raise(Exit::WrongCall);
        drain.close();
    }

    fn tell(&self, sentence: &str) {
        say(&printable(sentence, 1000));
    }

    fn raise(&mut self, exit: Exit) {
        self.exit = self.exit.max(exit);
    }
}

fn report(id: ExtractionId, extraction: Result<Extraction, DrainError>) -> Report {
    let outcome = extraction.map_or_else(
        |error| Outcome::Failed(Box::new(Problem::of_drain(&error))),
        Outcome::Success,
    );
    Report::new(None, Some(id), outcome)
}
