//! Services that can't be reached: nothing was sent, and it is known.

use std::net::TcpStream;
use std::time::Duration;

use typless::machine::FailureKind;

use super::{Finding, Objection, Row};
use crate::scene::{KEY, SHORT, Scene, failed, failed_as, poll, submit};
use crate::server::{Tally, listen};

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
        "reach-no-answer",
        "a host that does not take the connection is `NotSent`, within the limit to connect",
        no_answer,
    ),
    Row::new(
        "reach-tls-to-plain",
        "https to a port that speaks none is `NotSent` (or `Interrupted`), and shows the key to nobody",
        tls_to_plain,
    ),
    Row::new("reach-secrets", "no failure shows the key", secrets),
];

const NOT_SENT: &[FailureKind] = &[FailureKind::NotSent];

/// A port that nobody listens on.
fn nobody(scene: &Scene) -> Result<String, Objection> {
    Ok(format!(
        "http://{}",
        listen(scene.runtime(), 1)?.local_addr()?
    ))
}

fn refused(scene: &Scene) -> Finding {
    let url = nobody(scene)?;
    failed_as(scene.send(poll(&url)?)?, NOT_SENT)?;
    failed_as(scene.send(submit(&url, 1_000)?)?, NOT_SENT)
}

fn no_such_host(scene: &Scene) -> Finding {
    let mut limits = scene.limits();
    // Where there is no resolver to say no, the limit does.
    limits.connect = scene.patience() / 4;
    // A name that never exists (RFC 6761).
    failed_as(
        scene.send_within(submit("http://does-not-exist.invalid", 1_000)?, limits)?,
        NOT_SENT,
    )
}

fn no_answer(scene: &Scene) -> Finding {
    // Nobody accepts; once the backlog is full, further connections are not answered.
    let listener = listen(scene.runtime(), 1)?;
    let address = listener.local_addr()?;
    let mut waiting = Vec::new();
    loop {
        match TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            Ok(stream) if waiting.len() < 64 => waiting.push(stream),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => break,
            _ => {
                return Err(Objection::NotApplicable(
                    "this system does not leave connections unanswered".into(),
                ));
            }
        }
    }
    let mut limits = scene.limits();
    limits.connect = SHORT;
    // Long enough that only the limit to connect can end it in time.
    limits.total = scene.patience() * 2;
    let began = std::time::Instant::now();
    let outcome = scene.send_within(submit(&format!("http://{address}"), 1_000)?, limits)?;
    if began.elapsed() > scene.patience() / 2 {
        return Objection::failed(format!(
            "it tried for {:?}, with a limit of {SHORT:?}",
            began.elapsed()
        ));
    }
    failed_as(outcome, NOT_SENT)
}

fn tls_to_plain(scene: &Scene) -> Finding {
    let shown = Tally::default();
    let theirs = shown.clone();
    let server = scene.serve(move |connection| {
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
    let outcome = scene.send(submit(&url, 1_000)?)?;
    server.settle()?;
    if shown.get() > 0 {
        return Objection::failed("it spoke plain HTTP where TLS was asked for");
    }
    // Without a handshake nothing can have been processed, so `NotSent` is right; `Interrupted` is
    // safe, if less useful.
    failed_as(outcome, &[FailureKind::NotSent, FailureKind::Interrupted])
}

fn secrets(scene: &Scene) -> Finding {
    let closing = scene.serve(|connection| connection.request().map(drop))?;
    for url in [nobody(scene)?, closing.url()] {
        let failure = failed(
            scene.send(submit(&url, 1_000)?)?,
            &[FailureKind::NotSent, FailureKind::Interrupted],
        )?;
        let mut shown = format!("{failure} {failure:?}");
        let mut cause = failure.cause().source();
        while let Some(next) = cause {
            shown.push_str(&format!(" {next} {next:?}"));
            cause = next.source();
        }
        if shown.contains(KEY) {
            return Objection::failed("the key is in a failure's text");
        }
    }
    Ok("not shown".into())
}
