//! HTTP/2, where the server can say what it has not processed.

use std::io;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use typless::machine::FailureKind;

use super::{Finding, Needs, Objection, Row};
use crate::scene::{
    KEY, Scene, answered_with, failed, failed_as, poll, poll_at, submit, submit_source,
};
use crate::server::frames::{self, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM};
use crate::server::{Connection, Http2Answer};
use crate::sources::{Ends, Faulty};

const fn row(id: &'static str, asks: &'static str, check: fn(&Scene) -> Finding) -> Row {
    Row::new(id, asks, check).needing(Needs::Http2)
}

pub(super) const ROWS: &[Row] = &[
    row(
        "http2-exchange",
        "requests over HTTP/2 arrive with their key, their exact length and their body",
        exchange,
    ),
    row(
        "http2-key",
        "Authorization is marked as sensitive, so that it enters no compression table",
        sensitive,
    ),
    row(
        "http2-at-once",
        "32 exchanges at once over HTTP/2 get each their own answer",
        max_in_flight,
    ),
    row(
        "http2-limit",
        "an answer over the limit is `TooLarge` over HTTP/2 too",
        limit,
    ),
    row(
        "http2-source",
        "a document that fails midway is `Source` over HTTP/2 too, and never a whole upload",
        source,
    ),
    row(
        "http2-refused",
        "a refused stream is `NotSent`: the server says that it was not processed",
        |scene| {
            ends(scene, &[FailureKind::NotSent], |connection, stream| {
                connection.reset_stream(stream, REFUSED_STREAM)
            })
        },
    ),
    row(
        "http2-go-away-before",
        "GOAWAY with a last stream before ours is `NotSent`",
        |scene| {
            ends(scene, &[FailureKind::NotSent], |connection, stream| {
                connection.go_away(stream - 1, NO_ERROR)
            })
        },
    ),
    row(
        "http2-go-away-after",
        "GOAWAY with a last stream that is ours, and a close, is `Interrupted`",
        |scene| {
            closes(scene, |connection, stream| {
                connection.go_away(stream, INTERNAL_ERROR)
            })
        },
    ),
    row(
        "http2-reset",
        "a stream reset for another reason is `Interrupted`",
        |scene| {
            ends(scene, INTERRUPTED, |connection, stream| {
                connection.reset_stream(stream, INTERNAL_ERROR)
            })
        },
    ),
    row(
        "http2-reset-in-body",
        "a stream reset in the body of the answer is `Interrupted`, whatever the reason",
        |scene| {
            ends(scene, INTERRUPTED, |connection, stream| {
                connection.http2_answer(stream, "202", b"{\"extraction_id\"", false)?;
                connection.reset_stream(stream, REFUSED_STREAM)
            })
        },
    ),
    row(
        "http2-closed",
        "a connection closed after the request is `Interrupted`",
        |scene| closes(scene, |_, _| Ok(())),
    ),
    row(
        "http2-early-413",
        "413 in the middle of an upload is an answer, though the rest is not wanted",
        early,
    ),
];

const INTERRUPTED: &[FailureKind] = &[FailureKind::Interrupted];

fn exchange(scene: &Scene) -> Finding {
    let server = scene.serve_http2(|_| Http2Answer {
        status: 202,
        body: Bytes::from_static(b"{}"),
        times: 1,
    })?;
    for request in [
        poll(&server.url())?,
        submit(&server.url(), 1_000)?,
        submit(&server.url(), 800_000)?,
    ] {
        answered_with(scene.send(request)?, 202, b"{}")?;
    }
    let seen = server.seen();
    for (seen, bytes) in seen.iter().zip([0, 1_000, 800_000]) {
        let wanted = if bytes == 0 {
            Bytes::new()
        } else {
            submit("http://127.0.0.1", bytes)?.body().to_bytes()?
        };
        let length = seen
            .headers()
            .get(CONTENT_LENGTH)
            .map(|length| length.as_bytes().to_vec());
        if length.unwrap_or_else(|| b"0".to_vec()) != wanted.len().to_string().as_bytes() {
            return Objection::failed(format!(
                "{:?} for {} bytes",
                seen.headers().get(CONTENT_LENGTH),
                wanted.len()
            ));
        }
        if seen.body() != &wanted {
            return Objection::failed(format!(
                "{} of {} bytes arrived, or not as they were",
                seen.body().len(),
                wanted.len()
            ));
        }
        let keys: Vec<_> = seen
            .headers()
            .get_all(AUTHORIZATION)
            .iter()
            .map(http::HeaderValue::as_bytes)
            .collect();
        if keys != [format!("Token {KEY}").as_bytes()] {
            return Objection::failed(format!("the key arrived {} times, or changed", keys.len()));
        }
    }
    if seen.len() == 3 {
        Ok("3 exchanges".into())
    } else {
        Objection::failed(format!("the server saw {} of 3 requests", seen.len()))
    }
}

fn sensitive(scene: &Scene) -> Finding {
    let guarded = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let theirs = guarded.clone();
    let server = scene.serve(move |connection| {
        let begun = connection.http2_request()?;
        theirs.store(
            frames::guards_authorization(&begun.block),
            std::sync::atomic::Ordering::SeqCst,
        );
        connection.http2_answer(begun.stream, "200", b"{}", true)?;
        connection.http2_drain()
    })?;
    answered_with(scene.send(poll(&server.url())?)?, 200, b"{}")?;
    if guarded.load(std::sync::atomic::Ordering::SeqCst) {
        Ok("never indexed".into())
    } else {
        Objection::failed("it may be indexed")
    }
}

fn max_in_flight(scene: &Scene) -> Finding {
    let server = scene.serve_http2(|request| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        Http2Answer {
            status: 200,
            body: query.into(),
            times: 1,
        }
    })?;
    let requests = (0..32)
        .map(|index| poll_at(&server.url(), &index.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    for (index, outcome) in scene.send_all(requests).into_iter().enumerate() {
        answered_with(outcome, 200, format!("extraction_id={index}").as_bytes())?;
    }
    Ok("32 answers".into())
}

fn limit(scene: &Scene) -> Finding {
    let server = scene.serve_http2(|_| Http2Answer {
        status: 200,
        body: Bytes::from_static(&[b'x'; 10_000]),
        times: 1_000,
    })?;
    let mut limits = scene.limits();
    limits.response_bytes = 100_000;
    failed_as(
        scene.send_within(poll(&server.url())?, limits)?,
        &[FailureKind::TooLarge],
    )
}

fn source(scene: &Scene) -> Finding {
    let server = scene.serve_http2(|_| Http2Answer {
        status: 202,
        body: Bytes::from_static(b"{}"),
        times: 1,
    })?;
    let document = Faulty {
        says: 1_000_000,
        yields: 500_000,
        ends: Ends::InAnError,
    };
    let outcome = scene.send(submit_source(&server.url(), document)?)?;
    server.ended().reaches(1, scene.patience() / 4);
    if let Some(seen) = server.seen().first() {
        return Objection::failed(format!(
            "the server took {} bytes for a whole upload",
            seen.body().len()
        ));
    }
    failed(outcome, &[FailureKind::Source]).map(|_| "Source".into())
}

/// What becomes of a GET and a POST once they have begun to arrive; the connection stays open.
fn ends(
    scene: &Scene,
    kinds: &[FailureKind],
    act: fn(&mut Connection, u32) -> io::Result<()>,
) -> Finding {
    broken(scene, kinds, act, true)
}

/// As [`ends`], with a close.
fn closes(scene: &Scene, act: fn(&mut Connection, u32) -> io::Result<()>) -> Finding {
    broken(scene, INTERRUPTED, act, false)
}

fn broken(
    scene: &Scene,
    kinds: &[FailureKind],
    act: fn(&mut Connection, u32) -> io::Result<()>,
    stays: bool,
) -> Finding {
    let mut found = String::new();
    for bytes in [0, 1_000] {
        let server = scene.serve(move |connection| {
            let begun = connection.http2_request()?;
            act(connection, begun.stream)?;
            if stays {
                connection.http2_drain()
            } else {
                connection.finish()
            }
        })?;
        let request = if bytes == 0 {
            poll(&server.url())
        } else {
            submit(&server.url(), bytes)
        }?;
        found = failed_as(scene.send(request)?, kinds)?;
    }
    Ok(found)
}

fn early(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        let begun = connection.http2_request()?;
        connection.http2_answer(begun.stream, "413", b"{}", true)?;
        connection.reset_stream(begun.stream, NO_ERROR)?;
        connection.http2_drain()
    })?;
    answered_with(scene.send(submit(&server.url(), 800_000)?)?, 413, b"{}")?;
    Ok("413".into())
}
