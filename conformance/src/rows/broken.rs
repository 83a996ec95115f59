//! Exchanges that are cut off: whether the request was processed is unknown, so `NotSent` is wrong.

use typless::machine::FailureKind;

use crate::check::{CheckResult, fail};
use crate::context::{TestContext, expect_failure_kind, poll, submit, submit_source};
use crate::row::Row;
use crate::server::Connection;
use crate::sources::Zeros;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "broken-at-once",
        "a connection closed on accept is `NotSent` or `Interrupted`, and there is no retry",
        at_once,
    ),
    Row::new(
        "broken-in-request",
        "a reset in the middle of an upload is `Interrupted`",
        in_request,
    ),
    Row::new(
        "broken-after-request",
        "a reset after the request is `Interrupted`",
        after_request,
    ),
    Row::new(
        "broken-in-head",
        "a close in the head of the response is `Interrupted`",
        |context| cut(context, b"HTTP/1.1 202 Accepted\r\ncontent-le"),
    ),
    Row::new(
        "broken-in-body",
        "a close in the body of the response is `Interrupted`",
        |context| {
            cut(
                context,
                b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{\"extraction_id\": \"0",
            )
        },
    ),
    Row::new(
        "broken-in-chunk",
        "a close before the last chunk of the response is `Interrupted`",
        |context| {
            cut(
                context,
                b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
            )
        },
    ),
];

const INTERRUPTED: &[FailureKind] = &[FailureKind::Interrupted];

fn at_once(context: &TestContext) -> CheckResult {
    let server = context.serve(|_| Ok(()))?;
    let result = context.send(submit(&server.url(), 100_000)?)?;
    server.wait_until_idle()?;
    match server.connections() {
        1 => expect_failure_kind(result, &[FailureKind::NotSent, FailureKind::Interrupted]),
        connections => fail(format!(
            "it made {connections} connections for one exchange"
        )),
    }
}

fn in_request(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        connection.head()?;
        connection.read_exact(&mut [0; 1000])?;
        // Closed with unread bytes, which resets the connection.
        connection.peek()
    })?;
    expect_failure_kind(
        context.send(submit_source(
            &server.url(),
            Zeros::more_than_is_buffered(),
        )?)?,
        INTERRUPTED,
    )
}

fn after_request(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        let Some(length) = connection
            .head()?
            .and_then(|received| received.content_length())
        else {
            return connection.drain();
        };
        // All but the last byte, which stays unread.
        connection.read_exact(&mut vec![0; length.saturating_sub(1)])?;
        connection.peek()
    })?;
    expect_failure_kind(context.send(submit(&server.url(), 100_000)?)?, INTERRUPTED)
}

fn cut(context: &TestContext, bytes: &'static [u8]) -> CheckResult {
    let server = context.serve(move |connection: &mut Connection| {
        connection.request()?;
        connection.write(bytes)
    })?;
    expect_failure_kind(context.send(poll(&server.url())?)?, INTERRUPTED)?;
    expect_failure_kind(context.send(submit(&server.url(), 1_000)?)?, INTERRUPTED)
}
