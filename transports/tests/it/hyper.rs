//! What only the hyper transport does.

use std::future::poll_fn;
use std::io::{self, Read};
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use http_body::Body as _;
use hyper_util::client::legacy::connect::HttpConnector;
use typless::drive::AsyncTransport;
use typless::machine::{FailureKind, JobOptions, Limits};
use typless::wire::{Document, DocumentSource, SourceError};
use typless_transports::MAX_RESPONSE_HEAD_BYTES;
use typless_transports::hyper::{Hyper, RequestBody, client_builder};

use crate::support::{
    ACCEPTED, Reply, Server, api, assert_kind, document, hyper, panicking_document, poll, response,
    submit,
};

#[tokio::test]
async fn extract_submits_and_returns_the_result() {
    let result = r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"#;
    let server = Server::new(vec![
        Reply::Bytes(response("202 Accepted", "", ACCEPTED)),
        Reply::Bytes(response("200 OK", "", result)),
    ]);
    // The last poll is sent at the deadline, with every policy.
    let options = JobOptions::new().with_deadline(Duration::from_millis(5));
    let extraction = hyper()
        .extract_with(&api(&server.url()), document("%PDF"), options)
        .await
        .unwrap();
    assert_eq!(extraction.object_id(), Some("1"));
}

#[test]
fn without_a_runtime_the_failure_names_the_reason() {
    let failure = assert_kind(
        smol::block_on(hyper().send(poll("http://127.0.0.1:9"), Limits::default())),
        FailureKind::NotSent,
    );
    assert!(
        failure.to_string().contains("no tokio runtime"),
        "{failure}"
    );
}

/// A source that yields its bytes once the gate is open, and records when its reader is dropped.
struct Gated {
    len: u64,
    gate: Arc<(Mutex<bool>, Condvar)>,
    dropped: Arc<AtomicBool>,
}

struct GatedReader {
    gate: Arc<(Mutex<bool>, Condvar)>,
    dropped: Arc<AtomicBool>,
}

impl DocumentSource for Gated {
    fn len(&self) -> u64 {
        self.len
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(
            GatedReader {
                gate: self.gate.clone(),
                dropped: self.dropped.clone(),
            }
            .take(self.len),
        ))
    }
}

impl Read for GatedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (open, opened) = &*self.gate;
        drop(
            opened
                .wait_while(open.lock().unwrap(), |open| !*open)
                .unwrap(),
        );
        buffer.fill(b'x');
        Ok(buffer.len())
    }
}

impl Drop for GatedReader {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_source_that_blocks_does_not_block_the_runtime() {
    for len in [1_000, 3_000_000] {
        let gate: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let server = Server::new(vec![Reply::Bytes(response("202 Accepted", "", ACCEPTED))]);
        let source = Gated {
            len,
            gate: gate.clone(),
            dropped: Arc::default(),
        };
        let request = submit(
            &server.url(),
            Document::from_source("a.pdf", "t", source).unwrap(),
        );
        let (transport, other) = (hyper(), async {
            // On the thread that would be blocked.
            tokio::task::yield_now().await;
            *gate.0.lock().unwrap() = true;
            gate.1.notify_all();
        });
        let (response, ()) = tokio::join!(transport.send(request, Limits::default()), other);
        assert_eq!(response.unwrap().status(), 202);
        let expected =
            Document::new("a.pdf", "t", vec![b'x'; usize::try_from(len).unwrap()]).unwrap();
        assert!(
            server.received().body == submit(&server.url(), expected).body().to_bytes().unwrap()
        );
    }
}

#[tokio::test]
async fn a_dropped_exchange_stops_reading_its_source() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let dropped: Arc<AtomicBool> = Arc::default();
    let source = Gated {
        len: 1 << 30,
        gate: Arc::new((Mutex::new(true), Condvar::new())),
        dropped: dropped.clone(),
    };
    let request = submit(&url, Document::from_source("a.pdf", "t", source).unwrap());
    let exchange = tokio::spawn(async move { hyper().send(request, Limits::default()).await });
    // The server reads nothing: the upload stops when the buffers of the system are full.
    let _connection = tokio::task::spawn_blocking(move || listener.accept().unwrap())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(!exchange.is_finished());
    exchange.abort();
    let began = Instant::now();
    while !dropped.load(Ordering::SeqCst) {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the source is still open"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_source_that_panics_is_a_source_failure() {
    let server = Server::new(vec![Reply::CloseAfter(0)]);
    let request = submit(&server.url(), panicking_document());
    let failure = assert_kind(
        hyper().send(request, Limits::default()).await,
        FailureKind::Source,
    );
    assert!(
        SourceError::find_in(failure.cause()).is_some()
            && !format!("{failure:?}").contains("secret"),
        "{failure:?}"
    );
    // The server still waits for a connection.
    drop(std::net::TcpStream::connect(server.address));
}

/// Responds to one request over HTTP/2, with a head of this many bytes as HTTP/2 counts them.
async fn serve_head_over_http2(listener: tokio::net::TcpListener, bytes: usize) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (_, mut respond) = connection.accept().await.unwrap().unwrap();
    // Each field counts its name, its value and 32 (RFC 9113).
    let value = "x".repeat(bytes - (":status".len() + "200".len() + 32) - ("x-long".len() + 32));
    let response = http::Response::builder().header("x-long", value).body(());
    respond.send_response(response.unwrap(), true).unwrap();
    // Until the client closes the connection.
    while let Some(Ok(_)) = connection.accept().await {}
}

#[tokio::test]
async fn a_head_over_http2_has_the_same_limit() {
    for (bytes, is_read) in [
        (MAX_RESPONSE_HEAD_BYTES, true),
        (MAX_RESPONSE_HEAD_BYTES + 1, false),
        (20 * MAX_RESPONSE_HEAD_BYTES, false),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(serve_head_over_http2(listener, bytes));
        let mut client = client_builder();
        let client = client.http2_only(true).build(HttpConnector::new());
        let result = Hyper::from(client)
            .send(poll(&url), Limits::default())
            .await;
        if is_read {
            assert_eq!(result.unwrap().status(), 200);
        } else {
            assert_kind(result, FailureKind::Interrupted);
        }
        server.abort();
    }
}

#[test]
fn a_request_body_is_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<RequestBody>();
}

#[test]
fn a_body_in_memory_needs_no_thread_and_no_runtime() {
    for size in [1, 100_000, 3_000_000] {
        let body = submit("http://127.0.0.1:9", document(vec![7; size])).into_body();
        let mut sent = Vec::new();
        let mut frames = RequestBody::from(body.clone());
        assert_eq!(frames.size_hint().exact(), Some(body.len()));
        smol::block_on(async {
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut frames).poll_frame(cx)).await {
                let data = frame.unwrap().into_data().unwrap();
                assert!(data.len() <= 256 * 1024);
                sent.extend_from_slice(&data);
            }
        });
        assert!(frames.is_end_stream() && sent == body.to_bytes().unwrap());
    }
}
