//! `typless listen`: fetches results when webhook messages name them.

mod known;

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, JobError, JobEventKind, JobKey, PollPolicy, Ticket,
};
use typless::wire::{Extraction, Notification, Webhook, WebhookSecret, printable};
use typless_transports::blocking::Driver;
use typless_transports::ureq::Ureq;
use typless_transports::{Handle, SystemClock};

use super::follow;
use crate::arguments::ListenArguments;
use crate::exit::Exit;
use crate::failure::{CHECK_KEY, Failure};
use crate::ledger;
use crate::output::{self, eprint_message};
use crate::pauses::Pauses;
use crate::progress::Progress;
use crate::receiver;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::Connection;
use crate::work::{Ending, Recorded, Rules, Supervisor, on_interrupt};
use known::Known;

/// How long to wait for a result after its webhook message, at a service that works.
const RESULT_DEADLINE: Duration = Duration::from_mins(10);

/// How long the library follows it: the service deletes it after 48 hours.
const MAX_DEADLINE: Duration = Duration::from_hours(48);

/// Receives messages until interrupted, or until the service refuses the key.
pub(super) fn run(arguments: &ListenArguments) -> Result<Exit, Failure> {
    let webhook = webhook(arguments)?;
    let connection = Connection::for_service(&arguments.service)?;
    let clock = SystemClock::new();
    let options = options(arguments);
    let batch = match ledger::open(&arguments.ledger, &connection)? {
        Some(ledger) => {
            let (session, batch) = ledger.start(&connection.api, options, clock.now());
            Recorded::with_session(batch, session, |state| eprint_message(&state.to_string()))
        }
        None => Recorded::new(Batch::new(&connection.api, options, clock.now())),
    };
    let rules = Rules {
        deadline: Some(RESULT_DEADLINE),
        ..Rules::default()
    };
    let supervisor = Supervisor::new(batch, rules, clock.now());
    let mut driver = Driver::new(supervisor, connection.transport.clone(), clock)
        .with_threads(arguments.limits.max_in_flight.into());

    let known = Known::default();
    let (handle, for_receiver) = (driver.handle(), known.clone());
    let local_addr = receiver::listen(arguments.listen, webhook, move |notification| {
        admit(&handle, &for_receiver, notification)
    })
    .map_err(|error| {
        Failure::invalid_usage(format!(
            "can't listen on {}: {error}: choose another address with --listen",
            arguments.listen
        ))
    })?;
    let handle = driver.handle();
    let first = move || {
        handle.push(|supervisor, now| {
            follow::print_interrupted(0, false);
            supervisor.interrupt(now);
        })
    };
    on_interrupt(first, || {});
    let secret = if arguments.secret_file.is_some() {
        "/<secret>"
    } else {
        ""
    };
    eprint_message(&format!(
        "listening at http://{local_addr}{}{secret}",
        printable(arguments.path.trim_end_matches('/'), 300)
    ));

    run_until_stopped(
        &mut driver,
        clock,
        &mut Printer::new(&arguments.output),
        &known,
    )
}

/// Follows the extractions that messages name, until something ends the command.
fn run_until_stopped(
    driver: &mut Driver<Supervisor, Ureq, SystemClock>,
    clock: SystemClock,
    printer: &mut Printer,
    known: &Known,
) -> Result<Exit, Failure> {
    let (mut pauses, progress) = (Pauses::new(false), Progress::for_queue(true));
    // The first reason to stop.
    let mut end = None;
    // An idle one waits for messages and for the interruption, which closes it.
    while let Ok(Some(event)) = driver.next_event() {
        if let (None, Some(Ending::KeyRefused(error))) = (&end, driver.machine().ending()) {
            end = Some(Err(Failure::service_unavailable(format!(
                "the service refused the request: {error}; {CHECK_KEY}"
            ))));
            print_rest();
        }
        let reason = match event.kind {
            BatchEventKind::Job {
                key,
                event: JobEventKind::Finished(outcome),
                ..
            } => print_outcome(printer, known, key, outcome, end.is_some())
                .err()
                .map(|error| Ok(output::exit_for(&error))),
            BatchEventKind::Paused(pause) => {
                pauses.begin(&pause, &progress);
                None
            }
            BatchEventKind::Resumed { reason, since } => {
                pauses.end(reason, since, clock.now(), &progress);
                None
            }
            _ => None,
        };
        if let (Some(reason), None) = (reason, &end) {
            end = Some(reason);
            if driver.machine().progress().unfinished() > 0 {
                print_rest();
            }
            driver.machine_mut().stop(clock.now());
        }
    }
    end.unwrap_or(Ok(Exit::Interrupted))
}

/// Explains the tickets that follow.
fn print_rest() {
    eprint_message(
        "results that are not fetched yet are left as tickets, lines of JSON: keep them, and \
         continue with `typless resume`",
    );
}

fn webhook(arguments: &ListenArguments) -> Result<Webhook, Failure> {
    let webhook = Webhook::new(&arguments.path).map_err(|error| {
        Failure::invalid_usage(error.to_string().replacen("webhook_path", "--path", 1))
    })?;
    match &arguments.secret_file {
        Some(path) => Ok(webhook.with_secret_in_path(secret(path)?)),
        None => Ok(webhook),
    }
}

fn secret(path: &Path) -> Result<WebhookSecret, Failure> {
    let shown = path.display();
    let secret = fs::read_to_string(path).map_err(|error| {
        Failure::invalid_usage(format!(
            "the secret can't be read from {shown}: {error}: name a readable file with \
             --secret-file"
        ))
    })?;
    WebhookSecret::new(secret.trim()).map_err(|error| {
        Failure::invalid_usage(error.to_string().replacen(
            "webhook_secret",
            &format!("the secret in {shown}"),
            1,
        ))
    })
}

fn options(arguments: &ListenArguments) -> BatchOptions {
    BatchOptions::new()
        .with_seed(RandomState::new().hash_one(0))
        .with_poll_policy(PollPolicy::eager())
        .with_max_in_flight(arguments.limits.max_in_flight.into())
        .with_rate(arguments.limits.rate, Duration::from_secs(1))
        .with_burst(1)
        .with_deadline(MAX_DEADLINE)
        // Messages name what has finished; a listing would add nothing.
        .without_queue()
}

/// Follows an extraction that a message names. Returns false if there are too many.
fn admit(handle: &Handle<Supervisor>, known: &Known, notification: Notification) -> bool {
    let id = notification.extraction_id().clone();
    match known.admit(&id) {
        known::Admission::New => {}
        known::Admission::Known => return true,
        known::Admission::TooMany => return false,
    }
    let known = known.clone();
    handle.push(move |supervisor, now| {
        let ticket = Ticket::new(id.clone(), now, now + MAX_DEADLINE);
        if let Some(key) = supervisor.resume(&ticket, now) {
            known.follow(key, id);
            supervisor.handle_notification(&notification, now);
        } else {
            // The command is about to end, but the sender already has a success response.
            follow::print_ticket(&ticket);
        }
    })
}

/// Prints a result or an error.
fn print_outcome(
    printer: &mut Printer,
    known: &Known,
    key: JobKey,
    outcome: Result<Extraction, JobError>,
    is_ending: bool,
) -> io::Result<()> {
    let id = known.finish(key);
    let outcome = match outcome {
        Err(JobError::Abandoned { ticket }) => {
            ticket.iter().for_each(follow::print_ticket);
            return Ok(());
        }
        // The refusal itself is reported once, for all.
        Err(JobError::Refused {
            ticket: Some(ticket),
            ..
        }) if is_ending => {
            follow::print_ticket(&ticket);
            return Ok(());
        }
        Err(error) => Outcome::Failed(Box::new(Problem::from_job_error(&error))),
        Ok(extraction) => Outcome::Success(extraction),
    };
    let report = Report::new(None, id, outcome);
    let written = printer.write(&report);
    if let Err(error) = &written {
        report.print_write_error(error);
    }
    report.print_error();
    written
}
