//! The faults in `docs/faults.md` that need a socket: how each adapter reports them.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use typless::drive::BlockingTransport;
use typless::machine::{FailureKind, Limits};
use typless::wire::{Document, DocumentSource, SourceError};
use typless_transports::{FileSource, MAX_RESPONSE_HEAD_BYTES, MAX_RESPONSE_HEADERS};

use crate::support::{
    ACCEPTED, Reply, Server, adapters, assert_cut_off, assert_kind, document, header, poll,
    response, submit,
};

#[test]
fn s04_a_connection_cut_anywhere_in_the_upload_leaves_it_unknown() {
    for transport in adapters() {
        for count in [1, 50, 300, 1_000, 100_000, 2_600_000] {
            let server = Server::new(vec![Reply::CloseAfter(count)]);
            assert_kind(
                transport.send(
                    submit(&server.url(), document(vec![1; 2_000_000])),
                    Limits::default(),
                ),
                FailureKind::Interrupted,
            );
        }
    }
}

#[test]
fn s05_an_idle_connection_that_was_closed_is_not_used_for_a_submit() {
    for transport in adapters() {
        let server = Server::new(vec![
            Reply::Last(response("200 OK", "", "{}")),
            Reply::Bytes(response("202 Accepted", "", ACCEPTED)),
        ]);
        transport
            .send(poll(&server.url()), Limits::default())
            .unwrap();
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(
            transport
                .send(submit(&server.url(), document("%PDF")), Limits::default())
                .unwrap()
                .status(),
            202
        );
        assert_eq!(
            [server.received().connection, server.received().connection],
            [0, 1]
        );
    }
}

#[test]
fn s05_a_connection_that_closes_as_the_submit_is_written_leaves_it_unknown() {
    for transport in adapters() {
        let server = Server::new(vec![
            Reply::Bytes(response("200 OK", "", "{}")),
            Reply::CloseAfter(100),
            Reply::Bytes(response("202 Accepted", "", ACCEPTED)),
        ]);
        transport
            .send(poll(&server.url()), Limits::default())
            .unwrap();
        // A pool may return a connection with a delay.
        std::thread::sleep(Duration::from_millis(5));
        assert_kind(
            transport.send(submit(&server.url(), document("%PDF")), Limits::default()),
            FailureKind::Interrupted,
        );
        server.received();
        assert!(server.received_no_more(), "it was sent again");
    }
}

#[test]
fn s23_an_early_refusal_is_heard_where_the_server_reads_on() {
    for transport in adapters() {
        for (line, status) in [("413 Content Too Large", 413), ("401 Unauthorized", 401)] {
            let server = Server::new(vec![Reply::Early(
                1_000,
                response(line, "connection: close\r\n", "{}"),
                true,
            )]);
            assert_eq!(
                transport
                    .send(
                        submit(&server.url(), document(vec![1; 3_000_000])),
                        Limits::default()
                    )
                    .unwrap()
                    .status(),
                status
            );
        }
    }
}

#[test]
fn s23_a_refusal_of_a_server_that_stops_reading_may_be_lost_and_is_then_taken_for_unknown() {
    for transport in adapters() {
        // A known limit: a close with unread bytes resets the connection, and the response may be
        // lost with it. It is never reported as "not sent".
        for size in [10_000, 3_000_000] {
            let server = Server::new(vec![Reply::Early(
                1_000,
                response("413 Content Too Large", "connection: close\r\n", "{}"),
                false,
            )]);
            match transport.send(
                submit(&server.url(), document(vec![1; size])),
                Limits::default(),
            ) {
                Ok(response) => assert_eq!(response.status(), 413),
                Err(failure) => assert_eq!(failure.kind(), FailureKind::Interrupted, "{failure}"),
            }
        }
    }
}

// Where the system keeps what had arrived before the reset, as Linux does.
#[cfg(all(feature = "hyper", target_os = "linux"))]
#[test]
fn s23_hyper_hears_a_refusal_even_where_the_server_stops_reading() {
    let transport = crate::support::OnTokio::new();
    for size in [10_000, 200_000, 3_000_000] {
        for _ in 0..10 {
            let server = Server::new(vec![Reply::Early(
                1_000,
                response("413 Content Too Large", "connection: close\r\n", "{}"),
                false,
            )]);
            assert_eq!(
                transport
                    .send(
                        submit(&server.url(), document(vec![1; size])),
                        Limits::default()
                    )
                    .unwrap()
                    .status(),
                413
            );
        }
    }
}

#[test]
fn p20_compressed_bytes_are_not_asked_for_and_not_inflated() {
    for transport in adapters() {
        // The start of a gzip stream, which could be a decompression bomb: the bytes are returned,
        // and counted, as received.
        let packed = [&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"[..], &[0; 100]].concat();
        let mut reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            packed.len()
        )
        .into_bytes();
        reply.extend_from_slice(&packed);
        let server = Server::new(vec![Reply::Last(reply)]);
        let response = transport
            .send(poll(&server.url()), Limits::default())
            .unwrap();
        assert_eq!(response.body(), &packed);
        assert_eq!(header(&server.received().head, "accept-encoding"), None);
    }
}

#[test]
fn h04_a_head_is_read_up_to_the_stated_limits_and_no_further() {
    let with_headers = |count: usize| {
        // One of them is the length.
        let lines: String = (1..count)
            .map(|index| format!("x-{index}: v\r\n"))
            .collect();
        response("202 Accepted", &lines, ACCEPTED)
    };
    let of_bytes = |count: usize| {
        let head = |value: &str| response("202 Accepted", &format!("x-long: {value}\r\n"), "");
        // The length has two digits.
        let value = "x".repeat(count - head("").len() - 1);
        response("202 Accepted", &format!("x-long: {value}\r\n"), ACCEPTED)
    };
    assert_eq!(of_bytes(1_000).len(), 1_000 + ACCEPTED.len());
    for transport in adapters() {
        let send = |bytes: Vec<u8>| {
            let server = Server::new(vec![Reply::Last(bytes)]);
            transport.send(submit(&server.url(), document("%PDF")), Limits::default())
        };
        for bytes in [
            with_headers(MAX_RESPONSE_HEADERS),
            of_bytes(MAX_RESPONSE_HEAD_BYTES),
        ] {
            let response = send(bytes).unwrap();
            assert_eq!(
                (response.status().as_u16(), &response.body()[..]),
                (202, ACCEPTED.as_bytes())
            );
        }
        // A buffer that grows may hold twice the limit.
        for bytes in [
            with_headers(MAX_RESPONSE_HEADERS + 1),
            of_bytes(2 * MAX_RESPONSE_HEAD_BYTES + 1),
        ] {
            let failure = assert_kind(send(bytes), FailureKind::Interrupted);
            assert!(failure.to_string().contains("head"), "{failure}");
        }
    }
}

#[test]
fn p26_a_byte_at_a_time_is_cut_off_at_the_total_limit() {
    for transport in adapters() {
        let whole = response("200 OK", "", &"x".repeat(500));
        let server = Server::new(vec![Reply::Trickle(whole, Duration::from_millis(2))]);
        assert_cut_off(|factor| {
            let mut limits = Limits::default();
            limits.total = Duration::from_millis(15) * factor;
            // Each byte comes well within the idle limit.
            limits.idle = Duration::from_millis(50) * factor;
            let began = Instant::now();
            let result = transport.send(poll(&server.url()), limits);
            let took = began.elapsed();
            assert!(took < limits.total + Duration::from_millis(485), "{took:?}");
            result
        });
    }
}

/// A gigabyte of zeros that counts what is read of it.
struct Counted(Arc<AtomicU64>);

impl DocumentSource for Counted {
    fn len(&self) -> u64 {
        1 << 30
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(CountedReader(self.0.clone())))
    }
}

struct CountedReader(Arc<AtomicU64>);

impl Read for CountedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(0);
        self.0.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        Ok(buffer.len())
    }
}

#[test]
fn x06_a_gigabyte_is_read_no_faster_than_it_is_sent() {
    for transport in adapters() {
        let read = Arc::new(AtomicU64::new(0));
        let huge = Document::from_source("a.pdf", "t", Counted(read.clone())).unwrap();
        let server = Server::new(vec![Reply::CloseAfter(1_000_000)]);
        assert_kind(
            transport.send(submit(&server.url(), huge), Limits::default()),
            FailureKind::Interrupted,
        );
        // What the sockets of both sides buffer, and a few blocks.
        assert!(
            read.load(Ordering::Relaxed) < 64 * 1024 * 1024,
            "{} bytes were read ahead",
            read.load(Ordering::Relaxed)
        );
    }
}

#[test]
fn x07_a_file_that_changes_before_it_is_sent_is_never_a_whole_upload() {
    for transport in adapters() {
        for (before, after) in [
            (10, 9),
            (10, 11),
            (10, 0),
            (3_000_000, 2_999_999),
            (3_000_000, 3_000_001),
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&vec![b'x'; before]).unwrap();
            let source = FileSource::new(file.path()).unwrap();
            file.as_file().set_len(after).unwrap();
            let server = Server::new(vec![Reply::CloseAfter(10_000_000)]);
            let document =
                Document::from_source("invoice.pdf", "line-item-invoice", source).unwrap();
            let failure = assert_kind(
                transport.send(submit(&server.url(), document), Limits::default()),
                FailureKind::Source,
            );
            match SourceError::find_in(failure.cause()).unwrap() {
                SourceError::Shorter { declared, yielded } => {
                    assert!(
                        (*declared, *yielded) == (before as u64, after) && after < before as u64
                    );
                }
                SourceError::Longer { declared } => {
                    assert!(*declared == before as u64 && after > *declared);
                }
                other => panic!("{other:?}"),
            }
        }
        // A file that is gone.
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(10).unwrap();
        let source = FileSource::new(file.path()).unwrap();
        drop(file);
        let server = Server::new(vec![Reply::CloseAfter(0)]);
        let document = Document::from_source("invoice.pdf", "line-item-invoice", source).unwrap();
        assert_kind(
            transport.send(submit(&server.url(), document), Limits::default()),
            FailureKind::Source,
        );
    }
}
