//! HTTP/2, where a server can report which requests it did not process.

use std::io;

use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use typless::machine::FailureKind;

use crate::check::{CheckResult, fail};
use crate::context::{
    KEY, TestContext, expect_failure, expect_failure_kind, expect_response_with, poll, poll_at,
    submit, submit_source,
};
use crate::row::{Needs, Row};
use crate::server::frames::{self, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM};
use crate::server::{Connection, Http2Response};
use crate::sources::{Ends, Faulty};

const fn row(
    id: &'static str,
    requirement: &'static str,
    check: fn(&TestContext) -> CheckResult,
) -> Row {
    Row::new(id, requirement, check).needing(Needs::Http2)
}

pub(super) const ROWS: &[Row] = &[
    row(
        "http2-exchange",
        "requests over HTTP/2 are sent with their key, their exact length and their body",
        exchange,
    ),
    row(
        "http2-key",
        "Authorization is marked as sensitive, so that it is in no compression table",
        sensitive,
    ),
    row(
        "http2-concurrent",
        "each of 32 concurrent exchanges over HTTP/2 gets its own response",
        concurrent,
    ),
    row(
        "http2-limit",
        "a response over the limit is `TooLarge` over HTTP/2 too",
        limit,
    ),
    row(
        "http2-source",
        "a document that fails midway is `Source` over HTTP/2 too, and never a whole upload",
        source,
    ),
    row(
        "http2-refused",
        "a refused stream is `NotSent`, because the server did not process it",
        |context| {
            ends(context, &[FailureKind::NotSent], |connection, stream| {
                connection.reset_stream(stream, REFUSED_STREAM)
            })
        },
    ),
    row(
        "http2-go-away-before",
        "GOAWAY with a last stream below that of the request is `NotSent`",
        |context| {
            ends(context, &[FailureKind::NotSent], |connection, stream| {
                connection.go_away(stream - 1, NO_ERROR)
            })
        },
    ),
    row(
        "http2-go-away-after",
        "GOAWAY with the stream of the request as the last one, and a close, is `Interrupted`",
        |context| {
            closes(context, |connection, stream| {
                connection.go_away(stream, INTERNAL_ERROR)
            })
        },
    ),
    row(
        "http2-reset",
        "a stream reset for another reason is `Interrupted`",
        |context| {
            ends(context, INTERRUPTED, |connection, stream| {
                connection.reset_stream(stream, INTERNAL_ERROR)
            })
        },
    ),
    row(
        "http2-reset-in-body",
        "a stream reset in the body of the response is `Interrupted` with every reason",
        |context| {
            ends(context, INTERRUPTED, |connection, stream| {
                connection.http2_response(stream, "202", b"{\"extraction_id\"", false)?;
                connection.reset_stream(stream, REFUSED_STREAM)
            })
        },
    ),
    row(
        "http2-closed",
        "a connection closed after the request is `Interrupted`",
        |context| closes(context, |_, _| Ok(())),
    ),
    row(
        "http2-early-413",
        "413 in the middle of an upload is a response, though the server does not read the rest",
        early,
    ),
    row(
        "http2-large-head",
        "a head of 8 KB is returned over HTTP/2 too, and one of 2 MB is `Interrupted`",
        large_head,
    ),
];

const INTERRUPTED: &[FailureKind] = &[FailureKind::Interrupted];

fn exchange(context: &TestContext) -> CheckResult {
    let server = context.serve_http2(|_| Http2Response {
        status: 202,
        headers: 0,
        body: Bytes::from_static(b"{}"),
        times: 1,
    })?;
    for request in [
        poll(&server.url())?,
        submit(&server.url(), 1_000)?,
        submit(&server.url(), 800_000)?,
    ] {
        expect_response_with(context.send(request)?, 202, b"{}")?;
    }
    let received = server.received();
    for (received, bytes) in received.iter().zip([0, 1_000, 800_000]) {
        let wanted = if bytes == 0 {
            Bytes::new()
        } else {
            submit("http://127.0.0.1", bytes)?.body().to_bytes()?
        };
        let length = received
            .headers()
            .get(CONTENT_LENGTH)
            .map(|length| length.as_bytes().to_vec());
        if length.unwrap_or_else(|| b"0".to_vec()) != wanted.len().to_string().as_bytes() {
            return fail(format!(
                "{:?} for {} bytes",
                received.headers().get(CONTENT_LENGTH),
                wanted.len()
            ));
        }
        if received.body() != &wanted {
            return fail(format!(
                "{} of {} bytes were received, or other bytes",
                received.body().len(),
                wanted.len()
            ));
        }
        let keys: Vec<_> = received
            .headers()
            .get_all(AUTHORIZATION)
            .iter()
            .map(http::HeaderValue::as_bytes)
            .collect();
        if keys != [format!("Token {KEY}").as_bytes()] {
            return fail(format!(
                "the key was received {} times, or changed",
                keys.len()
            ));
        }
    }
    if received.len() == 3 {
        Ok("3 exchanges".into())
    } else {
        fail(format!(
            "the server received {} of 3 requests",
            received.len()
        ))
    }
}

fn sensitive(context: &TestContext) -> CheckResult {
    let guarded = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let theirs = guarded.clone();
    let server = context.serve(move |connection| {
        let request_head = connection.http2_request()?;
        theirs.store(
            frames::has_sensitive_authorization(&request_head.block),
            std::sync::atomic::Ordering::SeqCst,
        );
        connection.http2_response(request_head.stream, "200", b"{}", true)?;
        connection.http2_drain()
    })?;
    expect_response_with(context.send(poll(&server.url())?)?, 200, b"{}")?;
    if guarded.load(std::sync::atomic::Ordering::SeqCst) {
        Ok("never indexed".into())
    } else {
        fail("it may be indexed")
    }
}

fn concurrent(context: &TestContext) -> CheckResult {
    let server = context.serve_http2(|request| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        Http2Response {
            status: 200,
            headers: 0,
            body: query.into(),
            times: 1,
        }
    })?;
    let requests = (0..32)
        .map(|index| poll_at(&server.url(), &index.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    for (index, result) in context.send_all(requests).into_iter().enumerate() {
        expect_response_with(result, 200, format!("extraction_id={index}").as_bytes())?;
    }
    Ok("32 responses".into())
}

fn limit(context: &TestContext) -> CheckResult {
    let server = context.serve_http2(|_| Http2Response {
        status: 200,
        headers: 0,
        body: Bytes::from_static(&[b'x'; 10_000]),
        times: 1_000,
    })?;
    let mut limits = context.limits();
    limits.response_bytes = 100_000;
    expect_failure_kind(
        context.send_within(poll(&server.url())?, limits)?,
        &[FailureKind::TooLarge],
    )
}

fn source(context: &TestContext) -> CheckResult {
    let server = context.serve_http2(|_| Http2Response {
        status: 202,
        headers: 0,
        body: Bytes::from_static(b"{}"),
        times: 1,
    })?;
    let document = Faulty {
        declared: 1_000_000,
        yields: 500_000,
        ends: Ends::InAnError,
    };
    let result = context.send(submit_source(&server.url(), document)?)?;
    server.ended().wait_for(1, context.timeout() / 4);
    if let Some(received) = server.received().first() {
        return fail(format!(
            "the server took {} bytes for a whole upload",
            received.body().len()
        ));
    }
    expect_failure(result, &[FailureKind::Source]).map(|_| "Source".into())
}

/// A GET and a POST fail with one of these kinds after `act`. The connection stays open.
fn ends(
    context: &TestContext,
    kinds: &[FailureKind],
    act: fn(&mut Connection, u32) -> io::Result<()>,
) -> CheckResult {
    broken(context, kinds, act, true)
}

/// A GET and a POST fail as interrupted after `act` and a close.
fn closes(context: &TestContext, act: fn(&mut Connection, u32) -> io::Result<()>) -> CheckResult {
    broken(context, INTERRUPTED, act, false)
}

fn broken(
    context: &TestContext,
    kinds: &[FailureKind],
    act: fn(&mut Connection, u32) -> io::Result<()>,
    stays: bool,
) -> CheckResult {
    let mut found = String::new();
    for bytes in [0, 1_000] {
        let server = context.serve(move |connection| {
            let request_head = connection.http2_request()?;
            act(connection, request_head.stream)?;
            if stays {
                connection.http2_drain()
            } else {
                connection.finish()
            }
        })?;
        let request = if bytes == 0 {
            poll(&server.url())
        } else {
            submit(&server.url(), bytes)
        }?;
        found = expect_failure_kind(context.send(request)?, kinds)?;
    }
    Ok(found)
}

fn early(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        let request_head = connection.http2_request()?;
        connection.http2_response(request_head.stream, "413", b"{}", true)?;
        connection.reset_stream(request_head.stream, NO_ERROR)?;
        connection.http2_drain()
    })?;
    expect_response_with(context.send(submit(&server.url(), 800_000)?)?, 413, b"{}")?;
    Ok("413".into())
}

fn large_head(context: &TestContext) -> CheckResult {
    let server = context.serve_http2(|request| Http2Response {
        status: 202,
        headers: if request.method() == Method::GET {
            8
        } else {
            2_000
        },
        body: Bytes::from_static(b"{}"),
        times: 1,
    })?;
    let response = expect_response_with(context.send(poll(&server.url())?)?, 202, b"{}")?;
    let found = (0..8).filter(|index| {
        let value = response.headers().get(format!("x-{index}"));
        value.is_some_and(|value| value.len() == 1000)
    });
    match found.count() {
        8 => expect_failure_kind(context.send(submit(&server.url(), 1_000)?)?, INTERRUPTED),
        found => fail(format!("{found} of 8 headers were returned")),
    }
}
