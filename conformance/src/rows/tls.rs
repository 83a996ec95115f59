//! TLS: certificates that must be refused, and connections that end without `close_notify`.

use std::io;

use typless::machine::FailureKind;

use crate::check::{CheckResult, fail};
use crate::context::{
    TestContext, expect_failure, expect_failure_kind, expect_response_with, poll, response_bytes,
    shown, submit,
};
use crate::row::{Needs, Row};
use crate::server::{Certificate, Connection, Server};

const fn row(
    id: &'static str,
    requirement: &'static str,
    check: fn(&TestContext) -> CheckResult,
) -> Row {
    Row::new(id, requirement, check).needing(Needs::Tls)
}

pub(super) const ROWS: &[Row] = &[
    row(
        "tls-exchange",
        "requests over TLS are sent byte for byte, and their responses are returned",
        exchange,
    ),
    row(
        "tls-no-close-notify",
        "a whole response is returned, whether or not `close_notify` follows",
        whole,
    ),
    row(
        "tls-until-close",
        "a response without a length is returned as received, even without `close_notify`",
        until_close,
    ),
    row(
        "tls-cut",
        "an end before the declared length or the last chunk is `Interrupted`",
        cut,
    ),
    row(
        "tls-wrong-name",
        "a certificate for another name is `NotSent`, and the failure names the certificate",
        |context| refused(context, Certificate::WrongName),
    ),
    row(
        "tls-expired",
        "an expired certificate is `NotSent`, and the failure names the certificate",
        |context| refused(context, Certificate::Expired),
    ),
    row(
        "tls-unknown-issuer",
        "an unknown issuer is `NotSent`, and the failure names the certificate",
        |context| refused(context, Certificate::UnknownIssuer),
    ),
    row(
        "tls-early-413",
        "413 in the middle of an upload over TLS is a response if the server reads the rest",
        early,
    ),
];

const ACCEPTED: &[u8] = br#"{"extraction_id": "0d14"}"#;
const CHUNKED: &[u8] = b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n\
    19\r\n{\"extraction_id\": \"0d14\"}\r\n0\r\n\r\n";

fn exchange(context: &TestContext) -> CheckResult {
    let reply = response_bytes("202 Accepted", &[], ACCEPTED);
    let server = context.serve_tls(Certificate::Valid, move |connection| {
        connection.respond_to_all(&reply)
    })?;
    for request in [
        poll(&server.tls_url())?,
        submit(&server.tls_url(), 1_000)?,
        submit(&server.tls_url(), 800_000)?,
    ] {
        let wanted = request.body().to_bytes()?;
        expect_response_with(context.send(request)?, 202, ACCEPTED)?;
        let received = server.received().pop().map(|received| received.body);
        if received.as_deref() != Some(&wanted) {
            return fail(format!(
                "{:?} of {} bytes were received, or other bytes",
                received.map(|received| received.len()),
                wanted.len()
            ));
        }
    }
    Ok("3 exchanges".into())
}

/// A server that responds to one request and ends the connection without `close_notify`.
fn serve_and_cut(context: &TestContext, bytes: Vec<u8>) -> io::Result<Server> {
    context.serve_tls(Certificate::Valid, move |connection: &mut Connection| {
        connection.request()?;
        connection.write(&bytes)?;
        connection.finish()
    })
}

fn whole(context: &TestContext) -> CheckResult {
    for bytes in [
        response_bytes("202 Accepted", &[], ACCEPTED),
        response_bytes("202 Accepted", &["connection: close"], ACCEPTED),
        CHUNKED.to_vec(),
    ] {
        let server = serve_and_cut(context, bytes)?;
        expect_response_with(
            context.send(submit(&server.tls_url(), 1_000)?)?,
            202,
            ACCEPTED,
        )?;
    }
    Ok("202".into())
}

/// Where the end of the connection is the end of the body, `close_notify` would tell a cut one. The
/// machines need no such proof: JSON that is cut cannot be read, and is a failure to them. So what
/// was received is returned: a document that was accepted, and is billed, keeps its id.
fn until_close(context: &TestContext) -> CheckResult {
    const HEAD: &[u8] = b"HTTP/1.1 202 Accepted\r\nconnection: close\r\n\r\n";
    let polite = context.serve_tls(Certificate::Valid, |connection: &mut Connection| {
        connection.request()?;
        connection.write(&[HEAD, ACCEPTED].concat())?;
        connection.close_notify()?;
        connection.finish()
    })?;
    expect_response_with(
        context.send(submit(&polite.tls_url(), 1_000)?)?,
        202,
        ACCEPTED,
    )?;
    for body in [ACCEPTED, &ACCEPTED[..18]] {
        let server = serve_and_cut(context, [HEAD, body].concat())?;
        expect_response_with(context.send(submit(&server.tls_url(), 1_000)?)?, 202, body)?;
    }
    Ok("as received".into())
}

fn cut(context: &TestContext) -> CheckResult {
    let declared = response_bytes("202 Accepted", &[], ACCEPTED);
    let mut kind = String::new();
    for bytes in [
        &declared[..declared.len() - 1],
        &CHUNKED[..CHUNKED.len() - 5],
    ] {
        let server = serve_and_cut(context, bytes.to_vec())?;
        let result = context.send(submit(&server.tls_url(), 1_000)?)?;
        kind = expect_failure_kind(result, &[FailureKind::Interrupted])?;
    }
    Ok(kind)
}

fn refused(context: &TestContext, certificate: Certificate) -> CheckResult {
    let server = context.serve_tls(certificate, |connection| {
        connection.respond_to_all(&response_bytes("202 Accepted", &[], ACCEPTED))
    })?;
    for request in [poll(&server.tls_url())?, submit(&server.tls_url(), 1_000)?] {
        let result = context.send(request)?;
        server.wait_until_idle()?;
        if !server.received().is_empty() {
            return fail("it sent the request");
        }
        let failure = expect_failure(result, &[FailureKind::NotSent])?;
        let text = shown(&failure);
        if !text.to_lowercase().contains("certificate") {
            return fail(format!("the failure does not name the certificate: {text}"));
        }
    }
    Ok("NotSent".into())
}

fn early(context: &TestContext) -> CheckResult {
    let server = context.serve_tls(Certificate::Valid, |connection| {
        connection.head()?;
        connection.read_exact(&mut [0; 1000])?;
        connection.write(&response_bytes(
            "413 Content Too Large",
            &["connection: close"],
            b"{}",
        ))?;
        connection.drain()
    })?;
    let request = submit(&server.tls_url(), 800_000)?;
    expect_response_with(context.send(request)?, 413, b"{}")?;
    Ok("413".into())
}
