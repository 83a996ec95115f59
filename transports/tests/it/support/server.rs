//! A server on loopback that follows a list of replies and remembers what it received.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use typless::machine::{Failure, FailureKind};
use typless::wire::{Body, Document, SubmitRequest};

use super::api;

pub(crate) const ACCEPTED: &str = r#"{"extraction_id": "0d14338251a6db69bfec36face27f7edcab7322"}"#;

/// What to do with one request.
pub(crate) enum Reply {
    /// Read the request and respond with these bytes.
    Bytes(Vec<u8>),
    /// Read the request, respond with these bytes, and close.
    Last(Vec<u8>),
    /// Read only this many bytes, then close without a response.
    CloseAfter(usize),
    /// Read only this many bytes and respond with these. With `true`, read the rest of the request
    /// too. Then close.
    Early(usize, Vec<u8>, bool),
    /// Read the request and respond byte by byte, with this pause after each.
    Trickle(Vec<u8>, Duration),
    /// Read the request and send nothing. The connection stays open.
    NoResponse,
}

/// One request as it was received.
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The number of the connection it came on, from 0.
    pub(crate) connection: usize,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    received: mpsc::Receiver<Received>,
    _thread: JoinHandle<()>,
}

impl Server {
    /// Serves one connection after the other. Each request takes the next reply, and the server
    /// ends after the last one.
    pub(crate) fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::channel();
        let thread = std::thread::spawn(move || serve(&listener, replies, &sender));
        Self {
            address,
            received,
            _thread: thread,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request that was received.
    pub(crate) fn received(&self) -> Received {
        self.received.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    pub(crate) fn received_no_more(&self) -> bool {
        self.received.try_recv().is_err()
    }
}

pub(crate) fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn serve(listener: &TcpListener, replies: Vec<Reply>, sender: &mpsc::Sender<Received>) {
    let mut replies = replies.into_iter().peekable();
    let mut kept = Vec::new();
    let mut connection = 0;
    while replies.peek().is_some() {
        let (mut stream, _) = listener.accept().unwrap();
        while let Some(reply) = replies.peek() {
            if let Reply::CloseAfter(count) = reply {
                let _ = stream.read_exact(&mut vec![0; *count]);
                replies.next();
                break;
            }
            if let Some(Reply::Early(count, bytes, reads_rest)) =
                replies.next_if(|reply| matches!(reply, Reply::Early(..)))
            {
                let _ = stream.read_exact(&mut vec![0; count]);
                let _ = stream.write_all(&bytes);
                if reads_rest {
                    let _ = std::io::copy(&mut stream, &mut std::io::sink());
                }
                break;
            }
            let Some((head, body)) = read_request(&mut stream) else {
                break;
            };
            let _ = sender.send(Received {
                head,
                body,
                connection,
            });
            match replies.next() {
                Some(Reply::Bytes(bytes)) => stream.write_all(&bytes).unwrap(),
                Some(Reply::Last(bytes)) => {
                    let _ = stream.write_all(&bytes);
                    break;
                }
                Some(Reply::NoResponse) => {
                    kept.push(stream.try_clone().unwrap());
                    break;
                }
                Some(Reply::Trickle(bytes, pause)) => {
                    for byte in bytes {
                        if stream.write_all(&[byte]).is_err() {
                            break;
                        }
                        std::thread::sleep(pause);
                    }
                    break;
                }
                Some(Reply::CloseAfter(_) | Reply::Early(..)) | None => break,
            }
        }
        connection += 1;
    }
}

fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

pub(crate) fn submit(url: &str, document: Document) -> Request<Body> {
    SubmitRequest::new(document).request(&api(url))
}

#[track_caller]
pub(crate) fn assert_kind(result: Result<Response<Bytes>, Failure>, kind: FailureKind) -> Failure {
    let failure = result.unwrap_err();
    assert_eq!(failure.kind(), kind, "{failure}");
    failure
}

/// The exchange is cut off by a short limit, `factor` times as long as the test needs.
///
/// On a busy computer the limit may end before there is a connection. `NotSent` is right then, and
/// the exchange is repeated with more time.
#[track_caller]
pub(crate) fn assert_cut_off(send: impl Fn(u32) -> Result<Response<Bytes>, Failure>) {
    let is_unsent = |result: &Result<Response<Bytes>, Failure>| {
        result
            .as_ref()
            .is_err_and(|failure| failure.kind() == FailureKind::NotSent)
    };
    let result = [1, 4, 16]
        .into_iter()
        .map(send)
        .find(|result| !is_unsent(result));
    assert_kind(
        result.expect("it was connected once"),
        FailureKind::Interrupted,
    );
}
