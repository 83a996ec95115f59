//! A service on loopback that accepts one submit, checks its length and discards it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::submission::{TAIL, head};

/// How long to wait for a client that sends nothing.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A server that accepts clients.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Listens on a free port.
    ///
    /// # Errors
    ///
    /// There is no loopback interface, or no free port.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind("127.0.0.1:0")?,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The system does not report it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts one submit with a body of exactly this many bytes.
    ///
    /// # Errors
    ///
    /// The client declares another length, or sends something other than a submit of that length.
    pub fn accept(&self, length: u64) -> io::Result<()> {
        let (stream, _) = self.listener.accept()?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_nodelay(true)?;
        let mut reader = BufReader::with_capacity(256 * 1024, stream);
        check(
            read_head(&mut reader)? == Some(length),
            "the length is not that of the body",
        )?;
        drain(&mut reader, length)?;
        accept_with_202(reader.get_ref(), 0)
    }
}

/// Reads one request with a body, whatever it says.
///
/// # Errors
///
/// It ends early, or declares no length.
pub fn read_request(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    let mut reader = BufReader::new(stream);
    let length = read_head(&mut reader)?.ok_or(io::ErrorKind::InvalidData)?;
    let read = io::copy(&mut reader.take(length), &mut io::sink())?;
    check(read == length, "the body ended early")
}

/// Accepts a submit, with an id that ends with this number.
///
/// # Errors
///
/// The client has closed the connection.
pub fn accept_with_202(mut stream: &TcpStream, number: usize) -> io::Result<()> {
    let response = format!(r#"{{"extraction_id":"7f8a3a4e-2f0b-4a37-9f43-0d6a9f0b{number:04x}"}}"#);
    write!(
        stream,
        "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: \
         {}\r\n\r\n{response}",
        response.len()
    )
}

/// Reads the head of a request, and returns its content length if it has one.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(length);
        }
        if let Some((name, value)) = line.split_once(':') {
            check(
                !name.eq_ignore_ascii_case("transfer-encoding"),
                "the body is chunked",
            )?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok();
            }
        }
    }
}

/// Reads a body to its end, and checks its first and last bytes.
fn drain(reader: &mut impl BufRead, length: u64) -> io::Result<()> {
    let mut start = vec![0; head().len()];
    reader.read_exact(&mut start)?;
    check(
        start == head().as_bytes(),
        "the body does not start as a submit",
    )?;
    let middle = length - (start.len() + TAIL.len()) as u64;
    let drained = io::copy(&mut reader.take(middle), &mut io::sink())?;
    check(drained == middle, "the body ended early")?;
    let mut end = vec![0; TAIL.len()];
    reader.read_exact(&mut end)?;
    check(end == TAIL.as_bytes(), "the body does not end as a submit")
}

fn check(held: bool, otherwise: &'static str) -> io::Result<()> {
    if held {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, otherwise))
    }
}
