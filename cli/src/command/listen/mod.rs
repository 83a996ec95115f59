//! `typless listen`: fetches results when webhook messages name them.

mod known;

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, JobError, JobEventKind, JobKey, PollPolicy, Ticket, Time,
};
use typless::wire::{Extraction, Notification, Webhook, WebhookSecret, printable};
use typless_transports::SystemClock;
use typless_transports::blocking::{Driver, Handle};
use typless_transports::ureq::Ureq;

use super::follow;
use crate::arguments::ListenArguments;
use crate::exit::Exit;
use crate::failure::{CHECK_KEY, Failure};
use crate::output::{self, eprint_message};
use crate::receiver;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::Connection;
use crate::work::{abandon_all, on_interrupt};
use known::Known;

/// How long to wait for a result after its webhook message.
const RESULT_DEADLINE: Duration = Duration::from_mins(10);

/// Receives messages until interrupted, or until the service refuses the key.
pub(super) fn run(arguments: &ListenArguments) -> Result<Exit, Failure> {
    let webhook = webhook(arguments)?;
    let connection = Connection::for_service(&arguments.service)?;
    let clock = SystemClock::new();
    let batch = Batch::new(&connection.api, options(arguments), clock.now());
    let mut driver = Driver::new(batch, connection.transport.clone(), clock)
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
    let interrupted = Arc::new(AtomicBool::new(false));
    let (handle, is_interrupted) = (driver.handle(), interrupted.clone());
    on_interrupt(move || {
        handle.push(move |batch, now| {
            is_interrupted.store(true, Ordering::SeqCst);
            follow::print_interrupted(0, false);
            abandon_all(batch, now);
        })
    });
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
        &interrupted,
    )
}

/// Follows the extractions that messages name, until something ends the command.
fn run_until_stopped(
    driver: &mut Driver<Batch, Ureq, SystemClock>,
    clock: SystemClock,
    printer: &mut Printer,
    known: &Known,
    interrupted: &AtomicBool,
) -> Result<Exit, Failure> {
    loop {
        // The first reason to stop.
        let mut end = None;
        while let Some(event) = driver.next_event() {
            let reason = match event.kind {
                BatchEventKind::Job {
                    key,
                    event: JobEventKind::Finished(outcome),
                    ..
                } => print_outcome(printer, known, key, outcome)
                    .err()
                    .map(|error| Ok(output::exit_for(&error))),
                BatchEventKind::KeyRefused(error) => Some(Err(Failure::service_unavailable(
                    format!("the service refused the request: {error}; {CHECK_KEY}"),
                ))),
                _ => None,
            };
            if let (Some(reason), None) = (reason, &end) {
                end = Some(reason);
                abandon_rest(driver.machine_mut(), clock.now());
            }
        }
        if let Some(end) = end {
            return end;
        }
        if interrupted.load(Ordering::SeqCst) || !driver.wait_for_input() {
            return Ok(Exit::Interrupted);
        }
    }
}

/// Leaves unfinished extractions as tickets.
fn abandon_rest(batch: &mut Batch, now: Time) {
    if batch.progress().unfinished() > 0 {
        eprint_message(
            "results that are not fetched yet are left as tickets, lines of JSON: keep them, and \
             continue with `typless resume`",
        );
    }
    abandon_all(batch, now);
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
        .with_burst(arguments.limits.rate)
        .with_deadline(RESULT_DEADLINE)
        // Messages name what has finished; a listing would add nothing.
        .without_queue()
}

/// Follows an extraction that a message names. Returns false if there are too many.
fn admit(handle: &Handle<Batch>, known: &Known, notification: Notification) -> bool {
    let id = notification.extraction_id().clone();
    match known.admit(&id) {
        known::Admission::New => {}
        known::Admission::Known => return true,
        known::Admission::TooMany => return false,
    }
    let known = known.clone();
    handle.push(move |batch, now| {
        let ticket = Ticket::new(id.clone(), now, now + RESULT_DEADLINE);
        if let Some(key) = batch.resume(&ticket, now) {
            known.follow(key, id);
            batch.handle_notification(&notification, now);
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
) -> io::Result<()> {
    let id = known.finish(key);
    let outcome = match outcome {
        Err(JobError::Abandoned { ticket }) => {
            ticket.iter().for_each(follow::print_ticket);
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
