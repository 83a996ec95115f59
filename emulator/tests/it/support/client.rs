//! A client that writes and reads plain bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use typless_emulator::{Listener, Service, ServiceOptions};

/// One connection. It times out after ten seconds without a byte, which fails the test.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

/// A response with its head as it came.
pub(crate) struct Response {
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn connect(listener: &Listener) -> Self {
        let stream = TcpStream::connect(listener.local_addr()).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a timeout");
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("to write");
    }

    pub(crate) fn submit(&mut self, body: &str) -> Response {
        self.send(format!(
            "{}content-length: {}\r\n\r\n{body}",
            head("POST /api/extract-data-async"),
            body.len()
        ));
        self.receive()
    }

    pub(crate) fn poll(&mut self, id: &str) -> Response {
        self.send(format!(
            "{}\r\n",
            head(&format!("GET /api/get-extraction-data?extraction_id={id}"))
        ));
        self.receive()
    }

    pub(crate) fn receive(&mut self) -> Response {
        let end = loop {
            match self
                .received
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n")
            {
                Some(end) => break end + 4,
                None => assert!(
                    self.read_more(),
                    "it ended: {}",
                    String::from_utf8_lossy(&self.received)
                ),
            }
        };
        let head = String::from_utf8_lossy(&self.received[..end]).to_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next())
            .expect("a length");
        let length: usize = length.parse().expect("a number");
        while self.received.len() < end + length {
            assert!(self.read_more(), "the body is cut off");
        }
        let body = serde_json::from_slice(&self.received[end..end + length]).unwrap_or_default();
        self.received.drain(..end + length);
        Response { head, body }
    }

    pub(crate) fn read_more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let count = self.stream.read(&mut buffer).expect("to read");
        self.received.extend_from_slice(&buffer[..count]);
        count > 0
    }
}

impl Response {
    pub(crate) fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

pub(crate) fn head(line: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Token key\r\n")
}

pub(crate) fn listen(options: ServiceOptions) -> Listener {
    Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), Service::new(options))
        .expect("a free port")
}
