//! One connection, as a script sees it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::{Seen, Shared};

/// One connection, as a script sees it. Nothing is read beyond what is asked for.
pub(crate) struct Connection {
    number: usize,
    stream: TcpStream,
    shared: Arc<Shared>,
}

impl Connection {
    pub(super) fn new(number: usize, stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self {
            number,
            stream,
            shared,
        }
    }

    /// Counted from 0 in the order they were accepted.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Reads one request whole and remembers it; `None` if the client has closed instead.
    pub(crate) fn request(&mut self) -> io::Result<Option<Seen>> {
        let Some(mut seen) = self.head()? else {
            return Ok(None);
        };
        if seen.is_chunked() {
            seen.body = self.chunks()?;
        } else {
            seen.body = vec![0; seen.content_length().unwrap_or(0)];
            self.stream.read_exact(&mut seen.body)?;
        }
        self.shared.lock().seen.push(seen.clone());
        Ok(Some(seen))
    }

    /// Reads the head of a request and no byte more.
    pub(crate) fn head(&mut self) -> io::Result<Option<Seen>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.stream.read(&mut byte)? {
                0 if head.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => head.extend_from_slice(&byte),
            }
        }
        Ok(Some(Seen::new(self.number, &head)))
    }

    /// Reads this many bytes.
    pub(crate) fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.stream.read_exact(buffer)
    }

    /// Waits until there is a byte to read, and leaves it there.
    pub(crate) fn peek(&self) -> io::Result<()> {
        self.stream.peek(&mut [0]).map(drop)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Writes byte by byte, with a pause before each.
    pub(crate) fn trickle(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            std::thread::sleep(pause);
            self.write(&[*byte])?;
        }
        Ok(())
    }

    /// Answers each request with these bytes, until the client closes.
    pub(crate) fn answer_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        while self.request()?.is_some() {
            self.write(bytes)?;
        }
        Ok(())
    }

    /// Reads and forgets, until the client closes.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        io::copy(&mut self.stream, &mut io::sink()).map(drop)
    }

    /// Says that this was all, then reads and forgets until the client closes: nothing that was
    /// written is lost in a reset.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.drain()
    }

    /// Neither reads nor writes, until the row ends; not for ever.
    pub(crate) fn stay(&self) {
        self.shared.wait(|_| false);
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.line()?;
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
                .map_err(io::Error::other)?;
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..])?;
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            line.extend_from_slice(&byte);
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}
