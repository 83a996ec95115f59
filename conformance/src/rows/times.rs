//! Time limits, and slow responses within them.

use std::time::{Duration, Instant};

use http::Request;
use tokio::sync::oneshot;
use typless::machine::FailureKind;
use typless::wire::Body;

use crate::check::{CheckError, CheckResult, fail};
use crate::context::{
    SHORT, TestContext, describe, expect_failure_kind, expect_response_with, poll, response_bytes,
    submit, submit_source,
};
use crate::row::{Needs, Row};
use crate::server::{Connection, Counter};
use crate::sources::Zeros;
use crate::subject::Dropped;

pub(super) const ROWS: &[Row] = &[
    Row::new("time-none", "the largest possible limits work", unlimited),
    Row::new(
        "time-slow-head",
        "a head that is sent byte by byte is read",
        slow_head,
    ),
    Row::new(
        "time-slow-body",
        "a body is read that takes longer than the idle limit in total, without such a pause",
        slow_body,
    ),
    Row::new(
        "time-sending",
        "an upload that the server does not read is `Interrupted` at the limit",
        sending,
    ),
    Row::new(
        "time-waiting",
        "no response is `Interrupted` at the limit",
        waiting,
    ),
    Row::new(
        "time-stalled",
        "a body that stops midway is `Interrupted` at the limit",
        stalled,
    ),
    Row::new(
        "time-trickling",
        "a body that trickles without end is `Interrupted` at the total limit",
        trickling,
    ),
    Row::new(
        "time-late-response",
        "a response after its limit is never taken for the next response",
        late_response,
    ),
    Row::new(
        "time-dropped",
        "dropping the future ends the exchange",
        dropped,
    )
    .needing(Needs::Futures),
];

const INTERRUPTED: &[FailureKind] = &[FailureKind::Interrupted];
const BODY: &[u8] = br#"{"status": "IN_PROGRESS", "result": null}"#;

/// One exchange with a limit that it exceeds.
///
/// On a busy computer the limit may end before there is a connection. `NotSent` is correct then,
/// and the exchange is repeated with more time.
fn cut_off(
    context: &TestContext,
    request: impl Fn() -> Result<Request<Body>, CheckError>,
) -> CheckResult {
    let mut limits = context.limits();
    for factor in [1, 8] {
        limits.total = SHORT * factor;
        match context.send_within(request()?, limits)? {
            Err(failure) if failure.kind() == FailureKind::NotSent => {}
            result => return expect_failure_kind(result, INTERRUPTED),
        }
    }
    limits.total = SHORT * 32;
    expect_failure_kind(context.send_within(request()?, limits)?, INTERRUPTED)
}

fn unlimited(context: &TestContext) -> CheckResult {
    let server = context.serve_bytes(response_bytes("200 OK", &[], BODY))?;
    let mut limits = context.limits();
    (limits.connect, limits.idle, limits.total) = (Duration::MAX, Duration::MAX, Duration::MAX);
    limits.response_bytes = u64::MAX;
    expect_response_with(
        context.send_within(poll(&server.url())?, limits)?,
        200,
        BODY,
    )?;
    expect_response_with(
        context.send_within(submit(&server.url(), 1_000)?, limits)?,
        200,
        BODY,
    )?;
    Ok("a response".into())
}

fn slow_head(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        connection.request()?;
        let bytes = response_bytes("200 OK", &[], BODY);
        let (head, body) = bytes.split_at(bytes.len() - BODY.len());
        connection.trickle(head, Duration::from_millis(1))?;
        connection.write(body)
    })?;
    expect_response_with(context.send(poll(&server.url())?)?, 200, BODY)?;
    Ok("a response".into())
}

const IDLE: Duration = Duration::from_millis(300);

fn slow_body(context: &TestContext) -> CheckResult {
    let mut limits = context.limits();
    limits.idle = IDLE;
    for _ in 0..10 {
        let late_writes = Counter::default();
        let theirs = late_writes.clone();
        let started_at = Instant::now();
        let server = context.serve(move |connection| {
            connection.request()?;
            trickle_past_idle(connection, started_at, &theirs)
        })?;
        let result = context.send_within(poll(&server.url())?, limits)?;
        // On a busy computer the server may pause for too long, which is not a fault of the
        // transport. The server has counted such pauses when its script ends.
        server.wait_until_idle()?;
        if late_writes.get() == 0 {
            return expect_response_with(result, 200, &[b'x'; TRICKLED])
                .map(|_| "a response".into());
        }
    }
    Err(CheckError::NotApplicable(
        "this computer is too busy".into(),
    ))
}

const TRICKLED: usize = 40;

/// Takes 1.5 times the idle limit, with pauses that are a fraction of it.
fn trickle_past_idle(
    connection: &mut Connection,
    started_at: Instant,
    late_writes: &Counter,
) -> std::io::Result<()> {
    let pause = IDLE * 3 / 2 / u32::try_from(TRICKLED).unwrap_or(1);
    let mut last = started_at;
    let mut write = |bytes: &[u8]| {
        let written = connection.write(bytes);
        if last.elapsed() > IDLE * 2 / 3 {
            late_writes.add(1);
        }
        last = Instant::now();
        written
    };
    write(format!("HTTP/1.1 200 OK\r\ncontent-length: {TRICKLED}\r\n\r\n").as_bytes())?;
    for _ in 0..TRICKLED {
        std::thread::sleep(pause);
        write(b"x")?;
    }
    Ok(())
}

fn sending(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        connection.head()?;
        connection.wait_for_close();
        Ok(())
    })?;
    cut_off(context, || {
        submit_source(&server.url(), Zeros::more_than_is_buffered())
    })
}

fn waiting(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        connection.request()?;
        connection.wait_for_close();
        Ok(())
    })?;
    cut_off(context, || poll(&server.url()))?;
    cut_off(context, || submit(&server.url(), 1_000))
}

fn stalled(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        connection.request()?;
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\"")?;
        connection.wait_for_close();
        Ok(())
    })?;
    cut_off(context, || poll(&server.url()))
}

fn trickling(context: &TestContext) -> CheckResult {
    let timeout = context.timeout();
    let server = context.serve(move |connection| {
        connection.request()?;
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")?;
        let until = Instant::now() + timeout;
        while Instant::now() < until {
            connection.trickle(b"x", Duration::from_millis(1))?;
        }
        Ok(())
    })?;
    cut_off(context, || poll(&server.url()))
}

fn late_response(context: &TestContext) -> CheckResult {
    let (abandoned, responded) = (Counter::default(), Counter::default());
    let theirs = (abandoned.clone(), responded.clone());
    let timeout = context.timeout();
    let server = context.serve(move |connection| {
        // Not the first connection alone: on a busy computer the exchange is made again.
        if theirs.0.get() > 0 {
            return connection.respond_to_all(&response_bytes("200 OK", &[], b"its own"));
        }
        let request = connection.request();
        theirs.0.wait_for(1, timeout);
        let written = connection.write(&response_bytes("200 OK", &[], b"another's"));
        theirs.1.add(1);
        request.and(written)?;
        connection.respond_to_all(&response_bytes("200 OK", &[], b"its own"))
    })?;
    cut_off(context, || poll(&server.url()))?;
    abandoned.add(1);
    server.wait_until_accepted()?;
    // On a busy computer it may be abandoned before it is connected.
    responded.wait_for(server.connections() as u64, context.timeout() / 2);
    expect_response_with(context.send(poll(&server.url())?)?, 200, b"its own")?;
    Ok("its own".into())
}

fn dropped(context: &TestContext) -> CheckResult {
    let (sender, midway) = oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    let closed = Counter::default();
    let theirs = closed.clone();
    let server = context.serve(move |connection| {
        connection.request()?;
        if let Some(sender) = sender.lock().ok().and_then(|mut sender| sender.take()) {
            let _ = sender.send(());
        }
        // An end or a reset, but not a timeout of the server.
        match connection.drain() {
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            _ => theirs.add(1),
        }
        Ok(())
    })?;
    match context.send_and_drop(submit(&server.url(), 1_000)?, midway) {
        None => {
            return Err(CheckError::NotApplicable(
                "its exchanges are not futures".into(),
            ));
        }
        Some(Dropped::Finished(result)) => {
            return fail(format!("it finished with {}", describe(&result)));
        }
        Some(Dropped::Midway) => {}
    }
    if closed.wait_for(1, context.timeout() / 2) {
        Ok("the connection was closed".into())
    } else {
        fail("the exchange continued")
    }
}
