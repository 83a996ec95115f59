//! Every status is an answer, handed on as it came.

use http::header::{LOCATION, RETRY_AFTER};
use typless::machine::FailureKind;

use super::{Finding, Objection, Row};
use crate::scene::{Scene, answer, answered_with, failed, poll, submit, submit_source};
use crate::sources::Zeros;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "status-200",
        "200 with a body is handed on, with the blanks around it",
        |scene| handed_on(scene, "200 OK", &[], b"\r\n {\"status\": \"SUCCESS\"}\n"),
    ),
    Row::new("status-202", "202 with a body is handed on", |scene| {
        handed_on(scene, "202 Accepted", &[], br#"{"extraction_id": "1"}"#)
    }),
    Row::new(
        "status-204",
        "204 without a length has no body, and the next exchange goes well",
        |scene| bodiless(scene, 204, b"HTTP/1.1 204 No Content\r\n\r\n"),
    ),
    Row::new(
        "status-304",
        "304 has no body even if it tells a length, and the next exchange goes well",
        |scene| {
            bodiless(
                scene,
                304,
                b"HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n",
            )
        },
    ),
    Row::new(
        "status-redirects",
        "301, 302, 303, 307 and 308 to another host are not followed, and the key is not sent there",
        redirects,
    ),
    Row::new("status-401", "401 with a body is an answer", |scene| {
        handed_on(scene, "401 Unauthorized", &[CHALLENGE], ERROR)
    }),
    Row::new("status-404", "404 with a body is an answer", |scene| {
        handed_on(scene, "404 Not Found", &[], ERROR)
    }),
    Row::new("status-422", "422 with a body is an answer", |scene| {
        handed_on(scene, "422 Unprocessable Content", &[], ERROR)
    }),
    Row::new(
        "status-429-seconds",
        "429 with `Retry-After` in seconds is an answer",
        |scene| waits(scene, "429 Too Many Requests", "120"),
    ),
    Row::new(
        "status-429-date",
        "429 with `Retry-After` as a date is an answer",
        |scene| {
            waits(
                scene,
                "429 Too Many Requests",
                "Wed, 21 Oct 2065 07:28:00 GMT",
            )
        },
    ),
    Row::new("status-500", "500 with HTML is an answer", |scene| {
        handed_on(
            scene,
            "500 Internal Server Error",
            &["content-type: text/html"],
            b"<html><body>Oops</body></html>",
        )
    }),
    Row::new(
        "status-503",
        "503 with `Retry-After` is an answer",
        |scene| waits(scene, "503 Service Unavailable", "7"),
    ),
    Row::new(
        "early-413-reads-on",
        "413 in the middle of an upload is an answer where the server reads on",
        early_reading_on,
    ),
    Row::new(
        "early-413-closes",
        "413 in the middle of an upload where the server closes: an answer or `Interrupted`, never `NotSent`",
        early_closing,
    ),
];

const ERROR: &[u8] = br#"{"code": "oops", "message": "no", "details": {}}"#;
const CHALLENGE: &str = "www-authenticate: Basic realm=\"x\"";

/// A GET and a POST get the status and the body.
fn handed_on(scene: &Scene, status: &str, headers: &[&str], body: &[u8]) -> Finding {
    let server = scene.serve_bytes(answer(status, headers, body))?;
    let number = number(status);
    answered_with(scene.send(poll(&server.url())?)?, number, body)?;
    answered_with(scene.send(submit(&server.url(), 1_000)?)?, number, body)?;
    match server.seen().len() {
        2 => Ok(format!("{number}")),
        seen => Objection::failed(format!("two requests were made, and the server saw {seen}")),
    }
}

fn number(status: &str) -> u16 {
    status
        .get(..3)
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

fn waits(scene: &Scene, status: &str, hint: &str) -> Finding {
    let server = scene.serve_bytes(answer(status, &[&format!("retry-after: {hint}")], ERROR))?;
    let response = answered_with(scene.send(poll(&server.url())?)?, number(status), ERROR)?;
    let found: Vec<_> = response
        .headers()
        .get_all(RETRY_AFTER)
        .iter()
        .map(http::HeaderValue::as_bytes)
        .collect();
    if found != [hint.as_bytes()] {
        return Objection::failed(format!(
            "`Retry-After` was {hint:?} and became {:?}",
            response.headers().get(RETRY_AFTER)
        ));
    }
    Ok(format!("unchanged, {hint}"))
}

fn bodiless(scene: &Scene, status: u16, head: &'static [u8]) -> Finding {
    let server = scene.serve(move |connection| {
        let mut first = connection.number() == 0;
        while connection.request()?.is_some() {
            connection.write(if first {
                head
            } else {
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
            })?;
            first = false;
        }
        Ok(())
    })?;
    answered_with(scene.send(poll(&server.url())?)?, status, b"")?;
    // Only on the same connection is there anything to go wrong; a new one begins from the start.
    let next = scene.send(poll(&server.url())?)?;
    if server.connections() == 1 {
        answered_with(next, 200, b"{}")?;
    }
    Ok(format!("{status}, no body"))
}

fn redirects(scene: &Scene) -> Finding {
    let elsewhere = scene.serve_bytes(answer("200 OK", &[], b"{}"))?;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let location = format!("{}/elsewhere", elsewhere.url());
        let server = scene.serve_bytes(answer(
            status,
            &[&format!("location: {location}")],
            b"moved",
        ))?;
        for request in [poll(&server.url())?, submit(&server.url(), 100)?] {
            let outcome = scene.send(request)?;
            if elsewhere.connections() > 0 {
                return Objection::failed(format!("it followed a {status}"));
            }
            let response = answered_with(outcome, number(status), b"moved")?;
            if response
                .headers()
                .get(LOCATION)
                .is_none_or(|found| *found != *location)
            {
                return Objection::failed(format!(
                    "the location of a {status} became {:?}",
                    response.headers().get(LOCATION)
                ));
            }
        }
    }
    Ok("not followed".into())
}

fn early_reading_on(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.head()?;
        connection.read_exact(&mut [0; 1000])?;
        connection.write(&answer(
            "413 Content Too Large",
            &["connection: close"],
            ERROR,
        ))?;
        connection.drain()
    })?;
    let request = submit_source(&server.url(), Zeros::more_than_is_buffered())?;
    answered_with(scene.send(request)?, 413, ERROR)?;
    Ok("413".into())
}

fn early_closing(scene: &Scene) -> Finding {
    let server = scene.serve(|connection| {
        connection.head()?;
        connection.read_exact(&mut [0; 1000])?;
        connection.write(&answer(
            "413 Content Too Large",
            &["connection: close"],
            ERROR,
        ))?;
        // Closed with bytes unread, which resets it; the answer may be lost with that.
        connection.peek()
    })?;
    match scene.send(submit_source(
        &server.url(),
        Zeros::more_than_is_buffered(),
    )?)? {
        Ok(response) => answered_with(Ok(response), 413, ERROR).map(|_| "413".into()),
        failure => failed(failure, &[FailureKind::Interrupted]).map(|_| "Interrupted".into()),
    }
}
