//! Requests, as received by the server.

use http::HeaderValue;
use http::header::WARNING;

use crate::check::{CheckError, CheckResult, fail};
use crate::context::{KEY, TestContext, expect_response, poll, poll_at, response_bytes, submit};
use crate::row::Row;
use crate::server::{ReceivedRequest, Server};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "request-line",
        "method, path and query are sent as the core wrote them, with their percent-encoding",
        line,
    ),
    Row::new(
        "request-headers",
        "each header is sent once with its exact value, with the right host and no other header",
        headers,
    ),
    Row::new(
        "request-duplicates",
        "a header given twice is sent twice, in order",
        duplicates,
    ),
    Row::new("request-key", "one Authorization is sent, unchanged", key),
    Row::new(
        "request-encodings",
        "no compression is requested",
        encodings,
    ),
    Row::new(
        "request-length",
        "the exact length is sent, and no chunks",
        length,
    ),
    Row::new(
        "request-body",
        "the body is sent byte for byte, small and large",
        body,
    ),
    Row::new("request-no-body", "a GET has no body", no_body),
];

const ACCEPTED: &[u8] = br#"{"extraction_id": "0d14"}"#;

fn server(context: &TestContext) -> Result<Server, CheckError> {
    Ok(context.serve_bytes(response_bytes("202 Accepted", &[], ACCEPTED))?)
}

/// The one request the server has received.
fn only(server: &Server) -> Result<ReceivedRequest, CheckError> {
    let mut received = server.received();
    match (received.pop(), received.len()) {
        (Some(received), 0) => Ok(received),
        (_, more) => fail(format!(
            "one request was made, and the server received {}",
            more + 1
        )),
    }
}

fn receive_poll(context: &TestContext) -> Result<ReceivedRequest, CheckError> {
    let server = server(context)?;
    expect_response(context.send(poll(&server.url())?)?)?;
    only(&server)
}

fn receive_submit(context: &TestContext, bytes: usize) -> Result<ReceivedRequest, CheckError> {
    let server = server(context)?;
    expect_response(context.send(submit(&server.url(), bytes)?)?)?;
    only(&server)
}

fn line(context: &TestContext) -> CheckResult {
    let server = server(context)?;
    expect_response(context.send(poll_at(&server.url(), "a b/ä+?&%2F~")?)?)?;
    let wanted =
        "GET /api/get-extraction-data?extraction_id=a%20b%2F%C3%A4%2B%3F%26%252F~ HTTP/1.1";
    match only(&server)?.line {
        line if line == wanted => Ok(line),
        line => fail(format!("{line:?}, expected {wanted:?}")),
    }
}

/// Headers with their own rows.
const OTHER_ROWS: [&str; 4] = [
    "authorization",
    "accept-encoding",
    "content-length",
    "transfer-encoding",
];

fn headers(context: &TestContext) -> CheckResult {
    for bytes in [0, 1_000] {
        let server = server(context)?;
        let request = if bytes == 0 {
            poll(&server.url())
        } else {
            submit(&server.url(), bytes)
        }?;
        let mut wanted: Vec<(String, Vec<u8>)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        wanted.push(("host".to_owned(), server.address().to_string().into_bytes()));
        expect_response(context.send(request)?)?;
        let mut found = only(&server)?.headers;
        // The default of HTTP/1.1, which may be repeated.
        found.retain(|(name, value)| {
            !(name == "connection" && value.eq_ignore_ascii_case(b"keep-alive"))
        });
        for headers in [&mut wanted, &mut found] {
            headers.retain(|(name, _)| !OTHER_ROWS.contains(&name.as_str()));
            headers.sort();
        }
        if wanted != found {
            let show = |headers: Vec<(String, Vec<u8>)>| {
                headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
                    .collect::<Vec<_>>()
            };
            return fail(format!("{:?}, expected {:?}", show(found), show(wanted)));
        }
    }
    Ok("as written".into())
}

fn duplicates(context: &TestContext) -> CheckResult {
    let server = server(context)?;
    let mut request = poll(&server.url())?;
    let values = ["199 - \"b\"", "199 - \"a\""];
    for value in values {
        request
            .headers_mut()
            .append(WARNING, HeaderValue::from_static(value));
    }
    expect_response(context.send(request)?)?;
    let found = only(&server)?.text_values("warning");
    if found == values {
        Ok("both".into())
    } else {
        fail(format!("{found:?}, expected {values:?}"))
    }
}

fn key(context: &TestContext) -> CheckResult {
    let wanted = format!("Token {KEY}");
    let found = receive_poll(context)?.text_values("authorization");
    if found == [wanted.as_str()] {
        Ok("unchanged".into())
    } else {
        fail(format!("{found:?}, expected {wanted:?}"))
    }
}

fn encodings(context: &TestContext) -> CheckResult {
    let received = receive_poll(context)?;
    let requested: Vec<String> = ["accept-encoding", "te"]
        .iter()
        .flat_map(|name| received.text_values(name))
        .collect();
    if requested.is_empty() {
        Ok("none".into())
    } else {
        fail(format!("it requested {requested:?}"))
    }
}

fn length(context: &TestContext) -> CheckResult {
    for bytes in [1, 2, 3, 100_000, 800_000] {
        let received = receive_submit(context, bytes)?;
        let (lengths, wanted) = (
            received.text_values("content-length"),
            received.body.len().to_string(),
        );
        if lengths != [wanted.as_str()] || !received.values("transfer-encoding").is_empty() {
            let encodings = received.text_values("transfer-encoding");
            return fail(format!(
                "content-length {lengths:?}, transfer-encoding {encodings:?} for {wanted} bytes"
            ));
        }
    }
    Ok("exact".into())
}

fn body(context: &TestContext) -> CheckResult {
    for bytes in [1, 2, 3, 100_000, 800_000] {
        let wanted = submit("http://127.0.0.1", bytes)?.body().to_bytes()?;
        let received = receive_submit(context, bytes)?;
        if received.body != wanted {
            let same = received
                .body
                .iter()
                .zip(&wanted)
                .take_while(|(found, wanted)| found == wanted)
                .count();
            return fail(format!(
                "{} of {} bytes were received, the same up to {same}",
                received.body.len(),
                wanted.len()
            ));
        }
    }
    Ok("byte for byte".into())
}

fn no_body(context: &TestContext) -> CheckResult {
    let received = receive_poll(context)?;
    let chunked = !received.values("transfer-encoding").is_empty();
    if received.content_length().is_some_and(|length| length > 0) || chunked {
        return fail(format!(
            "a body of {} bytes{}",
            received.body.len(),
            if chunked { ", chunked" } else { "" }
        ));
    }
    Ok("none".into())
}
