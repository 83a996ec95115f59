//! `typless listen`: results as the service says that they are there.

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
use crate::output::{self, say};
use crate::receiver;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::Connection;
use crate::work::{abandon_all, on_interruption};
use known::Known;

/// How long a result is waited for that is said to be there.
const DEADLINE: Duration = Duration::from_mins(10);

/// Receives messages until interrupted, or until the service refuses the key.
pub(super) fn run(arguments: &ListenArguments) -> Result<Exit, Failure> {
    let webhook = webhook(arguments)?;
    let connection = Connection::to_service(&arguments.service)?;
    let clock = SystemClock::new();
    let batch = Batch::new(&connection.api, options(arguments), clock.now());
    let mut driver = Driver::new(batch, connection.transport.clone(), clock)
        .with_threads(arguments.limits.max_in_flight.into());

    let known = Known::default();
    let (hand, for_receiver) = (driver.handle(), known.clone());
    let local_addr = receiver::listen(arguments.listen, webhook, move |notification| {
        take(&hand, &for_receiver, notification)
    })
    .map_err(|error| {
        Failure::wrong_call(format!(
            "can't listen on {}: {error}: choose another address with --listen",
            arguments.listen
        ))
    })?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let (hand, is_interrupted) = (driver.handle(), interrupted.clone());
    on_interruption(move || {
        hand.push(move |batch, now| {
            is_interrupted.store(true, Ordering::SeqCst);
            follow::tell_interrupted(0, false);
            abandon_all(batch, now);
        })
    });
    let secret = if arguments.secret_file.is_some() {
        "/<secret>"
    } else {
        ""
    };
    say(&format!(
        "listening at http://{local_addr}{}{secret}",
        printable(arguments.path.trim_end_matches('/'), 300)
    ));

    follow_all(
        &mut driver,
        clock,
        &mut Printer::new(&arguments.output),
        &known,
        &interrupted,
    )
}

/// Follows what messages name, until there is an end of it.
fn follow_all(
    driver: &mut Driver<Batch, Ureq, SystemClock>,
    clock: SystemClock,
    printer: &mut Printer,
    known: &Known,
    interrupted: &AtomicBool,
) -> Result<Exit, Failure> {
    loop {
        // Why there is no point in going on, for the first time.
        let mut end = None;
        while let Some(event) = driver.next_event() {
            let reason = match event.kind {
                BatchEventKind::Job {
                    key,
                    event: JobEventKind::Finished(outcome),
                    ..
                } => tell(printer, known, key, outcome)
                    .err()
                    .map(|error| Ok(output::exit_of(&error))),
                BatchEventKind::KeyRefused(error) => Some(Err(Failure::no_service(format!(
                    "the service refused the request: {error}; {CHECK_KEY}"
                )))),
                _ => None,
            };
            if let (Some(reason), None) = (reason, &end) {
                end = Some(reason);
                leave(driver.machine_mut(), clock.now());
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

/// Leaves what is under way as tickets.
fn leave(batch: &mut Batch, now: Time) {
    if batch.progress().unfinished() > 0 {
        say(
            "what is not fetched yet is left as tickets: keep them, lines of JSON, and go on with `typless resume`",
        );
    }
    abandon_all(batch, now);
}

fn webhook(arguments: &ListenArguments) -> Result<Webhook, Failure> {
    let webhook = Webhook::new(&arguments.path).map_err(|error| {
        Failure::wrong_call(error.to_string().replacen("webhook_path", "--path", 1))
    })?;
    match &arguments.secret_file {
        Some(path) => Ok(webhook.with_secret_in_path(secret(path)?)),
        None => Ok(webhook),
    }
}

fn secret(path: &Path) -> Result<WebhookSecret, Failure> {
    let shown = path.display();
    let secret = fs::read_to_string(path).map_err(|error| {
        Failure::wrong_call(format!("the secret can't be read from {shown}: {error}: name a readable file with --secret-file"))
    })?;
    WebhookSecret::new(secret.trim()).map_err(|error| {
        Failure::wrong_call(error.to_string().replacen(
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
        .with_deadline(DEADLINE)
        // Messages say what has finished; the queue would say no more.
        .without_queue()
}

/// Follows an extraction that a message names. Says whether there was room for it.
fn take(hand: &Handle<Batch>, known: &Known, notification: Notification) -> bool {
    let id = notification.extraction_id().clone();
    match known.admit(&id) {
        known::Admission::New => {}
        known::Admission::Known => return true,
        known::Admission::TooMany => return false,
    }
    let known = known.clone();
    hand.push(move |batch, now| {
        let ticket = Ticket::new(id.clone(), now, now + DEADLINE);
        if let Some(key) = batch.resume(&ticket, now) {
            known.follow(key, id);
            batch.handle_notification(&notification, now);
        } else {
            // We are about to end, and its sender was told that it was heard.
            follow::tell_ticket(&ticket);
        }
    })
}

/// Prints a result, or what there is in place of it.
fn tell(
    printer: &mut Printer,
    known: &Known,
    key: JobKey,
    outcome: Result<Extraction, JobError>,
) -> io::Result<()> {
    let id = known.finished(key);
    let outcome = match outcome {
        Err(JobError::Abandoned { ticket }) => {
            ticket.iter().for_each(follow::tell_ticket);
            return Ok(());
        }
        Err(error) => Outcome::Failed(Box::new(Problem::of_job(&error))),
        Ok(extraction) => Outcome::Success(extraction),
    };
    let report = Report::new(None, id, outcome);
    let written = printer.write(&report);
    if let Err(error) = &written {
        report.tell_unwritten(error);
    }
    report.complain();
    written
}
