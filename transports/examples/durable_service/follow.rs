//! The batch: stores each step before the next one is taken.

use typless::drive::{AsyncTransport, Clock};
use typless::machine::{Batch, BatchEvent, BatchEventKind, JobEventKind, JobKey, Time};
use typless_transports::TokioClock;
use typless_transports::asynchronous::Driver;

use crate::Error;
use crate::folder::Folder;
use crate::row::{Entry, Row, State};
use crate::store::{Rows, Store, StoreFailed};

/// Puts the jobs of all rows that have not finished into a batch that did nothing yet.
pub(crate) fn restore(
    batch: &mut Batch,
    rows: &Rows,
    folder: &Folder,
    now: Time,
) -> Result<(), Error> {
    for Row { document, state } in rows.values() {
        match state {
            State::New => {
                batch.add(folder.document(document)?, now);
            }
            State::Unfinished(snapshot) => {
                let needed = snapshot.needs_document();
                let document = needed.then(|| folder.document(document)).transpose()?;
                batch.restore(snapshot, document, now)?;
            }
            State::Submitted(ticket) => {
                batch.resume(ticket, now);
            }
            State::Succeeded(_) | State::Failed(_) => {}
        }
    }
    Ok(())
}

/// Follows all documents, until the batch was shut down.
pub(crate) async fn follow<T: AsyncTransport + Clone + 'static>(
    mut driver: Driver<'static, Batch, T, TokioClock>,
    store: Store,
    clock: TokioClock,
) -> Result<(), StoreFailed> {
    loop {
        // The future of `next_event` may be dropped at any time.
        let event = tokio::select! {
            event = driver.next_event() => event,
            failed = store.failed() => return Err(failed),
        };
        let Some(event) = event else { return Ok(()) };
        let mut last = event.sequence;
        let mut entries = Vec::new();
        let mut next = Some(event);
        while let Some(event) = next {
            last = event.sequence;
            entries.extend(entry(event, driver.machine_mut(), &store, clock.now()));
            next = driver.ready_event();
        }
        if !entries.is_empty() {
            entries.push(Entry::Throttle(driver.machine().throttle_state()));
            // Requests that are out wait for the disk as well, for some milliseconds.
            store.put(entries).await?;
        }
        // Only now the submits of these events leave.
        driver.machine_mut().confirm(last);
    }
}

/// What an event changes in the log.
fn entry(event: BatchEvent, batch: &mut Batch, store: &Store, now: Time) -> Option<Entry> {
    if !event.must_be_stored() {
        return None;
    }
    match event.kind {
        BatchEventKind::Job {
            key,
            reference,
            event,
        } => row(&reference?, state(key, event, batch)?, store),
        // After `Batch::shutdown`.
        BatchEventKind::Unfinished {
            reference,
            snapshot,
            ..
        } => row(&reference?, State::Unfinished(snapshot), store),
        BatchEventKind::SubmittedLate { ticket, .. } => {
            let reference = ticket.reference()?.to_owned();
            // During a shutdown the batch takes it no more: the next start does.
            batch.resume(&ticket, now);
            row(&reference, State::Submitted(ticket), store)
        }
        _ => None,
    }
}

fn state(key: JobKey, event: JobEventKind, batch: &Batch) -> Option<State> {
    match event {
        JobEventKind::Finished(Ok(extraction)) => Some(State::Succeeded(extraction)),
        JobEventKind::Finished(Err(error)) => Some(State::Failed(error)),
        // Without a snapshot it has finished: its last event follows.
        _ => batch.snapshot(key).map(State::Unfinished),
    }
}

fn row(id: &str, state: State, store: &Store) -> Option<Entry> {
    let document = store.rows().get(id)?.document.clone();
    Some(Entry::Row(Row { document, state }))
}
