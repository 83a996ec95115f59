//! Large bodies, and concurrent exchanges.

use std::io;

use crate::check::{CheckResult, fail};
use crate::context::{
    TestContext, expect_response, expect_response_with, poll, poll_at, response_bytes,
    submit_source,
};
use crate::row::Row;
use crate::server::{Connection, Counter};
use crate::sources::Zeros;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "volume-upload",
        "a document of 100 MB is read while it is sent, not before",
        upload,
    ),
    Row::new(
        "volume-download",
        "a response of 100 MB is returned whole, in memory of little more than that",
        download,
    ),
    Row::new(
        "volume-concurrent",
        "each of 64 concurrent exchanges gets its own response",
        concurrent,
    ),
];

fn upload(context: &TestContext) -> CheckResult {
    let read = Counter::default();
    let (ahead, theirs) = (Counter::default(), read.clone());
    let max_lead = ahead.clone();
    let server = context.serve(move |connection| {
        let Some(mut left) = connection
            .head()?
            .and_then(|received| received.content_length())
        else {
            return connection.drain();
        };
        let (mut taken, mut block) = (0, vec![0; 256 * 1024]);
        while left > 0 {
            let count = left.min(block.len());
            connection.read_exact(&mut block[..count])?;
            left -= count;
            taken += count as u64;
            // In base64, 4 characters carry 3 bytes.
            let lead = theirs.get().saturating_sub(taken / 4 * 3);
            max_lead.add(lead.saturating_sub(max_lead.get()));
        }
        connection.write(&response_bytes("200 OK", &[], b"{}"))
    })?;
    let request = submit_source(
        &server.url(),
        Zeros {
            len: context.large_body_bytes(),
            read,
        },
    )?;
    expect_response_with(
        context.send_within(request, context.long_limits())?,
        200,
        b"{}",
    )?;
    // The sockets of both sides buffer a few megabytes.
    if ahead.get() > context.large_body_bytes() / 2 {
        return fail(format!(
            "{} bytes were read ahead of what the server received",
            ahead.get()
        ));
    }
    Ok("read while it was sent".into())
}

fn download(context: &TestContext) -> CheckResult {
    let large = context.large_body_bytes();
    let server = context.serve(move |connection| {
        connection.request()?;
        connection
            .write(format!("HTTP/1.1 200 OK\r\ncontent-length: {large}\r\n\r\n").as_bytes())?;
        send_pattern(connection, large)
    })?;
    let mut limits = context.long_limits();
    limits.response_bytes = large;
    let body = expect_response(context.send_within(poll(&server.url())?, limits)?)?.into_body();
    if body.len() as u64 != large
        || !body
            .chunks(PATTERN)
            .enumerate()
            .all(|(index, chunk)| chunk[..] == pattern(index)[..chunk.len()])
    {
        return fail(format!(
            "{} of {large} bytes were returned, or other bytes",
            body.len()
        ));
    }
    // The body is one buffer. Its capacity shows only if this is its only owner.
    match body.try_into_mut() {
        Ok(body) if body.capacity() as u64 > large * 5 / 2 => fail(format!(
            "{} bytes are allocated for a response of {large}",
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

fn concurrent(context: &TestContext) -> CheckResult {
    let (arrived, abandoned) = (Counter::default(), Counter::default());
    let (theirs, timeout) = (arrived.clone(), context.timeout() / 2);
    let server = context.serve(move |connection| {
        while let Some(received) = connection.request()? {
            if abandoned.get() == 0 {
                theirs.add(1);
            }
            // No request gets a response before all requests are received.
            if abandoned.get() > 0 || !theirs.wait_for(MANY as u64, timeout) {
                abandoned.add(1);
                return Ok(());
            }
            connection.write(&response_bytes("200 OK", &[], received.line.as_bytes()))?;
        }
        Ok(())
    })?;
    let requests = (0..MANY)
        .map(|index| poll_at(&server.url(), &index.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let results = context.send_all(requests);
    if arrived.get() < MANY as u64 {
        return fail(format!("only {} of {MANY} were concurrent", arrived.get()));
    }
    for (index, result) in results.into_iter().enumerate() {
        let own = format!("GET /api/get-extraction-data?extraction_id={index} HTTP/1.1");
        expect_response_with(result, 200, own.as_bytes())?;
    }
    Ok(format!("{MANY} responses"))
}
