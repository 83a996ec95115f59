//! The jobs of a call, several at the same time.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{Job, JobError, JobEventKind, JobOptions, PollPolicy, RetryPolicy};
use typless::wire::Document;
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;

use super::Report;
use crate::service::Connection;

/// What happens to the documents, in the order in which it happens.
pub(super) enum Update {
    /// Something on the way.
    Event { file: String, kind: JobEventKind },
    /// The end of one document.
    Finished { index: usize, report: Report },
}

/// The most documents under way at the same time.
const AT_ONCE: usize = 8;

/// Attempts to submit: a person waits, and a wrong address should be told within seconds.
const SUBMIT_ATTEMPTS: u16 = 4;

/// Extracts all documents and calls back from this thread. Returns when all have ended.
pub(super) fn extract_all(connection: &Connection, documents: &[(String, Document)], deadline: Duration, mut tell: impl FnMut(Update)) {
    let clock = SystemClock::new();
    let next = AtomicUsize::new(0);
    let (sender, updates) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..documents.len().min(AT_ONCE) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((file, document)) = documents.get(index) else { break };
                    let report = extract(connection, clock, file, document.clone(), deadline, &sender);
                    let _ = sender.send(Update::Finished { index, report });
                }
            });
        }
        drop(sender);
        // The channel closes when the last worker is done.
        updates.iter().for_each(&mut tell);
    });
}

fn extract(
    connection: &Connection,
    clock: SystemClock,
    file: &str,
    document: Document,
    deadline: Duration,
    sender: &mpsc::Sender<Update>,
) -> Report {
    // Clients that fail together should not come back together.
    let seed = RandomState::new().hash_one(file);
    let options = JobOptions::new()
        .with_seed(seed)
        .with_deadline(deadline)
        .with_poll_policy(PollPolicy::eager())
        .with_retry_policy(RetryPolicy::new().with_attempts(SUBMIT_ATTEMPTS));
    let job = Job::submit(&connection.api, document, options, clock.now());
    let mut driver = Driver::new(job, &connection.transport, clock);
    while let Some(event) = driver.next_event() {
        match event.kind {
            JobEventKind::Finished(outcome) => {
                let extraction_id = driver.machine().ticket().map(|ticket| ticket.extraction_id().clone());
                return Report { file: file.to_owned(), extraction_id, outcome };
            }
            kind => {
                let _ = sender.send(Update::Event { file: file.to_owned(), kind });
            }
        }
    }
    // A job tells its end before it is done.
    Report { file: file.to_owned(), extraction_id: None, outcome: Err(JobError::Abandoned { ticket: None }) }
}
