//! Each adapter against a server on loopback.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use typless::drive::BlockingTransport;
use typless::machine::{FailureKind, Limits};
use typless::wire::{ConfigError, Document, DocumentSource, SourceError};
use typless_transports::document_from_path;

use crate::support::{
    ACCEPTED, Reply, Server, adapters, assert_cut_off, assert_kind, document, header, poll,
    response, submit,
};

#[test]
fn a_submit_arrives_byte_for_byte_with_its_exact_length() {
    for transport in adapters() {
        for size in [1, 2, 3, 100_000, 3_000_000] {
            let server = Server::new(vec![Reply::Bytes(response("202 Accepted", "", ACCEPTED))]);
            let request = submit(&server.url(), document(vec![7; size]));
            let expected = request.body().to_bytes().unwrap();
            let response = transport.send(request, Limits::default()).unwrap();
            assert_eq!(
                (response.status().as_u16(), &response.body()[..]),
                (202, ACCEPTED.as_bytes())
            );
            let received = server.received();
            assert!(
                received
                    .head
                    .starts_with("POST /api/extract-data-async HTTP/1.1\r\n"),
                "{}",
                received.head
            );
            assert_eq!(
                header(&received.head, "content-length").unwrap(),
                expected.len().to_string()
            );
            assert_eq!(header(&received.head, "transfer-encoding"), None);
            assert_eq!(
                header(&received.head, "authorization"),
                Some("Token s3cret")
            );
            assert_eq!(
                header(&received.head, "content-type"),
                Some("application/json")
            );
            assert_eq!(header(&received.head, "accept-encoding"), None);
            assert!(
                header(&received.head, "user-agent")
                    .unwrap()
                    .starts_with("typless-rs/")
            );
            assert!(
                received.body == expected,
                "the body differs at {size} bytes"
            );
        }
    }
}

#[test]
fn a_file_is_sent_from_disk() {
    for transport in adapters() {
        let mut file = tempfile::NamedTempFile::with_suffix(".pdf").unwrap();
        let content: Vec<u8> = (0..2_000_000_u32)
            .map(|index| (index % 251) as u8)
            .collect();
        file.write_all(&content).unwrap();
        let server = Server::new(vec![Reply::Bytes(response("202 Accepted", "", ACCEPTED))]);
        let from_file = document_from_path(file.path(), "line-item-invoice").unwrap();
        let name = from_file.file_name().to_owned();
        assert_eq!(file.path().file_name().unwrap().to_str(), Some(&*name));
        transport
            .send(submit(&server.url(), from_file), Limits::default())
            .unwrap();
        let in_memory = Document::new(&name, "line-item-invoice", content).unwrap();
        assert!(
            server.received().body == submit(&server.url(), in_memory).body().to_bytes().unwrap()
        );
    }
}

#[test]
fn what_is_no_document_is_refused_before_anything_is_sent() {
    let empty = tempfile::NamedTempFile::with_suffix(".pdf").unwrap();
    let kind = |path: &Path, document_type| {
        let error = document_from_path(path, document_type).unwrap_err();
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        (error.kind(), inner.map(ConfigError::field))
    };
    let mut full = tempfile::NamedTempFile::with_suffix(".pdf").unwrap();
    full.write_all(b"%PDF").unwrap();
    assert_eq!(
        [
            kind(empty.path(), "line-item-invoice"),
            kind(full.path(), ""),
            kind(Path::new("/"), "line-item-invoice"),
            kind(Path::new("no such file"), "line-item-invoice"),
        ],
        [
            (ErrorKind::InvalidInput, Some("file")),
            (ErrorKind::InvalidInput, Some("document_type")),
            (ErrorKind::InvalidInput, None),
            (ErrorKind::NotFound, None),
        ]
    );
}

#[test]
fn error_statuses_are_responses() {
    for transport in adapters() {
        for status in [
            "400 Bad Request",
            "401 Unauthorized",
            "404 Not Found",
            "422 Unprocessable Entity",
            "429 Too Many Requests",
            "500 Oops",
            "503 Later",
        ] {
            let server = Server::new(vec![Reply::Bytes(response(
                status,
                "retry-after: 7\r\n",
                r#"{"code": "x"}"#,
            ))]);
            let response = transport
                .send(poll(&server.url()), Limits::default())
                .unwrap();
            assert!(status.starts_with(response.status().as_str()));
            assert_eq!(response.headers()["retry-after"], "7");
            assert_eq!(&response.body()[..], br#"{"code": "x"}"#);
        }
    }
}

#[test]
fn redirects_are_not_followed_and_the_key_goes_nowhere_else() {
    for transport in adapters() {
        for status in [
            "301 Moved",
            "302 Found",
            "307 Temporary Redirect",
            "308 Permanent Redirect",
        ] {
            let other = Server::new(vec![Reply::Bytes(response("200 OK", "", "{}"))]);
            let location = format!("location: {}/elsewhere\r\n", other.url());
            let server = Server::new(vec![
                Reply::Bytes(response(status, &location, "")),
                Reply::Bytes(response(status, &location, "moved")),
            ]);
            assert!(
                transport
                    .send(poll(&server.url()), Limits::default())
                    .unwrap()
                    .status()
                    .is_redirection()
            );
            assert!(
                transport
                    .send(submit(&server.url(), document("%PDF")), Limits::default())
                    .unwrap()
                    .status()
                    .is_redirection()
            );
            assert!(other.received_no_more());
        }
    }
}

#[test]
fn a_response_over_the_limit_is_not_read_whether_declared_or_not() {
    for transport in adapters() {
        let limits = |bytes| {
            let mut limits = Limits::default();
            limits.response_bytes = bytes;
            limits
        };
        let body = "x".repeat(5000);
        let chunked = format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1388\r\n{body}\r\n0\r\n\r\n"
        )
        .into_bytes();
        let until_closed =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}").into_bytes();
        for reply in [response("200 OK", "", &body), chunked, until_closed] {
            let (server, other) = (
                Server::new(vec![Reply::Last(reply.clone())]),
                Server::new(vec![Reply::Last(reply)]),
            );
            assert_kind(
                transport.send(poll(&server.url()), limits(4999)),
                FailureKind::TooLarge,
            );
            assert_eq!(
                transport
                    .send(poll(&other.url()), limits(5000))
                    .unwrap()
                    .body()
                    .len(),
                5000
            );
        }
    }
}

#[test]
fn a_refused_connection_sent_nothing() {
    for transport in adapters() {
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let url = format!("http://{address}");
        assert_kind(
            transport.send(submit(&url, document("%PDF")), Limits::default()),
            FailureKind::NotSent,
        );
        assert_kind(
            transport.send(poll(&url), Limits::default()),
            FailureKind::NotSent,
        );
    }
}

#[test]
fn an_exchange_that_is_cut_off_is_interrupted() {
    for transport in adapters() {
        // Closed after the request; within the head and within the body of the response.
        let head_cut = b"HTTP/1.1 202 Acc".to_vec();
        let body_cut =
            b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{\"extraction".to_vec();
        let replies = [
            Reply::Last(Vec::new()),
            Reply::Last(head_cut),
            Reply::Last(body_cut),
        ];
        for reply in replies {
            let server = Server::new(vec![reply]);
            assert_kind(
                transport.send(
                    submit(&server.url(), document(vec![1; 400_000])),
                    Limits::default(),
                ),
                FailureKind::Interrupted,
            );
        }
    }
}

#[test]
fn a_server_that_does_not_respond_is_abandoned_at_the_limit() {
    for transport in adapters() {
        let server = Server::new(vec![Reply::NoResponse, Reply::NoResponse]);
        assert_cut_off(|factor| {
            let mut limits = Limits::default();
            limits.total = Duration::from_millis(5) * factor;
            transport.send(poll(&server.url()), limits)
        });
        let mut limits = Limits::default();
        limits.idle = Duration::from_millis(5);
        assert_kind(
            transport.send(poll(&server.url()), limits),
            FailureKind::Interrupted,
        );
    }
}

#[test]
fn a_slow_upload_is_not_cut_off_while_bytes_move() {
    for transport in adapters() {
        // A document of 200 MB over a line of 1 MB/s, scaled by 1/1000: 200 KB, and 1.3 ms for
        // each 1.3 KB. Only the idle limit is scaled less, by 1/50: the system acknowledges
        // received bytes in blocks whose size is not scaled.
        let full = Limits::for_body(266_700_000);
        assert!(
            full.total > Duration::from_secs(2 * 267),
            "half of that speed is still enough: {:?}",
            full.total
        );
        let mut limits = Limits::default();
        (limits.total, limits.idle) = (full.total / 1000, full.idle / 50);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut read, mut buffer) = (0, [0; 1334]);
            while read < 266_700 {
                read += stream.read(&mut buffer).unwrap();
                std::thread::sleep(Duration::from_micros(1334));
            }
            stream
                .write_all(&response("202 Accepted", "", ACCEPTED))
                .unwrap();
        });
        let response = transport
            .send(submit(&url, document(vec![3; 200_000])), limits)
            .unwrap();
        assert_eq!(response.status(), 202);
        server.join().unwrap();
    }
}

/// A source that declares one length and yields another, or fails.
struct Faulty {
    declared: u64,
    yields: u64,
    fails: bool,
}

impl DocumentSource for Faulty {
    fn len(&self) -> u64 {
        self.declared
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let content = io::repeat(b'x').take(self.yields);
        Ok(if self.fails {
            Box::new(content.chain(Failing))
        } else {
            Box::new(content)
        })
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(
            ErrorKind::PermissionDenied,
            "the disk is gone",
        ))
    }
}

#[test]
fn a_source_of_another_length_is_never_a_whole_upload() {
    for transport in adapters() {
        for declared in [10, 2_000_000] {
            for (yields, fails) in [
                (declared - 1, false),
                (declared + 1, false),
                (declared - 1, true),
                (0, true),
                (0, false),
            ] {
                let server = Server::new(vec![Reply::CloseAfter(10_000_000)]);
                let document = Document::from_source(
                    "a.pdf",
                    "t",
                    Faulty {
                        declared,
                        yields,
                        fails,
                    },
                )
                .unwrap();
                let failure = assert_kind(
                    transport.send(submit(&server.url(), document), Limits::default()),
                    FailureKind::Source,
                );
                assert!(SourceError::find_in(failure.cause()).is_some(), "{failure}");
            }
        }
    }
}

#[test]
fn no_failure_shows_the_key() {
    for transport in adapters() {
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let failure = transport
            .send(poll(&format!("http://{address}")), Limits::default())
            .unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("s3cret"));
    }
}
