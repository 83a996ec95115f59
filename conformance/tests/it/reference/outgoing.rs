//! Sending the request.

use std::io::{self, Cursor, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use http::Request;
use typless::wire::{Body, SourceError};

use super::connection::is_quiet;
use super::{At, ExchangeError, Fault, Reference, Times};

/// How much of a request was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Whole,
    /// The server responded or closed before it had the whole request.
    Partly,
}

/// An open body.
pub(super) struct Upload {
    pub(super) reader: Box<dyn Read>,
    length: u64,
    chunked: bool,
}

impl Upload {
    pub(super) fn open(reference: &Reference, request: &Request<Body>) -> io::Result<Self> {
        let (body, length) = (request.body(), request.body().len());
        let chunked = reference.has(Fault::ChunksSmallBodies) && (1..1_000).contains(&length);
        if body.is_empty() && reference.has(Fault::SendsBodyWithGet) {
            return Ok(Self {
                reader: Box::new(&b"{}"[..]),
                length: 2,
                chunked,
            });
        }
        let mut reader: Box<dyn Read> = if body.is_small() {
            match body.to_bytes() {
                Err(error) if hides(reference, &error) => Box::new(io::repeat(b'0').take(length)),
                bytes => Box::new(Cursor::new(bytes?)),
            }
        } else {
            Box::new(body.reader()?)
        };
        if reference.has(Fault::CollectsDocuments) && length > 50_000_000 {
            let mut all = Vec::new();
            reader.read_to_end(&mut all)?;
            reader = Box::new(Cursor::new(all));
        }
        if reference.has(Fault::BreaksBody) && length > 0 {
            reader = Box::new(reader.take(length - 1).chain(&b"!"[..]));
        }
        Ok(Self {
            reader,
            length,
            chunked,
        })
    }
}

/// Whether the fault of the reference hides this source error.
fn hides(reference: &Reference, error: &io::Error) -> bool {
    match SourceError::find_in(error) {
        Some(SourceError::Shorter { yielded: 1.., .. }) => reference.has(Fault::PadsShortSources),
        Some(SourceError::Longer { .. }) => reference.has(Fault::CutsLongSources),
        _ => false,
    }
}

/// Writes the request, until the server responds.
pub(super) fn send(
    reference: &Reference,
    stream: &TcpStream,
    request: &Request<Body>,
    upload: &mut Upload,
    times: Times,
) -> Result<Sent, ExchangeError> {
    let mut out = head(reference, request, upload);
    let mut block = vec![0; 64 * 1024];
    let (mut left, watches) = (upload.length, !request.body().is_small());
    loop {
        let start = if upload.chunked && left > 0 {
            Some(out.len())
        } else {
            None
        };
        let count = match upload.reader.read(&mut block) {
            Err(error) if hides(reference, &error) => {
                let count = left.min(block.len() as u64) as usize;
                block[..count].fill(b'0');
                count
            }
            Err(error) => return Err(ExchangeError::Source(error)),
            Ok(count) => count,
        };
        if start.is_some() && count > 0 {
            out.extend_from_slice(format!("{count:x}\r\n").as_bytes());
        }
        out.extend_from_slice(&block[..count]);
        left -= count as u64;
        if upload.chunked && left == 0 {
            out.extend_from_slice(b"\r\n0\r\n\r\n");
        }
        if !out.is_empty() {
            if watches && !is_quiet(stream) {
                return Ok(Sent::Partly);
            }
            match write(reference, stream, &out, times) {
                Ok(()) => {}
                Err(error) if super::timed_out(&error) => {
                    return Err(ExchangeError::network(At::Upload, error));
                }
                Err(_) => return Ok(Sent::Partly),
            }
        }
        out.clear();
        if left == 0 {
            return Ok(Sent::Whole);
        }
    }
}

fn write(
    reference: &Reference,
    mut stream: &TcpStream,
    bytes: &[u8],
    times: Times,
) -> io::Result<()> {
    let within = times.deadline.map(|deadline| {
        deadline
            .saturating_duration_since(Instant::now())
            .min(times.limits.idle)
    });
    let within = if reference.has(Fault::SendsForever) {
        None
    } else {
        within
    };
    if within.is_some_and(|within| within.is_zero()) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_write_timeout(within)?;
    stream.write_all(bytes)
}

pub(super) fn head(reference: &Reference, request: &Request<Body>, upload: &Upload) -> Vec<u8> {
    let mut path = request.uri().path_and_query().unwrap().to_string();
    if reference.has(Fault::DecodesPaths) {
        path = path.replace("%2F", "/");
    }
    let mut head = format!(
        "{} {path} HTTP/1.1\r\nhost: {}\r\n",
        request.method(),
        request.uri().authority().unwrap()
    )
    .into_bytes();
    let mut add = |name: &str, value: &[u8]| {
        head.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
    };
    for name in request.headers().keys() {
        let values = request.headers().get_all(name).iter();
        for value in values.take(if reference.has(Fault::SendsFirstOfDuplicates) {
            1
        } else {
            usize::MAX
        }) {
            match name.as_str() {
                "content-length" if upload.chunked => add("transfer-encoding", b"chunked"),
                "authorization" if reference.has(Fault::BreaksKey) => {
                    add("authorization", &value.as_bytes().to_ascii_lowercase());
                }
                name => add(name, value.as_bytes()),
            }
        }
    }
    if reference.has(Fault::SendsBodyWithGet) && request.body().is_empty() {
        add("content-length", b"2");
    }
    if reference.has(Fault::AddsHeaders) {
        add("x-client", b"reference");
    }
    if reference.has(Fault::AcceptsCompression) {
        add("accept-encoding", b"gzip");
    }
    head.extend_from_slice(b"\r\n");
    head
}
