//! Connections that are used more than once.

use std::time::{Duration, Instant};

use typless::machine::{
    Call, CallEventKind, CallOptions, FailureKind, Machine, Output, RetryPolicy, Time,
};
use typless::wire::AwaitingRequest;

use super::{Finding, Objection, Row};
use crate::scene::{Scene, answer, answered_with, api, failed, poll, shown, submit};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "reuse-kept",
        "a connection serves one exchange after the other, whatever their status",
        kept,
    ),
    Row::new(
        "reuse-announced-close",
        "a connection that the server says it closes is not used again",
        announced,
    ),
    Row::new(
        "reuse-idle-closed-get",
        "an idle connection that was closed does not keep a `Call` from its answer",
        idle_closed_get,
    ),
    Row::new(
        "reuse-idle-closed-post",
        "a submit lost with an idle connection is `Interrupted`, and reached the server once at most",
        idle_closed_post,
    ),
];

fn kept(scene: &Scene) -> Finding {
    let mut connections = 0;
    // A pool that takes a connection back on a task of its own may open others for exchanges that
    // follow at once, the more so on a busy machine: with time between them it has one, and one to
    // spare.
    for pause in [0, 5, 50, 250] {
        connections = connections_for_five(scene, Duration::from_millis(pause))?;
        if connections <= 2 {
            return Ok(format!("connections for 5 exchanges: {connections}"));
        }
    }
    Objection::failed(format!("{connections} connections for 5 exchanges"))
}

fn connections_for_five(scene: &Scene, pause: Duration) -> Result<usize, Objection> {
    let server = scene.serve(|connection| {
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
            connection.write(&answer(status, &[], b"{}"))?;
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
        crate::scene::answered(scene.send(request)?)?;
    }
    Ok(server.connections())
}

fn announced(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        if connection.request()?.is_some() {
            connection.write(&answer("200 OK", &["connection: close"], b"{}"))?;
            // It stays open until the client has closed, which is when a request too many would be
            // seen.
            connection.request()?;
        }
        Ok(())
    })?;
    for _ in 0..2 {
        answered_with(scene.send(poll(&server.url())?)?, 200, b"{}")?;
    }
    match server
        .seen()
        .iter()
        .filter(|seen| seen.connection == 0)
        .count()
    {
        1 => Ok("a new connection".into()),
        requests => Objection::failed(format!(
            "{requests} requests on a connection that was to be closed"
        )),
    }
}

fn idle_closed_get(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        let reply = answer("200 OK", &[], br#"{"extraction_ids": []}"#);
        if connection.number() > 0 {
            return connection.answer_all(&reply);
        }
        connection.request()?;
        connection.write(&reply)
    })?;
    crate::scene::answered(scene.send(AwaitingRequest::new().request(&api(&server.url())?))?)?;
    server.settle()?;
    let retry = RetryPolicy::new()
        .with_attempts(4)
        .with_delays(Duration::from_millis(1), Duration::from_millis(5));
    let began = Instant::now();
    let now = || Time::from_unix_seconds(1_700_000_000) + began.elapsed();
    let mut call = Call::new(
        &api(&server.url())?,
        AwaitingRequest::new(),
        CallOptions::new().with_retry_policy(retry),
        now(),
    );
    loop {
        match call.next_output(now()) {
            Output::Send(transmit) => match scene.send_within(transmit.request, scene.limits())? {
                Ok(response) => call.handle_response(transmit.id, response, now()),
                Err(failure) => call.handle_failure(transmit.id, failure, now()),
            },
            Output::Event(event) => match event.kind {
                CallEventKind::Finished(Ok(_)) => return Ok("answered".into()),
                CallEventKind::Finished(Err(error)) => return Objection::failed(error.to_string()),
                _ => {}
            },
            Output::Wait(until) => std::thread::sleep(until.saturating_since(now())),
            Output::NeedInput | Output::Done => {
                return Objection::failed("the call came to no end");
            }
        }
    }
}

fn idle_closed_post(scene: &Scene) -> Finding {
    // The first connection closes the moment a submit has come in, as one does that was idle for
    // too long.
    let server = scene.serve(|connection| {
        let reply = answer("200 OK", &[], b"{}");
        if connection.number() > 0 {
            return connection.answer_all(&reply);
        }
        connection.request()?;
        connection.write(&reply)?;
        connection.request().map(drop)
    })?;
    crate::scene::answered(scene.send(poll(&server.url())?)?)?;
    let outcome = scene.send(submit(&server.url(), 1_000)?)?;
    server.settle()?;
    let submits: Vec<_> = server
        .seen()
        .into_iter()
        .filter(|seen| seen.line.starts_with("POST"))
        .collect();
    match &submits[..] {
        [one] if one.connection == 0 => {
            failed(outcome, &[FailureKind::Interrupted]).map(|_| "Interrupted, once".into())
        }
        // A transport is free to give a submit a connection of its own.
        [_] => crate::scene::answered(outcome).map(|_| "answered, once".into()),
        seen => Objection::failed(format!(
            "the server saw the submit {} times; it reported {}",
            seen.len(),
            shown(&outcome)
        )),
    }
}
