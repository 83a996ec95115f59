//! Exchanges that break off: whether the request was processed is unknown, and `NotSent` would be a
//! lie.

use typless::machine::FailureKind;

use super::{Finding, Objection, Row};
use crate::scene::{Scene, failed_as, poll, submit, submit_source};
use crate::server::Connection;
use crate::sources::Zeros;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "broken-at-once",
        "a connection closed as it is accepted is `NotSent` or `Interrupted`, and not tried again",
        max_in_flight,
    ),
    Row::new(
        "broken-in-request",
        "a reset in the middle of an upload is `Interrupted`",
        in_request,
    ),
    Row::new(
        "broken-after-request",
        "a reset after the request is `Interrupted`",
        after_request,
    ),
    Row::new(
        "broken-in-head",
        "a close in the head of the answer is `Interrupted`",
        |scene| cut(scene, b"HTTP/1.1 202 Accepted\r\ncontent-le"),
    ),
    Row::new(
        "broken-in-body",
        "a close in the body of the answer is `Interrupted`",
        |scene| {
            cut(
                scene,
                b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{\"extraction_id\": \"0",
            )
        },
    ),
    Row::new(
        "broken-in-chunk",
        "a close before the last chunk of the answer is `Interrupted`",
        |scene| {
            cut(
                scene,
                b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
            )
        },
    ),
];

const INTERRUPTED: &[FailureKind] = &[FailureKind::Interrupted];

fn max_in_flight(scene: &Scene) -> Finding {
    let server = scene.serve(|_| Ok(()))?;
    let outcome = scene.send(submit(&server.url(), 100_000)?)?;
    server.settle()?;
    match server.connections() {
        1 => failed_as(outcome, &[FailureKind::NotSent, FailureKind::Interrupted]),
        connections => Objection::failed(format!(
            "it made {connections} connections for one exchange"
        )),
    }
}

fn in_request(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.head()?;
        connection.read_exact(&mut [0; 1000])?;
        // Closed with bytes unread, which resets it.
        connection.peek()
    })?;
    failed_as(
        scene.send(submit_source(
            &server.url(),
            Zeros::more_than_is_buffered(),
        )?)?,
        INTERRUPTED,
    )
}

fn after_request(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        let Some(length) = connection.head()?.and_then(|seen| seen.content_length()) else {
            return connection.drain();
        };
        // All but the last byte, which is there and stays unread.
        connection.read_exact(&mut vec![0; length.saturating_sub(1)])?;
        connection.peek()
    })?;
    failed_as(scene.send(submit(&server.url(), 100_000)?)?, INTERRUPTED)
}

fn cut(scene: &Scene, bytes: &'static [u8]) -> Finding {
    let server = scene.serve(move |connection: &mut Connection| {
        connection.request()?;
        connection.write(bytes)
    })?;
    failed_as(scene.send(poll(&server.url())?)?, INTERRUPTED)?;
    failed_as(scene.send(submit(&server.url(), 1_000)?)?, INTERRUPTED)
}
