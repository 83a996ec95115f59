//! Answers of every shape are handed on as they came.

use typless::machine::FailureKind;

use super::{Finding, Objection, Row};
use crate::scene::{Scene, answer, answered, answered_with, failed_as, poll, submit};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "answer-headers",
        "values of headers are handed on byte for byte, non-ASCII included",
        headers,
    ),
    Row::new(
        "answer-duplicates",
        "headers that come twice are handed on in order",
        duplicates,
    ),
    Row::new("answer-empty", "an answer of no bytes is an answer", empty),
    Row::new("answer-chunked", "chunks are put together", chunked),
    Row::new(
        "answer-until-close",
        "an answer without a length ends with the connection",
        until_close,
    ),
    Row::new(
        "answer-not-utf-8",
        "bytes that are not text are handed on",
        not_utf8,
    ),
    Row::new(
        "answer-gzip",
        "compression that was not asked for is handed on as it is, and said to be there",
        gzip,
    ),
    Row::new("answer-100", "an unasked 100 is not the answer", |scene| {
        informational(scene, "100 Continue")
    }),
    Row::new("answer-103", "early hints are not the answer", |scene| {
        informational(scene, "103 Early Hints\r\nlink: </x>; rel=preload")
    }),
    Row::new(
        "answer-not-http",
        "what is not HTTP is `Interrupted`",
        not_http,
    ),
];

fn headers(scene: &Scene) -> Finding {
    let value = b"a  b;\xe4=\"\xff\", \t%20";
    let head = [
        &b"HTTP/1.1 200 OK\r\nX-Odd: "[..],
        value,
        b"\r\ncontent-length: 2\r\n\r\n{}",
    ]
    .concat();
    let server = scene.serve_bytes(head)?;
    let response = answered(scene.send(poll(&server.url())?)?)?;
    match response.headers().get("x-odd") {
        Some(found) if found.as_bytes() == value => Ok("unchanged".into()),
        found => Objection::failed(format!(
            "{value:?} became {:?}",
            found.map(http::HeaderValue::as_bytes)
        )),
    }
}

fn duplicates(scene: &Scene) -> Finding {
    let server = scene.serve_bytes(answer(
        "200 OK",
        &["warning: b", "x-other: c", "Warning: a"],
        b"{}",
    ))?;
    let response = answered(scene.send(poll(&server.url())?)?)?;
    let found: Vec<_> = response.headers().get_all("warning").iter().collect();
    if found == ["b", "a"] {
        Ok("both".into())
    } else {
        Objection::failed(format!("[b, a] became {found:?}"))
    }
}

fn empty(scene: &Scene) -> Finding {
    let server = scene.serve_bytes(answer("200 OK", &[], b""))?;
    answered_with(scene.send(poll(&server.url())?)?, 200, b"")?;
    Ok("no bytes".into())
}

fn chunked(scene: &Scene) -> Finding {
    let server =
        scene.serve_bytes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n3;x=y\r\n 1}\r\n0\r\n\r\n".to_vec())?;
    answered_with(scene.send(poll(&server.url())?)?, 200, br#"{"a": 1}"#)?;
    Ok("put together".into())
}

fn until_close(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.request()?;
        connection.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"a\": 1}")
    })?;
    answered_with(scene.send(poll(&server.url())?)?, 200, br#"{"a": 1}"#)?;
    Ok("whole".into())
}

fn not_utf8(scene: &Scene) -> Finding {
    let body = b"{\"a\": \"\xff\xfe\xc3\x28\xed\xa0\x80\"}";
    let server = scene.serve_bytes(answer(
        "200 OK",
        &["content-type: application/json; charset=utf-8"],
        body,
    ))?;
    answered_with(scene.send(poll(&server.url())?)?, 200, body)?;
    Ok("byte for byte".into())
}

fn gzip(scene: &Scene) -> Finding {
    // `{}` in one stored block (RFC 1952).
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01\x02\x00\xfd\xff{}\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let server = scene.serve_bytes(answer("200 OK", &["content-encoding: gzip"], packed))?;
    let response = answered_with(scene.send(poll(&server.url())?)?, 200, packed)?;
    match response.headers().get("content-encoding") {
        Some(found) if found == "gzip" => Ok("as it is".into()),
        found => Objection::failed(format!("the header became {found:?}")),
    }
}

fn informational(scene: &Scene, head: &str) -> Finding {
    let body = br#"{"a": 1}"#;
    let server = scene.serve_bytes(
        [
            format!("HTTP/1.1 {head}\r\n\r\n").into_bytes(),
            answer("200 OK", &[], body),
        ]
        .concat(),
    )?;
    answered_with(scene.send(poll(&server.url())?)?, 200, body)?;
    answered_with(scene.send(submit(&server.url(), 1_000)?)?, 200, body)?;
    Ok("200".into())
}

fn not_http(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.request()?;
        connection.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    })?;
    failed_as(
        scene.send(submit(&server.url(), 1_000)?)?,
        &[FailureKind::Interrupted],
    )
}
