//! Receiving the response.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Response, StatusCode};
use typless::machine::{Failure, FailureKind};

use super::{At, ExchangeError, Fault, Outcome, Reference, Times};

/// The most bytes and lines of a head.
const MAX_HEAD_BYTES: usize = 1024 * 1024;
const MAX_HEAD_LINES: usize = 1_000;

/// A response that is being received.
pub(super) struct Incoming<'a> {
    reference: &'a Reference,
    stream: &'a TcpStream,
    times: Times,
    is_submit: bool,
    /// What is read and not yet used.
    buffer: Vec<u8>,
    reads: usize,
    keeps_open: bool,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(
        reference: &'a Reference,
        stream: &'a TcpStream,
        times: Times,
        is_submit: bool,
    ) -> Self {
        Self {
            reference,
            stream,
            times,
            is_submit,
            buffer: Vec::new(),
            reads: 0,
            keeps_open: true,
        }
    }

    /// Whether the connection can serve another exchange.
    pub(super) fn is_reusable(&self) -> bool {
        self.keeps_open && self.buffer.is_empty()
    }

    pub(super) fn response(&mut self) -> Result<Response<Bytes>, ExchangeError> {
        loop {
            let (status, headers) = self.head()?;
            let (takes_100, takes_103) = (
                self.reference.has(Fault::Takes100),
                self.reference.has(Fault::Takes103),
            );
            if status.is_informational()
                && !(takes_100 && status == 100 || takes_103 && status == 103)
            {
                continue;
            }
            let says = |name: &str, value: &str| {
                headers
                    .get(name)
                    .is_some_and(|found| found.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
            };
            if says("connection", "close") && !self.reference.has(Fault::IgnoresAnnouncedClose) {
                self.keeps_open = false;
            }
            let length = headers
                .get("content-length")
                .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
            let body = if self.is_bodiless(status) {
                Vec::new()
            } else if says("transfer-encoding", "chunked") {
                self.chunked()?
            } else if let Some(length) = length {
                self.declared(length)?
            } else {
                self.until_close()?
            };
            let mut response = Response::new(Bytes::from(body));
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            return Ok(response);
        }
    }

    fn is_bodiless(&self, status: StatusCode) -> bool {
        match status.as_u16() {
            204 => !self.reference.has(Fault::ReadsBodyOf204),
            304 => !self.reference.has(Fault::ReadsBodyOf304),
            status => status < 200,
        }
    }

    fn head(&mut self) -> Result<(StatusCode, HeaderMap), ExchangeError> {
        let max_bytes = match self.reference.fault {
            Some(Fault::TakesShortHeads) => 16 * 1024,
            Some(Fault::ReadsEndlessHeads) => usize::MAX,
            _ => MAX_HEAD_BYTES,
        };
        let mut searched = 0;
        let end = loop {
            let rest = &self.buffer[searched..];
            // Without the first check, a long search of a test that is not optimized.
            let found = rest
                .contains(&b'\r')
                .then(|| rest.windows(4).position(|window| window == b"\r\n\r\n"));
            if let Some(end) = found.flatten() {
                break searched + end + 4;
            }
            searched = self.buffer.len().saturating_sub(3);
            if searched > max_bytes {
                break searched;
            }
            if self.reference.has(Fault::ReadsHeadsOnce) && self.reads > 0 {
                return Err(ExchangeError::network(
                    At::Head,
                    io::ErrorKind::InvalidData.into(),
                ));
            }
            let at = if self.buffer.is_empty() {
                At::NoResponse
            } else {
                At::Head
            };
            if self.fill(at)? == 0 {
                return Err(ExchangeError::network(
                    at,
                    io::ErrorKind::UnexpectedEof.into(),
                ));
            }
        };
        let max_lines = match self.reference.fault {
            Some(Fault::TakesFewHeaders) => 64,
            Some(Fault::TakesAllHeaders) => usize::MAX,
            _ => MAX_HEAD_LINES,
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let invalid = |at| ExchangeError::network(at, io::ErrorKind::InvalidData.into());
        if head.len() > max_bytes || head.split(|byte| *byte == b'\n').count() > max_lines {
            return Err(invalid(At::Limit));
        }
        self.parse(&head).ok_or_else(|| invalid(At::Garbage))
    }

    fn parse(&self, head: &[u8]) -> Option<(StatusCode, HeaderMap)> {
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(|line| !line.is_empty());
        let status = lines.next()?.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
            if self.reference.has(Fault::DropsOddValues) && value.to_str().is_err() {
                continue;
            }
            if self.reference.has(Fault::KeepsLastOfDuplicates) {
                headers.insert(name, value);
            } else {
                headers.append(name, value);
            }
        }
        Some((StatusCode::from_bytes(status).ok()?, headers))
    }

    fn declared(&mut self, length: u64) -> Result<Vec<u8>, ExchangeError> {
        if self.is_over(length) && !self.reference.has(Fault::IgnoresDeclaredSize) {
            return Err(ExchangeError::TooLarge);
        }
        let length = usize::try_from(length).unwrap();
        let mut body = Vec::with_capacity(if self.reference.has(Fault::WastesMemory) {
            length * 4
        } else {
            length
        });
        while body.len() < length {
            if self.buffer.is_empty() && self.fill(At::Body)? == 0 {
                if self.reference.has(Fault::TakesCutBody) {
                    break;
                }
                return Err(ExchangeError::network(
                    At::Body,
                    io::ErrorKind::UnexpectedEof.into(),
                ));
            }
            let count = self.buffer.len().min(length - body.len());
            body.extend_from_slice(&self.buffer[..count]);
            self.buffer.drain(..count);
        }
        Ok(body)
    }

    fn chunked(&mut self) -> Result<Vec<u8>, ExchangeError> {
        let mut body = Vec::new();
        loop {
            let line = match self.line() {
                Err(ExchangeError::Network { error, .. })
                    if error.kind() == io::ErrorKind::UnexpectedEof
                        && self.reference.has(Fault::TakesCutChunks) =>
                {
                    return Ok(body);
                }
                line => line?,
            };
            let size = line
                .split(';')
                .next()
                .and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
            let size = size.ok_or_else(|| {
                ExchangeError::network(At::Body, io::ErrorKind::InvalidData.into())
            })?;
            if line.contains(';') && self.reference.has(Fault::KeepsChunkExtensions) {
                body.extend_from_slice(line.as_bytes());
            }
            if self.is_over((body.len() + size) as u64)
                && !self.reference.has(Fault::ReadsEndlessChunks)
            {
                return Err(ExchangeError::TooLarge);
            }
            while self.buffer.len() < size {
                if self.fill(At::Body)? == 0 {
                    return Err(ExchangeError::network(
                        At::Body,
                        io::ErrorKind::UnexpectedEof.into(),
                    ));
                }
            }
            body.extend_from_slice(&self.buffer[..size]);
            self.buffer.drain(..size);
            self.line()?;
            if size == 0 {
                return if self.is_over(body.len() as u64) {
                    Err(ExchangeError::TooLarge)
                } else {
                    Ok(body)
                };
            }
        }
    }

    fn line(&mut self) -> Result<String, ExchangeError> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            if self.fill(At::Body)? == 0 {
                return Err(ExchangeError::network(
                    At::Body,
                    io::ErrorKind::UnexpectedEof.into(),
                ));
            }
        }
    }

    fn until_close(&mut self) -> Result<Vec<u8>, ExchangeError> {
        self.keeps_open = false;
        let mut body = Vec::new();
        loop {
            body.append(&mut self.buffer);
            if self.is_over(body.len() as u64) {
                if self.reference.has(Fault::CutsAtLimit) {
                    body.truncate(usize::try_from(self.times.limits.response_bytes).unwrap());
                    return Ok(body);
                }
                return Err(ExchangeError::TooLarge);
            }
            if self.fill(At::Body)? == 0 {
                if self.reference.has(Fault::FailsUntilClose) && body.len() < 100 {
                    return Err(ExchangeError::network(
                        At::Body,
                        io::ErrorKind::UnexpectedEof.into(),
                    ));
                }
                return Ok(body);
            }
        }
    }

    fn is_over(&self, length: u64) -> bool {
        let limit = self.times.limits.response_bytes;
        length > limit
            || self.reference.has(Fault::StopsAtLimit) && length == limit && length < 1_000_000
    }

    /// Reads more, within the limits. 0 at the end.
    fn fill(&mut self, at: At) -> Result<usize, ExchangeError> {
        let fail = |error| ExchangeError::network(at, error);
        let left = self
            .times
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero())
            && !(at == At::Body && self.reference.has(Fault::TricklesForever))
        {
            return Err(fail(io::ErrorKind::TimedOut.into()));
        }
        let limits = self.times.limits;
        let within = match (at, self.reference.fault) {
            (At::NoResponse, Some(Fault::WaitsForever)) if self.is_submit => None,
            (At::Body, Some(Fault::StallsForever)) => None,
            (At::Body, Some(Fault::TricklesForever)) => {
                Some(limits.total.saturating_mul(25).min(limits.idle))
            }
            _ => left.map(|left| left.min(limits.idle)),
        };
        self.stream
            .set_read_timeout(within.map(|within| within.max(Duration::from_micros(1))))
            .map_err(fail)?;
        let mut block = [0; 64 * 1024];
        let count = (&mut &*self.stream).read(&mut block).map_err(fail)?;
        self.reads += 1;
        self.buffer.extend_from_slice(&block[..count]);
        Ok(count)
    }
}

impl Reference {
    /// Changes a response as the fault says.
    pub(super) fn tamper(&self, mut response: Response<Bytes>) -> Outcome {
        let status = response.status().as_u16();
        let is = |name, value: &str| {
            response
                .headers()
                .get(name)
                .is_some_and(|found: &HeaderValue| *found == *value)
        };
        let fails = match self.fault {
            // Not one that is early.
            Some(Fault::Fails401) => {
                status == 401 && response.headers().contains_key(WWW_AUTHENTICATE)
            }
            Some(Fault::Fails404) => status == 404,
            Some(Fault::Fails422) => status == 422,
            Some(Fault::Fails503) => status == 503,
            Some(Fault::FailsHtml) => is(CONTENT_TYPE, "text/html"),
            Some(Fault::FailsEmptyResponses) => status == 200 && response.body().is_empty(),
            _ => false,
        };
        if fails {
            return Err(Failure::new(
                FailureKind::Interrupted,
                format!("the status {status} is taken for a failure"),
            ));
        }
        let is_text = is(CONTENT_TYPE, "application/json; charset=utf-8");
        let is_dated = response
            .headers()
            .get(RETRY_AFTER)
            .is_some_and(|hint| hint.as_bytes().iter().any(u8::is_ascii_alphabetic));
        match self.fault {
            Some(Fault::TrimsBodies) => {
                *response.body_mut() = Bytes::copy_from_slice(response.body().trim_ascii());
            }
            Some(Fault::Reports202As200) if status == 202 => {
                *response.status_mut() = StatusCode::OK;
            }
            Some(Fault::RepairsText) if is_text => {
                *response.body_mut() = String::from_utf8_lossy(response.body()).into_owned().into();
            }
            Some(Fault::HidesCompression) => drop(response.headers_mut().remove(CONTENT_ENCODING)),
            Some(Fault::ForgetsDates) if is_dated => {
                drop(response.headers_mut().remove(RETRY_AFTER));
            }
            Some(Fault::ForgetsSeconds) if !is_dated && status == 429 => {
                drop(response.headers_mut().remove(RETRY_AFTER));
            }
            _ => {}
        }
        Ok(response)
    }
}
