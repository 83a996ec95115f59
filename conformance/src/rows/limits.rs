//! The limit on the bytes of a response, and limits on its head.

use typless::machine::{FailureKind, Limits};

use crate::check::{CheckResult, fail};
use crate::context::{
    TestContext, expect_failure, expect_failure_kind, expect_response_with, poll, response_bytes,
    submit,
};
use crate::row::Row;
use crate::server::{Connection, Counter};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "limit-declared",
        "a response that declares more than the limit is `TooLarge`, and not read",
        |context| endless(context, "content-length: 100000000", false),
    ),
    Row::new(
        "limit-chunked",
        "a chunked response is `TooLarge` above the limit, and the rest is not read",
        |context| endless(context, "transfer-encoding: chunked", true),
    ),
    Row::new(
        "limit-until-close",
        "a response without a length is `TooLarge` above the limit, and the rest is not read",
        |context| endless(context, "connection: close", false),
    ),
    Row::new(
        "limit-exact",
        "a response of exactly the limit is returned",
        exact,
    ),
    Row::new(
        "limit-headers",
        "a response with 40 000 headers is `Interrupted`, without a panic",
        too_many_headers,
    ),
    Row::new(
        "limit-head",
        "a response whose head does not end is `Interrupted`, and not read",
        endless_head,
    ),
    Row::new(
        "limit-connection",
        "the unread part of a response is never taken for the next response",
        leftover,
    ),
];

const LIMIT: usize = 100_000;
const ENDLESS: u64 = 100_000_000;
const ENDLESS_HEAD: u64 = 50_000_000;
const BLOCK: usize = 50_000;

fn limits(context: &TestContext) -> Limits {
    let mut limits = context.limits();
    limits.response_bytes = LIMIT as u64;
    limits
}

fn endless(context: &TestContext, header: &'static str, chunked: bool) -> CheckResult {
    let sent = Counter::default();
    let theirs = sent.clone();
    let server = context.serve(move |connection| {
        connection.request()?;
        connection.write(format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n").as_bytes())?;
        let block = if chunked {
            [&b"c350\r\n"[..], &[b'x'; BLOCK], b"\r\n"].concat()
        } else {
            vec![b'x'; BLOCK]
        };
        while theirs.get() < ENDLESS {
            connection.write(&block)?;
            theirs.add(BLOCK as u64);
        }
        if chunked {
            connection.write(b"0\r\n\r\n")
        } else {
            Ok(())
        }
    })?;
    let result = context.send_within(poll(&server.url())?, limits(context))?;
    let sent = sent.get();
    expect_failure(result, &[FailureKind::TooLarge])?;
    // Half of it is more than a system buffers.
    if sent > ENDLESS / 2 {
        return fail(format!(
            "it took {sent} bytes of a response, with a limit of {LIMIT}"
        ));
    }
    Ok("TooLarge".into())
}

fn exact(context: &TestContext) -> CheckResult {
    let body = vec![b'x'; LIMIT];
    let whole = [&b"\r\n\r\n"[..], &body].concat();
    let declared = [&b"HTTP/1.1 200 OK\r\ncontent-length: 100000"[..], &whole].concat();
    let until_close = [&b"HTTP/1.1 200 OK\r\nconnection: close"[..], &whole].concat();
    let chunked = [
        &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n186a0\r\n"[..],
        &body,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    for bytes in [declared, until_close, chunked] {
        let server = context.serve(move |connection: &mut Connection| {
            connection.request()?;
            connection.write(&bytes)
        })?;
        expect_response_with(
            context.send_within(poll(&server.url())?, limits(context))?,
            200,
            &body,
        )?;
    }
    Ok(format!("{LIMIT} bytes"))
}

/// More headers than any client takes. They are few bytes, so that their number is what matters.
fn too_many_headers(context: &TestContext) -> CheckResult {
    let lines: Vec<String> = (0..40_000).map(|index| format!("{index}: ")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let server = context.serve_bytes(response_bytes("200 OK", &lines, b"{}"))?;
    let result = context.send(poll(&server.url())?)?;
    expect_failure_kind(result, &[FailureKind::Interrupted])?;
    let result = context.send(submit(&server.url(), 1_000)?)?;
    expect_failure_kind(result, &[FailureKind::Interrupted])
}

fn endless_head(context: &TestContext) -> CheckResult {
    let sent = Counter::default();
    let theirs = sent.clone();
    let server = context.serve(move |connection| {
        connection.request()?;
        connection.write(b"HTTP/1.1 200 OK\r\nx-long: ")?;
        for _ in 0..ENDLESS_HEAD / BLOCK as u64 {
            connection.write(&[b'x'; BLOCK])?;
            theirs.add(BLOCK as u64);
        }
        Ok(())
    })?;
    let result = context.send(poll(&server.url())?)?;
    let sent = sent.get();
    let kind = expect_failure_kind(result, &[FailureKind::Interrupted])?;
    // Half of it is more than a system buffers.
    if sent > ENDLESS_HEAD / 2 {
        return fail(format!("it took {sent} bytes of a head"));
    }
    Ok(kind)
}

fn leftover(context: &TestContext) -> CheckResult {
    let own = response_bytes("200 OK", &[], b"its own");
    // The unread part looks like a response.
    let others = response_bytes("200 OK", &[], b"another's").repeat(5_000);
    let others = [
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
            others.len()
        )
        .as_bytes(),
        &others,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    let server = context.serve(move |connection| {
        let mut first = connection.number() == 0;
        while connection.request()?.is_some() {
            connection.write(if first { &others } else { &own })?;
            first = false;
        }
        Ok(())
    })?;
    expect_failure(
        context.send_within(poll(&server.url())?, limits(context))?,
        &[FailureKind::TooLarge],
    )?;
    expect_response_with(context.send(poll(&server.url())?)?, 200, b"its own")?;
    Ok("its own".into())
}
