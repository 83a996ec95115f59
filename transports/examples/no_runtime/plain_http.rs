//! HTTP/1.1 over sockets of the standard library, without TLS.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode};
use typless::drive::BlockingTransport;
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, BodyReader, SourceError};

const BLOCK_BYTES: usize = 64 * 1024;
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;

/// Connections that wait for their next exchange, each with its host.
#[derive(Default)]
pub(crate) struct PlainHttp {
    idle: Mutex<Vec<(String, TcpStream)>>,
}

impl BlockingTransport for PlainHttp {
    fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        let deadline = Instant::now().checked_add(limits.total);
        let (host, body) = match (request.uri().authority(), request.uri().scheme_str()) {
            (Some(host), Some("http")) => (host.to_string(), request.body().reader()),
            _ => return Err(not_sent("this is not an URL of plain HTTP")),
        };
        let body = body.map_err(unread)?;
        let stream = match self.take_idle(&host) {
            Some(stream) => stream,
            // Without a connection nothing was sent. After this, everything may have been.
            None => connect(&host, limits.connect.min(limits.total)).map_err(not_sent)?,
        };
        let mut connection = Connection {
            stream,
            limits,
            deadline,
            received: Vec::new(),
        };
        let is_sent = connection.write_request(&request, &host, body)?;
        let (response, is_delimited) = connection.read_response()?;
        if is_sent && is_delimited && connection.received.is_empty() {
            self.lock().push((host, connection.stream));
        }
        Ok(response)
    }
}

impl PlainHttp {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, TcpStream)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle connection to this host that the server has not closed.
    fn take_idle(&self, host: &str) -> Option<TcpStream> {
        let mut idle = self.lock();
        while let Some(index) = idle.iter().position(|(found, _)| found == host) {
            let (_, stream) = idle.swap_remove(index);
            let is_quiet = stream.set_nonblocking(true).is_ok()
                && stream
                    .peek(&mut [0])
                    .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
                && stream.set_nonblocking(false).is_ok();
            if is_quiet {
                return Some(stream);
            }
        }
        None
    }
}

fn connect(host: &str, within: Duration) -> io::Result<TcpStream> {
    let with_port = if host
        .rsplit(':')
        .next()
        .is_some_and(|port| port.parse::<u16>().is_ok())
    {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in with_port.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, within) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A connection in an exchange.
struct Connection {
    stream: TcpStream,
    limits: Limits,
    deadline: Option<Instant>,
    /// What was received and is not used yet.
    received: Vec<u8>,
}

impl Connection {
    /// Writes the request. `false` if the server stopped reading: it may have responded.
    fn write_request(
        &mut self,
        request: &Request<Body>,
        host: &str,
        mut body: BodyReader,
    ) -> Result<bool, Failure> {
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let line = format!("{} {target} HTTP/1.1\r\nhost: {host}\r\n", request.method());
        let mut block = line.into_bytes();
        for (name, value) in request.headers() {
            let line = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
            block.extend_from_slice(&line.concat());
        }
        block.extend_from_slice(b"\r\n");
        // The last block is empty.
        while !block.is_empty() {
            match self.write_all(&block) {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => return Err(interrupted(error)),
                Err(_) => return Ok(false),
            }
            block.resize(BLOCK_BYTES, 0);
            let count = body.read(&mut block).map_err(unread)?;
            block.truncate(count);
        }
        Ok(true)
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(Some(self.time_left()?))?;
            let count = self.stream.write(bytes)?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Reads the response. `true` if it was delimited, so that another one may follow.
    fn read_response(&mut self) -> Result<(Response<Bytes>, bool), Failure> {
        let (status, headers) = loop {
            let (status, headers) = self.read_head()?;
            // Only the last response is that of the request.
            if !status.is_informational() {
                break (status, headers);
            }
        };
        let has = |name: HeaderName, value: &[u8]| {
            let mut values = headers.get_all(name).iter();
            values.any(|found| found.as_bytes().eq_ignore_ascii_case(value))
        };
        let has_no_body = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
        let is_chunked = has(TRANSFER_ENCODING, b"chunked");
        let length = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let is_delimited = has_no_body || is_chunked || length.is_some();
        let may_follow = is_delimited && !has(CONNECTION, b"close");
        let mut body = Vec::new();
        if has_no_body {
            // Whatever its headers say.
        } else if is_chunked {
            self.read_chunks(&mut body)?;
        } else if let Some(length) = length {
            let length = length.parse().map_err(interrupted)?;
            self.read_bytes(length, &mut body)?;
        } else {
            self.read_until_close(&mut body)?;
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok((response, may_follow))
    }

    fn read_head(&mut self) -> Result<(StatusCode, HeaderMap), Failure> {
        let invalid = || interrupted("this is not a response of HTTP/1.1");
        let head = self.read_through(b"\r\n\r\n")?;
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii_end);
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix(b"HTTP/1.1 "));
        let status = StatusCode::from_bytes(
            status
                .and_then(|status| status.get(..3))
                .ok_or_else(invalid)?,
        );
        let mut headers = HeaderMap::new();
        for line in lines.filter(|line| !line.is_empty()) {
            if headers.len() == MAX_HEADERS {
                return Err(interrupted("the response has too many headers"));
            }
            let colon = line
                .iter()
                .position(|byte| *byte == b':')
                .ok_or_else(invalid)?;
            let name = HeaderName::from_bytes(&line[..colon]).map_err(interrupted)?;
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
            headers.append(name, value.map_err(interrupted)?);
        }
        Ok((status.map_err(interrupted)?, headers))
    }

    /// Reads up to this mark, and the mark.
    fn read_through(&mut self, mark: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut searched = 0;
        loop {
            let rest = &self.received[searched..];
            if let Some(found) = rest.windows(mark.len()).position(|window| window == mark) {
                let end = searched + found + mark.len();
                return Ok(self.received.drain(..end).collect());
            }
            if self.received.len() >= MAX_HEAD_BYTES {
                return Err(interrupted("the head of the response is too long"));
            }
            searched = self.received.len().saturating_sub(mark.len() - 1);
            self.receive_more()?;
        }
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> Result<(), Failure> {
        loop {
            let line = self.read_through(b"\r\n")?;
            let line = String::from_utf8_lossy(&line);
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(interrupted)?;
            if size == 0 {
                // Trailers, up to an empty line.
                while self.read_through(b"\r\n")? != b"\r\n" {}
                return Ok(());
            }
            self.read_bytes(size, body)?;
            self.read_through(b"\r\n")?;
        }
    }

    /// Reads exactly this many bytes. A response that ends before is cut off.
    fn read_bytes(&mut self, count: u64, body: &mut Vec<u8>) -> Result<(), Failure> {
        let max_bytes = self.limits.response_bytes;
        let end = (body.len() as u64).saturating_add(count);
        if end > max_bytes {
            return Err(too_large(max_bytes));
        }
        while (body.len() as u64) < end {
            if self.received.is_empty() {
                self.receive_more()?;
            }
            let left = usize::try_from(end - body.len() as u64).unwrap_or(usize::MAX);
            let count = self.received.len().min(left);
            body.extend_from_slice(&self.received[..count]);
            self.received.drain(..count);
        }
        Ok(())
    }

    fn read_until_close(&mut self, body: &mut Vec<u8>) -> Result<(), Failure> {
        loop {
            body.append(&mut self.received);
            if body.len() as u64 > self.limits.response_bytes {
                return Err(too_large(self.limits.response_bytes));
            }
            if self.receive().map_err(interrupted)? == 0 {
                return Ok(());
            }
        }
    }

    /// Receives something. A failure at the end of the connection.
    fn receive_more(&mut self) -> Result<(), Failure> {
        match self.receive() {
            Ok(0) => Err(interrupted("the response was cut off")),
            Ok(_) => Ok(()),
            Err(error) => Err(interrupted(error)),
        }
    }

    /// Receives what there is, and returns how many bytes. 0 at the end of the connection.
    fn receive(&mut self) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.time_left()?))?;
        let mut block = [0; BLOCK_BYTES];
        let count = self.stream.read(&mut block)?;
        self.received.extend_from_slice(&block[..count]);
        Ok(count)
    }

    /// How long to wait for the next bytes.
    fn time_left(&self) -> io::Result<Duration> {
        let Some(deadline) = self.deadline else {
            return Ok(self.limits.idle);
        };
        match deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left.min(self.limits.idle)),
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    // `WouldBlock` on Unix.
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}

/// The document could not be read, so the request was not sent whole.
fn unread(error: io::Error) -> Failure {
    let is_source = SourceError::find_in(&error).is_some();
    let kind = if is_source {
        FailureKind::Source
    } else {
        FailureKind::Interrupted
    };
    Failure::new(kind, error)
}

fn not_sent(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
    Failure::new(FailureKind::NotSent, cause)
}

/// When in doubt: the request may have been processed.
fn interrupted(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
    Failure::new(FailureKind::Interrupted, cause)
}

fn too_large(max_bytes: u64) -> Failure {
    Failure::new(
        FailureKind::TooLarge,
        format!("more than {max_bytes} bytes"),
    )
}
