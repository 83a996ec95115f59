//! The most bytes of an answer.

use typless::machine::{FailureKind, Limits};

use super::{Finding, Objection, Row};
use crate::scene::{Scene, answer, answered_with, failed, poll};
use crate::server::{Connection, Tally};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "limit-declared",
        "an answer that says it is over the limit is `TooLarge`, and not read",
        |scene| endless(scene, "content-length: 100000000", false),
    ),
    Row::new(
        "limit-chunked",
        "an answer in chunks is `TooLarge` once it is over the limit, and not read on",
        |scene| endless(scene, "transfer-encoding: chunked", true),
    ),
    Row::new(
        "limit-until-close",
        "an answer without a length is `TooLarge` once it is over the limit, and not read on",
        |scene| endless(scene, "connection: close", false),
    ),
    Row::new(
        "limit-exact",
        "an answer of exactly the limit is an answer",
        exact,
    ),
    Row::new(
        "limit-connection",
        "what was not read of one answer is never taken for the next",
        leftover,
    ),
];

const LIMIT: usize = 100_000;
const ENDLESS: u64 = 100_000_000;
const BLOCK: usize = 50_000;

fn limits(scene: &Scene) -> Limits {
    let mut limits = scene.limits();
    limits.response_bytes = LIMIT as u64;
    limits
}

fn endless(scene: &Scene, header: &'static str, chunked: bool) -> Finding {
    let sent = Tally::default();
    let theirs = sent.clone();
    let server = scene.serve(move |connection| {
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
    let outcome = scene.send_within(poll(&server.url())?, limits(scene))?;
    let sent = sent.get();
    failed(outcome, &[FailureKind::TooLarge])?;
    // Half of it is more than systems buffer.
    if sent > ENDLESS / 2 {
        return Objection::failed(format!(
            "it took {sent} bytes of an answer, with a limit of {LIMIT}"
        ));
    }
    Ok("TooLarge".into())
}

fn exact(scene: &Scene) -> Finding {
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
        let server = scene.serve(move |connection: &mut Connection| {
            connection.request()?;
            connection.write(&bytes)
        })?;
        answered_with(
            scene.send_within(poll(&server.url())?, limits(scene))?,
            200,
            &body,
        )?;
    }
    Ok(format!("{LIMIT} bytes"))
}

fn leftover(scene: &Scene) -> Finding {
    let own = answer("200 OK", &[], b"its own");
    // Whoever reads on where it stopped finds what looks like an answer.
    let others = answer("200 OK", &[], b"another's").repeat(5_000);
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
    let server = scene.serve(move |connection| {
        let mut first = connection.number() == 0;
        while connection.request()?.is_some() {
            connection.write(if first { &others } else { &own })?;
            first = false;
        }
        Ok(())
    })?;
    failed(
        scene.send_within(poll(&server.url())?, limits(scene))?,
        &[FailureKind::TooLarge],
    )?;
    answered_with(scene.send(poll(&server.url())?)?, 200, b"its own")?;
    Ok("its own".into())
}
