//! Responses of every form are returned as sent.

use typless::machine::FailureKind;

use crate::check::{CheckResult, fail};
use crate::context::{
    TestContext, expect_failure_kind, expect_response, expect_response_with, poll, response_bytes,
    submit,
};
use crate::row::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "response-headers",
        "values of headers are returned byte for byte, including non-ASCII",
        headers,
    ),
    Row::new(
        "response-duplicates",
        "headers that are sent twice are returned in order",
        duplicates,
    ),
    Row::new(
        "response-many-headers",
        "a response with 100 headers is returned with all of them",
        many_headers,
    ),
    Row::new(
        "response-large-head",
        "a response with a head of 64 KiB is returned with all of it",
        large_head,
    ),
    Row::new(
        "response-empty",
        "a response of no bytes is returned",
        empty,
    ),
    Row::new("response-chunked", "chunks are joined", chunked),
    Row::new(
        "response-until-close",
        "a response without a length ends with the connection",
        until_close,
    ),
    Row::new(
        "response-not-utf-8",
        "bytes that are not text are returned",
        not_utf8,
    ),
    Row::new(
        "response-gzip",
        "a body with unrequested compression is returned as sent, with its header",
        gzip,
    ),
    Row::new(
        "response-100",
        "an unrequested 100 is not the response",
        |context| informational(context, "100 Continue"),
    ),
    Row::new(
        "response-103",
        "early hints are not the response",
        |context| informational(context, "103 Early Hints\r\nlink: </x>; rel=preload"),
    ),
    Row::new(
        "response-not-http",
        "what is not HTTP is `Interrupted`",
        not_http,
    ),
];

fn headers(context: &TestContext) -> CheckResult {
    let value = b"a  b;\xe4=\"\xff\", \t%20";
    let head = [
        &b"HTTP/1.1 200 OK\r\nX-Odd: "[..],
        value,
        b"\r\ncontent-length: 2\r\n\r\n{}",
    ]
    .concat();
    let server = context.serve_bytes(head)?;
    let response = expect_response(context.send(poll(&server.url())?)?)?;
    match response.headers().get("x-odd") {
        Some(found) if found.as_bytes() == value => Ok("unchanged".into()),
        found => fail(format!(
            "{value:?} became {:?}",
            found.map(http::HeaderValue::as_bytes)
        )),
    }
}

fn duplicates(context: &TestContext) -> CheckResult {
    let server = context.serve_bytes(response_bytes(
        "200 OK",
        &["warning: b", "x-other: c", "Warning: a"],
        b"{}",
    ))?;
    let response = expect_response(context.send(poll(&server.url())?)?)?;
    let found: Vec<_> = response.headers().get_all("warning").iter().collect();
    if found == ["b", "a"] {
        Ok("both".into())
    } else {
        fail(format!("[b, a] became {found:?}"))
    }
}

fn many_headers(context: &TestContext) -> CheckResult {
    let lines: Vec<String> = (1..100)
        .map(|index| format!("x-{index}: {index}"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    // With the length, 100.
    let server = context.serve_bytes(response_bytes("200 OK", &lines, b"{}"))?;
    let response = expect_response_with(context.send(poll(&server.url())?)?, 200, b"{}")?;
    for index in 1..100 {
        let found = response.headers().get(format!("x-{index}"));
        if found.is_none_or(|found| *found != *index.to_string()) {
            return fail(format!("the header {index} became {found:?}"));
        }
    }
    Ok("all".into())
}

fn large_head(context: &TestContext) -> CheckResult {
    const HEAD_BYTES: usize = 64 * 1024;
    // The body has two bytes.
    let with_value = |value: &str| response_bytes("200 OK", &[&format!("x-long: {value}")], b"{}");
    let value = "x".repeat(HEAD_BYTES + 2 - with_value("").len());
    let server = context.serve_bytes(with_value(&value))?;
    let response = expect_response_with(context.send(poll(&server.url())?)?, 200, b"{}")?;
    match response.headers().get("x-long") {
        Some(found) if *found == *value => Ok("all".into()),
        found => fail(format!(
            "the value of {} bytes became one of {:?}",
            value.len(),
            found.map(http::HeaderValue::len)
        )),
    }
}

fn empty(context: &TestContext) -> CheckResult {
    let server = context.serve_bytes(response_bytes("200 OK", &[], b""))?;
    expect_response_with(context.send(poll(&server.url())?)?, 200, b"")?;
    Ok("no bytes".into())
}

fn chunked(context: &TestContext) -> CheckResult {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = b"5\r\n{\"a\":\r\n3;x=y\r\n 1}\r\n0\r\n\r\n";
    let server = context.serve_bytes([&head[..], body].concat())?;
    expect_response_with(context.send(poll(&server.url())?)?, 200, br#"{"a": 1}"#)?;
    Ok("joined".into())
}

fn until_close(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        connection.request()?;
        connection.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"a\": 1}")
    })?;
    expect_response_with(context.send(poll(&server.url())?)?, 200, br#"{"a": 1}"#)?;
    Ok("whole".into())
}

fn not_utf8(context: &TestContext) -> CheckResult {
    let body = b"{\"a\": \"\xff\xfe\xc3\x28\xed\xa0\x80\"}";
    let server = context.serve_bytes(response_bytes(
        "200 OK",
        &["content-type: application/json; charset=utf-8"],
        body,
    ))?;
    expect_response_with(context.send(poll(&server.url())?)?, 200, body)?;
    Ok("byte for byte".into())
}

fn gzip(context: &TestContext) -> CheckResult {
    // `{}` in one stored block (RFC 1952).
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01\x02\x00\xfd\xff{}\
        \x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let server = context.serve_bytes(response_bytes(
        "200 OK",
        &["content-encoding: gzip"],
        packed,
    ))?;
    let response = expect_response_with(context.send(poll(&server.url())?)?, 200, packed)?;
    match response.headers().get("content-encoding") {
        Some(found) if found == "gzip" => Ok("as sent".into()),
        found => fail(format!("the header became {found:?}")),
    }
}

fn informational(context: &TestContext, head: &str) -> CheckResult {
    let body = br#"{"a": 1}"#;
    let server = context.serve_bytes(
        [
            format!("HTTP/1.1 {head}\r\n\r\n").into_bytes(),
            response_bytes("200 OK", &[], body),
        ]
        .concat(),
    )?;
    expect_response_with(context.send(poll(&server.url())?)?, 200, body)?;
    expect_response_with(context.send(submit(&server.url(), 1_000)?)?, 200, body)?;
    Ok("200".into())
}

fn not_http(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        connection.request()?;
        connection.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    })?;
    expect_failure_kind(
        context.send(submit(&server.url(), 1_000)?)?,
        &[FailureKind::Interrupted],
    )
}
