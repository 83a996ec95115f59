//! Much, and many.

use std::io;

use super::{Finding, Objection, Row};
use crate::scene::{Scene, answer, answered, answered_with, poll, poll_at, submit_source};
use crate::server::{Connection, Tally};
use crate::sources::Zeros;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "volume-upload",
        "a document of 100 MB is read as it is sent, not before",
        upload,
    ),
    Row::new(
        "volume-download",
        "an answer of 100 MB is handed on whole, in memory of not much more than that",
        download,
    ),
    Row::new(
        "volume-at-once",
        "64 exchanges at once get each their own answer",
        max_in_flight,
    ),
];

fn upload(scene: &Scene) -> Finding {
    let read = Tally::default();
    let (ahead, theirs) = (Tally::default(), read.clone());
    let most = ahead.clone();
    let server = scene.serve(move |connection| {
        let Some(mut left) = connection.head()?.and_then(|seen| seen.content_length()) else {
            return connection.drain();
        };
        let (mut taken, mut block) = (0, vec![0; 256 * 1024]);
        while left > 0 {
            let count = left.min(block.len());
            connection.read_exact(&mut block[..count])?;
            left -= count;
            taken += count as u64;
            // Four characters carry three bytes.
            let lead = theirs.get().saturating_sub(taken / 4 * 3);
            most.add(lead.saturating_sub(most.get()));
        }
        connection.write(&answer("200 OK", &[], b"{}"))
    })?;
    let request = submit_source(
        &server.url(),
        Zeros {
            len: scene.large(),
            read,
        },
    )?;
    answered_with(scene.send_within(request, scene.long_limits())?, 200, b"{}")?;
    // What the sockets of both sides hold is a few megabytes.
    if ahead.get() > scene.large() / 2 {
        return Objection::failed(format!(
            "{} bytes were read ahead of what the server took",
            ahead.get()
        ));
    }
    Ok("read as it was sent".into())
}

fn download(scene: &Scene) -> Finding {
    let large = scene.large();
    let server = scene.serve(move |connection| {
        connection.request()?;
        connection
            .write(format!("HTTP/1.1 200 OK\r\ncontent-length: {large}\r\n\r\n").as_bytes())?;
        send_pattern(connection, large)
    })?;
    let mut limits = scene.long_limits();
    limits.response_bytes = large;
    let body = answered(scene.send_within(poll(&server.url())?, limits)?)?.into_body();
    if body.len() as u64 != large
        || !body
            .chunks(PATTERN)
            .enumerate()
            .all(|(index, chunk)| chunk[..] == pattern(index)[..chunk.len()])
    {
        return Objection::failed(format!(
            "{} of {large} bytes were handed on, and not as they came",
            body.len()
        ));
    }
    // By contract a body is in one piece, so what can be bounded is the memory behind it, of which
    // only its one owner can be asked.
    match body.try_into_mut() {
        Ok(body) if body.capacity() as u64 > large * 5 / 2 => Objection::failed(format!(
            "{} bytes are held for an answer of {large}",
            body.capacity()
        )),
        _ => Ok("whole".into()),
    }
}

const PATTERN: usize = 64 * 1024;

/// A block that differs from its neighbours.
fn pattern(index: usize) -> Vec<u8> {
    vec![(index % 251) as u8; PATTERN]
}

fn send_pattern(connection: &mut Connection, length: u64) -> io::Result<()> {
    let mut left = usize::try_from(length).unwrap_or(usize::MAX);
    let mut index = 0;
    while left > 0 {
        let count = left.min(PATTERN);
        connection.write(&pattern(index)[..count])?;
        (left, index) = (left - count, index + 1);
    }
    Ok(())
}

const MANY: usize = 64;

fn max_in_flight(scene: &Scene) -> Finding {
    let (arrived, given_up) = (Tally::default(), Tally::default());
    let (theirs, patience) = (arrived.clone(), scene.patience() / 2);
    let server = scene.serve(move |connection| {
        while let Some(seen) = connection.request()? {
            if given_up.get() == 0 {
                theirs.add(1);
            }
            // Nobody is answered before everybody has asked.
            if given_up.get() > 0 || !theirs.reaches(MANY as u64, patience) {
                given_up.add(1);
                return Ok(());
            }
            connection.write(&answer("200 OK", &[], seen.line.as_bytes()))?;
        }
        Ok(())
    })?;
    let requests = (0..MANY)
        .map(|index| poll_at(&server.url(), &index.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let outcomes = scene.send_all(requests);
    if arrived.get() < MANY as u64 {
        return Objection::failed(format!(
            "only {} of {MANY} were made at once",
            arrived.get()
        ));
    }
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let own = format!("GET /api/get-extraction-data?extraction_id={index} HTTP/1.1");
        answered_with(outcome, 200, own.as_bytes())?;
    }
    Ok(format!("{MANY} answers"))
}
