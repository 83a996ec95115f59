//! Services that can't be reached: it is known that nothing was sent.

use std::net::TcpStream;
use std::time::Duration;

use typless::machine::FailureKind;

use crate::check::{CheckError, CheckResult, fail};
use crate::context::{
    KEY, SHORT, TestContext, expect_failure, expect_failure_kind, poll, shown, submit,
};
use crate::row::Row;
use crate::server::{Counter, listen};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "reach-refused",
        "a refused connection is `NotSent`",
        refused,
    ),
    Row::new(
        "reach-no-such-host",
        "a name that does not exist is `NotSent`",
        no_such_host,
    ),
    Row::new(
        "reach-connect-timeout",
        "a host that does not accept the connection is `NotSent`, within the connect limit",
        connect_timeout,
    ),
    Row::new(
        "reach-tls-to-plain",
        "https to a port without TLS is `NotSent` or `Interrupted`, and the key is not sent",
        tls_to_plain,
    ),
    Row::new("reach-secrets", "no failure shows the key", secrets),
];

const NOT_SENT: &[FailureKind] = &[FailureKind::NotSent];

/// The URL of a port without a listener.
fn closed_port(context: &TestContext) -> Result<String, CheckError> {
    Ok(format!(
        "http://{}",
        listen(context.runtime(), 1)?.local_addr()?
    ))
}

fn refused(context: &TestContext) -> CheckResult {
    let url = closed_port(context)?;
    expect_failure_kind(context.send(poll(&url)?)?, NOT_SENT)?;
    expect_failure_kind(context.send(submit(&url, 1_000)?)?, NOT_SENT)
}

fn no_such_host(context: &TestContext) -> CheckResult {
    let mut limits = context.limits();
    // Without a resolver, the lookup ends at the limit.
    limits.connect = context.timeout() / 4;
    // This name never exists (RFC 6761).
    expect_failure_kind(
        context.send_within(submit("http://does-not-exist.invalid", 1_000)?, limits)?,
        NOT_SENT,
    )
}

fn connect_timeout(context: &TestContext) -> CheckResult {
    // No connection is accepted. With a full backlog, the system leaves new connections pending.
    let listener = listen(context.runtime(), 1)?;
    let address = listener.local_addr()?;
    let mut waiting = Vec::new();
    loop {
        match TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            Ok(stream) if waiting.len() < 64 => waiting.push(stream),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => break,
            _ => {
                return Err(CheckError::NotApplicable(
                    "this system does not leave connections pending".into(),
                ));
            }
        }
    }
    let mut limits = context.limits();
    limits.connect = SHORT;
    // So long that only the connect limit can end it in time.
    limits.total = context.timeout() * 2;
    let started_at = std::time::Instant::now();
    let result = context.send_within(submit(&format!("http://{address}"), 1_000)?, limits)?;
    if started_at.elapsed() > context.timeout() / 2 {
        return fail(format!(
            "it tried for {:?}, with a limit of {SHORT:?}",
            started_at.elapsed()
        ));
    }
    expect_failure_kind(result, NOT_SENT)
}

fn tls_to_plain(context: &TestContext) -> CheckResult {
    let plain_requests = Counter::default();
    let theirs = plain_requests.clone();
    let server = context.serve(move |connection| {
        let mut first = [0];
        connection.read_exact(&mut first)?;
        // A TLS handshake begins with 22, a request with a letter.
        if first[0].is_ascii_alphabetic() {
            theirs.add(1);
        }
        connection
            .write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    })?;
    let url = server.url().replace("http:", "https:");
    let result = context.send(submit(&url, 1_000)?)?;
    server.wait_until_idle()?;
    if plain_requests.get() > 0 {
        return fail("it used plain HTTP instead of TLS");
    }
    // Without a handshake nothing can have been processed, so `NotSent` is correct. `Interrupted`
    // is safe but less useful.
    expect_failure_kind(result, &[FailureKind::NotSent, FailureKind::Interrupted])
}

fn secrets(context: &TestContext) -> CheckResult {
    let closing = context.serve(|connection| connection.request().map(drop))?;
    for url in [closed_port(context)?, closing.url()] {
        let failure = expect_failure(
            context.send(submit(&url, 1_000)?)?,
            &[FailureKind::NotSent, FailureKind::Interrupted],
        )?;
        if shown(&failure).contains(KEY) {
            return fail("the key is in a failure's text");
        }
    }
    Ok("not shown".into())
}
