//! Time limits, and answers that take their time within them.

use std::time::{Duration, Instant};

use http::Request;
use tokio::sync::oneshot;
use typless::machine::FailureKind;
use typless::wire::Body;

use super::{Finding, Needs, Objection, Row};
use crate::scene::{
    SHORT, Scene, answer, answered_with, failed_as, poll, shown, submit, submit_source,
};
use crate::server::{Connection, Tally};
use crate::sources::Zeros;
use crate::subject::Dropped;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "time-none",
        "limits as long as can be are no trouble",
        unlimited,
    ),
    Row::new(
        "time-slow-head",
        "a head that comes byte by byte is read",
        slow_head,
    ),
    Row::new(
        "time-slow-body",
        "a body that takes longer than the idle limit in all, but never stops for it, is read",
        slow_body,
    ),
    Row::new(
        "time-sending",
        "an upload that is not read is `Interrupted` at the limit",
        sending,
    ),
    Row::new(
        "time-waiting",
        "no answer at all is `Interrupted` at the limit",
        waiting,
    ),
    Row::new(
        "time-stalled",
        "a body that stops midway is `Interrupted` at the limit",
        stalled,
    ),
    Row::new(
        "time-trickling",
        "a body that trickles without end is `Interrupted` at the limit in all",
        trickling,
    ),
    Row::new(
        "time-late-answer",
        "an answer that comes after its limit is never taken for the next one",
        late_answer,
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

/// One exchange with a limit that is meant to be reached.
///
/// On a busy machine the limit may be over before there is a connection, and `NotSent` is right: it
/// is then asked again, with more time.
fn cut_off(scene: &Scene, request: impl Fn() -> Result<Request<Body>, Objection>) -> Finding {
    let mut limits = scene.limits();
    for factor in [1, 8] {
        limits.total = SHORT * factor;
        match scene.send_within(request()?, limits)? {
            Err(failure) if failure.kind() == FailureKind::NotSent => {}
            outcome => return failed_as(outcome, INTERRUPTED),
        }
    }
    limits.total = SHORT * 32;
    failed_as(scene.send_within(request()?, limits)?, INTERRUPTED)
}

fn unlimited(scene: &Scene) -> Finding {
    let server = scene.serve_bytes(answer("200 OK", &[], BODY))?;
    let mut limits = scene.limits();
    (limits.connect, limits.idle, limits.total) = (Duration::MAX, Duration::MAX, Duration::MAX);
    limits.response_bytes = u64::MAX;
    answered_with(scene.send_within(poll(&server.url())?, limits)?, 200, BODY)?;
    answered_with(
        scene.send_within(submit(&server.url(), 1_000)?, limits)?,
        200,
        BODY,
    )?;
    Ok("answered".into())
}

fn slow_head(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.request()?;
        let bytes = answer("200 OK", &[], BODY);
        let (head, body) = bytes.split_at(bytes.len() - BODY.len());
        connection.trickle(head, Duration::from_millis(1))?;
        connection.write(body)
    })?;
    answered_with(scene.send(poll(&server.url())?)?, 200, BODY)?;
    Ok("answered".into())
}

const IDLE: Duration = Duration::from_millis(300);

fn slow_body(scene: &Scene) -> Finding {
    let mut limits = scene.limits();
    limits.idle = IDLE;
    for _ in 0..10 {
        let lapses = Tally::default();
        let theirs = lapses.clone();
        let began = Instant::now();
        let server = scene.serve(move |connection| {
            connection.request()?;
            trickle_past_idle(connection, began, &theirs)
        })?;
        let outcome = scene.send_within(poll(&server.url())?, limits)?;
        // A server that did not get to run has not kept the pace: that is nobody's fault. It knows
        // once it has run.
        server.settle()?;
        if lapses.get() == 0 {
            return answered_with(outcome, 200, &[b'x'; TRICKLED]).map(|_| "answered".into());
        }
    }
    Err(Objection::NotApplicable(
        "this machine is too busy to tell".into(),
    ))
}

const TRICKLED: usize = 40;

/// Takes half as long again as the idle limit, with pauses that are a fraction of it.
fn trickle_past_idle(
    connection: &mut Connection,
    began: Instant,
    lapses: &Tally,
) -> std::io::Result<()> {
    let pause = IDLE * 3 / 2 / u32::try_from(TRICKLED).unwrap_or(1);
    let mut last = began;
    let mut write = |bytes: &[u8]| {
        let written = connection.write(bytes);
        if last.elapsed() > IDLE * 2 / 3 {
            lapses.add(1);
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

fn sending(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.head()?;
        connection.stay();
        Ok(())
    })?;
    cut_off(scene, || {
        submit_source(&server.url(), Zeros::more_than_is_buffered())
    })
}

fn waiting(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.request()?;
        connection.stay();
        Ok(())
    })?;
    cut_off(scene, || poll(&server.url()))?;
    cut_off(scene, || submit(&server.url(), 1_000))
}

fn stalled(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.request()?;
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\"")?;
        connection.stay();
        Ok(())
    })?;
    cut_off(scene, || poll(&server.url()))
}

fn trickling(scene: &Scene) -> Finding {
    let patience = scene.patience();
    let server = scene.serve(move |connection| {
        connection.request()?;
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")?;
        let until = Instant::now() + patience;
        while Instant::now() < until {
            connection.trickle(b"x", Duration::from_millis(1))?;
        }
        Ok(())
    })?;
    cut_off(scene, || poll(&server.url()))
}

fn late_answer(scene: &Scene) -> Finding {
    let (given_up, answered) = (Tally::default(), Tally::default());
    let theirs = (given_up.clone(), answered.clone());
    let patience = scene.patience();
    let server = scene.serve(move |connection| {
        if connection.number() > 0 {
            return connection.answer_all(&answer("200 OK", &[], b"its own"));
        }
        let asked = connection.request();
        theirs.0.reaches(1, patience);
        let written = connection.write(&answer("200 OK", &[], b"another's"));
        theirs.1.add(1);
        asked.and(written)?;
        connection.answer_all(&answer("200 OK", &[], b"its own"))
    })?;
    cut_off(scene, || poll(&server.url()))?;
    given_up.add(1);
    server.meet()?;
    // On a busy machine it may have been given up before it was connected.
    if server.connections() > 0 {
        answered.reaches(1, scene.patience());
    }
    answered_with(scene.send(poll(&server.url())?)?, 200, b"its own")?;
    Ok("its own".into())
}

fn dropped(scene: &Scene) -> Finding {
    let (tell, midway) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let closed = Tally::default();
    let theirs = closed.clone();
    let server = scene.serve(move |connection| {
        connection.request()?;
        if let Some(tell) = tell.lock().ok().and_then(|mut tell| tell.take()) {
            let _ = tell.send(());
        }
        // Its end, or a reset: both are ends. Only patience that runs out is none.
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
    match scene.send_and_drop(submit(&server.url(), 1_000)?, midway) {
        None => {
            return Err(Objection::NotApplicable(
                "its exchanges are no futures".into(),
            ));
        }
        Some(Dropped::Ended(outcome)) => {
            return Objection::failed(format!("it ended by itself, as {}", shown(&outcome)));
        }
        Some(Dropped::Midway) => {}
    }
    if closed.reaches(1, scene.patience() / 2) {
        Ok("the connection was closed".into())
    } else {
        Objection::failed("the exchange went on")
    }
}
