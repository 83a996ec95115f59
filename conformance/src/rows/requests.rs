//! What a request looks like on the wire.

use http::HeaderValue;
use http::header::WARNING;

use super::{Finding, Objection, Row};
use crate::scene::{KEY, Scene, answer, answered, poll, poll_at, submit};
use crate::server::{Seen, Server};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "request-line",
        "method, path and query as the core wrote them, with their percent-encoding",
        line,
    ),
    Row::new(
        "request-headers",
        "each header once with its exact value, the right host, and none of the transport's own",
        headers,
    ),
    Row::new(
        "request-duplicates",
        "a header given twice arrives twice, in order",
        duplicates,
    ),
    Row::new("request-key", "one Authorization, unchanged", key),
    Row::new(
        "request-encodings",
        "no compression is asked for",
        encodings,
    ),
    Row::new("request-length", "the exact length, and no chunks", length),
    Row::new(
        "request-body",
        "the body byte for byte, small and large",
        body,
    ),
    Row::new("request-no-body", "a GET has no body", no_body),
];

const ACCEPTED: &[u8] = br#"{"extraction_id": "0d14"}"#;

fn server(scene: &Scene) -> Result<Server, Objection> {
    Ok(scene.serve_bytes(answer("202 Accepted", &[], ACCEPTED))?)
}

/// The one request the server has seen.
fn only(server: &Server) -> Result<Seen, Objection> {
    let mut seen = server.seen();
    match (seen.pop(), seen.len()) {
        (Some(seen), 0) => Ok(seen),
        (_, more) => Objection::failed(format!(
            "one request was made, and the server saw {}",
            more + 1
        )),
    }
}

fn poll_seen(scene: &Scene) -> Result<Seen, Objection> {
    let server = server(scene)?;
    answered(scene.send(poll(&server.url())?)?)?;
    only(&server)
}

fn submit_seen(scene: &Scene, bytes: usize) -> Result<Seen, Objection> {
    let server = server(scene)?;
    answered(scene.send(submit(&server.url(), bytes)?)?)?;
    only(&server)
}

fn line(scene: &Scene) -> Finding {
    let server = server(scene)?;
    answered(scene.send(poll_at(&server.url(), "a b/ä+?&%2F~")?)?)?;
    let wanted =
        "GET /api/get-extraction-data?extraction_id=a%20b%2F%C3%A4%2B%3F%26%252F~ HTTP/1.1";
    match only(&server)?.line {
        line if line == wanted => Ok(line),
        line => Objection::failed(format!("{line:?}, where it should have been {wanted:?}")),
    }
}

/// What has a row of its own.
const ELSEWHERE: [&str; 4] = [
    "authorization",
    "accept-encoding",
    "content-length",
    "transfer-encoding",
];

fn headers(scene: &Scene) -> Finding {
    for bytes in [0, 1_000] {
        let server = server(scene)?;
        let request = if bytes == 0 {
            poll(&server.url())
        } else {
            submit(&server.url(), bytes)
        }?;
        let mut wanted: Vec<(String, Vec<u8>)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        wanted.push(("host".to_owned(), server.address().to_string().into_bytes()));
        answered(scene.send(request)?)?;
        let mut found = only(&server)?.headers;
        // What any connection of HTTP/1.1 is, said once more.
        found.retain(|(name, value)| {
            !(name == "connection" && value.eq_ignore_ascii_case(b"keep-alive"))
        });
        for headers in [&mut wanted, &mut found] {
            headers.retain(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
            headers.sort();
        }
        if wanted != found {
            let show = |headers: Vec<(String, Vec<u8>)>| {
                headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
                    .collect::<Vec<_>>()
            };
            return Objection::failed(format!(
                "{:?}, where it should have been {:?}",
                show(found),
                show(wanted)
            ));
        }
    }
    Ok("as written".into())
}

fn duplicates(scene: &Scene) -> Finding {
    let server = server(scene)?;
    let mut request = poll(&server.url())?;
    let values = ["199 - \"b\"", "199 - \"a\""];
    for value in values {
        request
            .headers_mut()
            .append(WARNING, HeaderValue::from_static(value));
    }
    answered(scene.send(request)?)?;
    let found = only(&server)?.shown("warning");
    if found == values {
        Ok("both".into())
    } else {
        Objection::failed(format!("{found:?}, where it should have been {values:?}"))
    }
}

fn key(scene: &Scene) -> Finding {
    let wanted = format!("Token {KEY}");
    let found = poll_seen(scene)?.shown("authorization");
    if found == [wanted.as_str()] {
        Ok("unchanged".into())
    } else {
        Objection::failed(format!("{found:?}, where it should have been {wanted:?}"))
    }
}

fn encodings(scene: &Scene) -> Finding {
    let seen = poll_seen(scene)?;
    let asked: Vec<String> = ["accept-encoding", "te"]
        .iter()
        .flat_map(|name| seen.shown(name))
        .collect();
    if asked.is_empty() {
        Ok("none".into())
    } else {
        Objection::failed(format!("it asked for {asked:?}"))
    }
}

fn length(scene: &Scene) -> Finding {
    for bytes in [1, 2, 3, 100_000, 800_000] {
        let seen = submit_seen(scene, bytes)?;
        let (lengths, wanted) = (seen.shown("content-length"), seen.body.len().to_string());
        if lengths != [wanted.as_str()] || !seen.values("transfer-encoding").is_empty() {
            let encodings = seen.shown("transfer-encoding");
            return Objection::failed(format!(
                "content-length {lengths:?}, transfer-encoding {encodings:?} for {wanted} bytes"
            ));
        }
    }
    Ok("exact".into())
}

fn body(scene: &Scene) -> Finding {
    for bytes in [1, 2, 3, 100_000, 800_000] {
        let wanted = submit("http://127.0.0.1", bytes)?.body().to_bytes()?;
        let seen = submit_seen(scene, bytes)?;
        if seen.body != wanted {
            let same = seen
                .body
                .iter()
                .zip(&wanted)
                .take_while(|(found, wanted)| found == wanted)
                .count();
            return Objection::failed(format!(
                "{} of {} bytes arrived, the same up to {same}",
                seen.body.len(),
                wanted.len()
            ));
        }
    }
    Ok("byte for byte".into())
}

fn no_body(scene: &Scene) -> Finding {
    let seen = poll_seen(scene)?;
    let chunked = !seen.values("transfer-encoding").is_empty();
    if seen.content_length().is_some_and(|length| length > 0) || chunked {
        return Objection::failed(format!(
            "a body of {} bytes{}",
            seen.body.len(),
            if chunked { ", chunked" } else { "" }
        ));
    }
    Ok("none".into())
}
