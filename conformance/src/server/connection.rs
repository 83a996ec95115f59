//! One connection, as a script sees it.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use super::{ReceivedRequest, Shared, Stream};

/// One connection, as a script sees it. It reads only the bytes that a method needs.
pub(crate) struct Connection {
    number: usize,
    stream: Stream,
    shared: Arc<Shared>,
}

impl Connection {
    pub(super) fn new(number: usize, stream: Stream, shared: Arc<Shared>) -> Self {
        Self {
            number,
            stream,
            shared,
        }
    }

    /// The number of the connection, from 0, in the order of acceptance.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Reads a whole request and records it. `None` if the client has closed the connection.
    pub(crate) fn request(&mut self) -> io::Result<Option<ReceivedRequest>> {
        let Some(mut received) = self.head()? else {
            return Ok(None);
        };
        if received.is_chunked() {
            received.body = self.chunks()?;
        } else {
            received.body = vec![0; received.content_length().unwrap_or(0)];
            self.stream.read_exact(&mut received.body)?;
        }
        self.shared.lock().received.push(received.clone());
        Ok(Some(received))
    }

    /// Reads the head of a request. `None` if the client has closed the connection.
    pub(crate) fn head(&mut self) -> io::Result<Option<ReceivedRequest>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.stream.read(&mut byte)? {
                0 if head.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => head.extend_from_slice(&byte),
            }
        }
        Ok(Some(ReceivedRequest::new(self.number, &head)))
    }

    /// Reads this many bytes.
    pub(crate) fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.stream.read_exact(buffer)
    }

    /// Waits until there is a byte to read, without reading it.
    pub(crate) fn peek(&self) -> io::Result<()> {
        self.stream.tcp().peek(&mut [0]).map(drop)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Writes byte by byte, with a pause before each.
    pub(crate) fn trickle(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            std::thread::sleep(pause);
            self.write(&[*byte])?;
        }
        Ok(())
    }

    /// Responds to each request with these bytes, until the client closes.
    pub(crate) fn respond_to_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        while self.request()?.is_some() {
            self.write(bytes)?;
        }
        Ok(())
    }

    /// Reads and discards, until the client closes.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        io::copy(&mut self.stream, &mut io::sink()).map(drop)
    }

    /// Begins TLS: performs the handshake.
    #[cfg(feature = "tls")]
    pub(crate) fn begin_tls(&mut self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        let tcp = self.stream.tcp().try_clone()?;
        self.stream = Stream::Tls(Box::new(super::tls::TlsStream::new(tcp, config)?));
        Ok(())
    }

    /// Announces the end of the TLS connection. Without this, it ends like one that is cut.
    #[cfg(feature = "tls")]
    pub(crate) fn close_notify(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(_) => Ok(()),
            Stream::Tls(stream) => stream.close_notify(),
        }
    }

    /// Ends the write side, then reads and discards until the client closes. This avoids a reset,
    /// in which written bytes could be lost.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.stream.tcp().shutdown(Shutdown::Write)?;
        self.drain()
    }

    /// Neither reads nor writes until the server is closed, at most for the timeout.
    pub(crate) fn wait_for_close(&self) {
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
