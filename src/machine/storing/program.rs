use std::error::Error;

use bytes::Bytes;
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, Failure, JobEventKind, Machine, Output,
    Snapshot, Time, Transmit,
};
use typless::wire::{Api, ConfigError, Document};

/// What is stored of a document.
#[derive(Debug, Clone, PartialEq)]
enum Row {
    /// Nothing was sent.
    New,
    /// It was begun: a snapshot.
    Unfinished(String),
    /// `success`, or the code of an error. A program would store the result, too.
    Finished(String),
}

trait Table {
    /// All rows, with their references.
    fn rows(&self) -> Vec<(String, Row)>;
    /// Writes a row, and returns when it is on the disk.
    fn put(&mut self, reference: &str, row: Row);
}

trait Client {
    fn send(&mut self, transmit: &Transmit) -> Result<http::Response<Bytes>, Failure>;
    fn now(&self) -> Time;
    fn wait(&mut self, until: Time);
}

/// Extracts all documents of the table that have not finished.
fn run(
    api: &Api,
    table: &mut impl Table,
    client: &mut impl Client,
    document: impl Fn(&str) -> Result<Document, ConfigError>,
) -> Result<(), Box<dyn Error>> {
    let mut batch = Batch::new(api, BatchOptions::new(), client.now());
    for (reference, row) in table.rows() {
        match row {
            Row::New => {
                batch.add(document(&reference)?, client.now());
            }
            Row::Unfinished(snapshot) => {
                let snapshot = Snapshot::from_json(&snapshot)?;
                let needed = snapshot.needs_document();
                let document = needed.then(|| document(&reference)).transpose()?;
                batch.restore(&snapshot, document, client.now())?;
            }
            Row::Finished(_) => {}
        }
    }
    batch.close();
    loop {
        match batch.next_output(client.now()) {
            Output::Event(event) => store(&event, &batch, table),
            Output::Send(transmit) => match client.send(&transmit) {
                Ok(response) => batch.handle_response(transmit.id, response, client.now()),
                Err(failure) => batch.handle_failure(transmit.id, failure, client.now()),
            },
            Output::Wait(until) => client.wait(until),
            Output::NeedInput | Output::Done => return Ok(()),
        }
    }
}

/// Stores what an event changes, before the loop goes on.
fn store(event: &BatchEvent, batch: &Batch, table: &mut impl Table) {
    if !event.must_be_stored() {
        return;
    }
    match &event.kind {
        BatchEventKind::Job {
            key,
            reference: Some(reference),
            event,
        } => match event {
            JobEventKind::Finished(Ok(_)) => {
                table.put(reference, Row::Finished("success".to_owned()));
            }
            JobEventKind::Finished(Err(error)) => {
                table.put(reference, Row::Finished(error.code().to_owned()));
            }
            _ => {
                // It has finished if there is none: its last event follows.
                if let Some(snapshot) = batch.snapshot(*key) {
                    table.put(reference, Row::Unfinished(snapshot.to_json()));
                }
            }
        },
        // After `Batch::shutdown`.
        BatchEventKind::Unfinished {
            reference: Some(reference),
            snapshot,
            ..
        } => table.put(reference, Row::Unfinished(snapshot.to_json())),
        BatchEventKind::SubmittedLate { ticket, .. } => {
            // It was reported as unknown, and can be resumed.
            if let Some(reference) = ticket.reference() {
                table.put(reference, Row::Finished(ticket.to_json()));
            }
        }
        _ => {}
    }
}
