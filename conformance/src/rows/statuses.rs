//! Every status is a response, returned as sent.

use std::io;

use http::header::{LOCATION, RETRY_AFTER};
use typless::machine::FailureKind;

use crate::check::{CheckResult, fail};
use crate::context::{
    TestContext, expect_failure_kind, expect_response_with, poll, response_bytes, submit,
    submit_source,
};
use crate::row::Row;
use crate::server::Connection;
use crate::sources::Zeros;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "status-200",
        "200 with a body is returned, with spaces around it",
        |context| returned(context, "200 OK", &[], b"\r\n {\"status\": \"SUCCESS\"}\n"),
    ),
    Row::new("status-202", "202 with a body is returned", |context| {
        returned(context, "202 Accepted", &[], br#"{"extraction_id": "1"}"#)
    }),
    Row::new(
        "status-204",
        "204 without a length has no body, and the next exchange succeeds",
        |context| bodiless(context, 204, b"HTTP/1.1 204 No Content\r\n\r\n"),
    ),
    Row::new(
        "status-304",
        "304 has no body even with a length, and the next exchange succeeds",
        |context| {
            bodiless(
                context,
                304,
                b"HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n",
            )
        },
    ),
    Row::new(
        "status-redirects",
        "redirects to another host (301, 302, 303, 307, 308) are not followed",
        redirects,
    ),
    Row::new("status-401", "401 with a body is a response", |context| {
        returned(context, "401 Unauthorized", &[CHALLENGE], ERROR)
    }),
    Row::new("status-404", "404 with a body is a response", |context| {
        returned(context, "404 Not Found", &[], ERROR)
    }),
    Row::new("status-422", "422 with a body is a response", |context| {
        returned(context, "422 Unprocessable Content", &[], ERROR)
    }),
    Row::new(
        "status-429-seconds",
        "429 with `Retry-After` in seconds is a response",
        |context| waits(context, "429 Too Many Requests", "120"),
    ),
    Row::new(
        "status-429-date",
        "429 with `Retry-After` as a date is a response",
        |context| {
            waits(
                context,
                "429 Too Many Requests",
                "Wed, 21 Oct 2065 07:28:00 GMT",
            )
        },
    ),
    Row::new("status-500", "500 with HTML is a response", |context| {
        returned(
            context,
            "500 Internal Server Error",
            &["content-type: text/html"],
            b"<html><body>Oops</body></html>",
        )
    }),
    Row::new(
        "status-503",
        "503 with `Retry-After` is a response",
        |context| waits(context, "503 Service Unavailable", "7"),
    ),
    Row::new(
        "early-413-reads-on",
        "413 or 401 in the middle of an upload is a response if the server reads the rest",
        early_reads_on,
    ),
    Row::new(
        "early-413-closes",
        "413 or 401 in an upload, and a close: a response or `Interrupted`, never `NotSent`",
        early_closes,
    ),
];

const ERROR: &[u8] = br#"{"code": "oops", "message": "no", "details": {}}"#;
const CHALLENGE: &str = "www-authenticate: Basic realm=\"x\"";

/// A GET and a POST get the status and the body.
fn returned(context: &TestContext, status: &str, headers: &[&str], body: &[u8]) -> CheckResult {
    let server = context.serve_bytes(response_bytes(status, headers, body))?;
    let number = number(status);
    expect_response_with(context.send(poll(&server.url())?)?, number, body)?;
    expect_response_with(context.send(submit(&server.url(), 1_000)?)?, number, body)?;
    match server.received().len() {
        2 => Ok(format!("{number}")),
        received => fail(format!(
            "two requests were made, and the server received {received}"
        )),
    }
}

fn number(status: &str) -> u16 {
    status
        .get(..3)
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

fn waits(context: &TestContext, status: &str, hint: &str) -> CheckResult {
    let server = context.serve_bytes(response_bytes(
        status,
        &[&format!("retry-after: {hint}")],
        ERROR,
    ))?;
    let response =
        expect_response_with(context.send(poll(&server.url())?)?, number(status), ERROR)?;
    let found: Vec<_> = response
        .headers()
        .get_all(RETRY_AFTER)
        .iter()
        .map(http::HeaderValue::as_bytes)
        .collect();
    if found != [hint.as_bytes()] {
        return fail(format!(
            "`Retry-After` was {hint:?} and became {:?}",
            response.headers().get(RETRY_AFTER)
        ));
    }
    Ok(format!("unchanged, {hint}"))
}

fn bodiless(context: &TestContext, status: u16, head: &'static [u8]) -> CheckResult {
    let server = context.serve(move |connection| {
        let mut first = connection.number() == 0;
        while connection.request()?.is_some() {
            connection.write(if first {
                head
            } else {
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
            })?;
            first = false;
        }
        Ok(())
    })?;
    expect_response_with(context.send(poll(&server.url())?)?, status, b"")?;
    // Only an exchange on the same connection can go wrong.
    let next = context.send(poll(&server.url())?)?;
    if server.connections() == 1 {
        expect_response_with(next, 200, b"{}")?;
    }
    Ok(format!("{status}, no body"))
}

fn redirects(context: &TestContext) -> CheckResult {
    let elsewhere = context.serve_bytes(response_bytes("200 OK", &[], b"{}"))?;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let location = format!("{}/elsewhere", elsewhere.url());
        let server = context.serve_bytes(response_bytes(
            status,
            &[&format!("location: {location}")],
            b"moved",
        ))?;
        for request in [poll(&server.url())?, submit(&server.url(), 100)?] {
            let result = context.send(request)?;
            if elsewhere.connections() > 0 {
                return fail(format!("it followed a {status}"));
            }
            let response = expect_response_with(result, number(status), b"moved")?;
            if response
                .headers()
                .get(LOCATION)
                .is_none_or(|found| *found != *location)
            {
                return fail(format!(
                    "the location of a {status} became {:?}",
                    response.headers().get(LOCATION)
                ));
            }
        }
    }
    Ok("not followed".into())
}

const REFUSALS: [&str; 2] = ["413 Content Too Large", "401 Unauthorized"];

/// A refusal after the first kilobyte of the body.
fn respond_early(connection: &mut Connection, status: &str) -> io::Result<()> {
    connection.head()?;
    connection.read_exact(&mut [0; 1000])?;
    connection.write(&response_bytes(status, &["connection: close"], ERROR))
}

fn early_reads_on(context: &TestContext) -> CheckResult {
    for status in REFUSALS {
        let server = context.serve(move |connection| {
            respond_early(connection, status)?;
            connection.drain()
        })?;
        let request = submit_source(&server.url(), Zeros::more_than_is_buffered())?;
        expect_response_with(context.send(request)?, number(status), ERROR)?;
    }
    Ok("a response".into())
}

fn early_closes(context: &TestContext) -> CheckResult {
    let mut observed = Vec::new();
    for status in REFUSALS {
        let server = context.serve(move |connection| {
            respond_early(connection, status)?;
            // Closed with unread bytes, which resets the connection. The response may be lost.
            connection.peek()
        })?;
        let request = submit_source(&server.url(), Zeros::more_than_is_buffered())?;
        observed.push(match context.send(request)? {
            Ok(response) => {
                expect_response_with(Ok(response), number(status), ERROR)?;
                status.to_owned()
            }
            failure => expect_failure_kind(failure, &[FailureKind::Interrupted])?,
        });
    }
    Ok(observed.join(", "))
}
