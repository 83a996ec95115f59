//! Connections that are reused.

use std::time::{Duration, Instant};

use typless::machine::{
    Call, CallEventKind, CallOptions, FailureKind, Machine, Output, RetryPolicy, Time,
};
use typless::wire::AwaitingRequest;

use crate::check::{CheckError, CheckResult, fail};
use crate::context::{
    TestContext, api, describe, expect_failure, expect_response, expect_response_with, poll,
    response_bytes, submit,
};
use crate::row::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "reuse-kept",
        "a connection is reused for the next exchange, with every status",
        kept,
    ),
    Row::new(
        "reuse-announced-close",
        "a connection with an announced close is not reused",
        announced,
    ),
    Row::new(
        "reuse-idle-closed-get",
        "a `Call` gets its response even if an idle connection was closed",
        idle_closed_get,
    ),
    Row::new(
        "reuse-idle-closed-post",
        "a submit lost with an idle connection is `Interrupted`, and received at most once",
        idle_closed_post,
    ),
];

fn kept(context: &TestContext) -> CheckResult {
    let mut connections = 0;
    // A pool that returns connections on another task may open a new one for the next exchange,
    // above all on a busy computer. With longer pauses it needs one connection, or two.
    for pause in [0, 5, 50, 250] {
        connections = connections_for_five(context, Duration::from_millis(pause))?;
        if connections <= 2 {
            return Ok(format!("connections for 5 exchanges: {connections}"));
        }
    }
    fail(format!("{connections} connections for 5 exchanges"))
}

fn connections_for_five(context: &TestContext, pause: Duration) -> Result<usize, CheckError> {
    let server = context.serve(|connection| {
        for status in [
            "200 OK",
            "400 Bad Request",
            "202 Accepted",
            "500 Oops",
            "200 OK",
        ]
        .iter()
        .cycle()
        {
            if connection.request()?.is_none() {
                break;
            }
            connection.write(&response_bytes(status, &[], b"{}"))?;
        }
        Ok(())
    })?;
    let url = server.url();
    for request in [
        poll(&url)?,
        poll(&url)?,
        submit(&url, 100_000)?,
        submit(&url, 2_000_000)?,
        poll(&url)?,
    ] {
        std::thread::sleep(pause);
        expect_response(context.send(request)?)?;
    }
    Ok(server.connections())
}

fn announced(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        if connection.request()?.is_some() {
            connection.write(&response_bytes("200 OK", &["connection: close"], b"{}"))?;
            // It stays open until the client closes it, so that a second request would be received.
            connection.request()?;
        }
        Ok(())
    })?;
    for _ in 0..2 {
        expect_response_with(context.send(poll(&server.url())?)?, 200, b"{}")?;
    }
    match server
        .received()
        .iter()
        .filter(|received| received.connection == 0)
        .count()
    {
        1 => Ok("a new connection".into()),
        requests => fail(format!(
            "{requests} requests on a connection with an announced close"
        )),
    }
}

fn idle_closed_get(context: &TestContext) -> CheckResult {
    let server = context.serve(|connection| {
        let reply = response_bytes("200 OK", &[], br#"{"extraction_ids": []}"#);
        if connection.number() > 0 {
            return connection.respond_to_all(&reply);
        }
        connection.request()?;
        connection.write(&reply)
    })?;
    expect_response(context.send(AwaitingRequest::new().request(&api(&server.url())?))?)?;
    server.wait_until_idle()?;
    let retry = RetryPolicy::new()
        .with_attempts(4)
        .with_delays(Duration::from_millis(1), Duration::from_millis(5));
    let started_at = Instant::now();
    let now = || Time::from_unix_seconds(1_700_000_000) + started_at.elapsed();
    let mut call = Call::new(
        &api(&server.url())?,
        AwaitingRequest::new(),
        CallOptions::new().with_retry_policy(retry),
        now(),
    );
    loop {
        match call.next_output(now()) {
            Output::Send(transmit) => {
                match context.send_within(transmit.request, context.limits())? {
                    Ok(response) => call.handle_response(transmit.id, response, now()),
                    Err(failure) => call.handle_failure(transmit.id, failure, now()),
                }
            }
            Output::Event(event) => match event.kind {
                CallEventKind::Finished(Ok(_)) => return Ok("a response".into()),
                CallEventKind::Finished(Err(error)) => return fail(error.to_string()),
                _ => {}
            },
            Output::Wait(until) => std::thread::sleep(until.saturating_since(now())),
            Output::NeedInput | Output::Done => {
                return fail("the call has no outcome");
            }
        }
    }
}

fn idle_closed_post(context: &TestContext) -> CheckResult {
    // The first connection closes when the submit is received, as an idle connection may.
    let server = context.serve(|connection| {
        let reply = response_bytes("200 OK", &[], b"{}");
        if connection.number() > 0 {
            return connection.respond_to_all(&reply);
        }
        connection.request()?;
        connection.write(&reply)?;
        connection.request().map(drop)
    })?;
    expect_response(context.send(poll(&server.url())?)?)?;
    let result = context.send(submit(&server.url(), 1_000)?)?;
    server.wait_until_idle()?;
    let submits: Vec<_> = server
        .received()
        .into_iter()
        .filter(|received| received.line.starts_with("POST"))
        .collect();
    match &submits[..] {
        [one] if one.connection == 0 => {
            expect_failure(result, &[FailureKind::Interrupted]).map(|_| "Interrupted, once".into())
        }
        // A transport may use a new connection for a submit.
        [_] => expect_response(result).map(|_| "a response, once".into()),
        received => fail(format!(
            "the server received the submit {} times; it reported {}",
            received.len(),
            describe(&result)
        )),
    }
}
