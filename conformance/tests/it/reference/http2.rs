//! The reference over HTTP/2 without TLS: a connection for each exchange.

use std::future::poll_fn;
use std::io;
use std::sync::PoisonError;

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use tokio::net::TcpStream;
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::Body;

use super::{Fault, Outcome, Reference, not_sent};

/// One exchange, on its own runtime.
pub(super) fn exchange(reference: &Reference, request: &Request<Body>, limits: Limits) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(not_sent)?;
    let outcome = runtime.block_on(async {
        match tokio::time::timeout(limits.total, perform(reference, request, limits)).await {
            Ok(outcome) => outcome,
            Err(error) => Err(Failure::new(FailureKind::Interrupted, error)),
        }
    });
    outcome.map(|response| {
        if !reference.has(Fault::Http2MixesResponses) {
            return response;
        }
        let mut first = reference
            .first_response
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let body = first.get_or_insert_with(|| response.body().clone()).clone();
        response.map(|_| body)
    })
}

async fn perform(reference: &Reference, request: &Request<Body>, limits: Limits) -> Outcome {
    let stream = TcpStream::connect(request.uri().authority().unwrap().as_str())
        .await
        .map_err(not_sent)?;
    let (mut client, connection) = h2::client::Builder::new()
        .max_header_list_size(64 * 1024)
        .handshake::<_, Bytes>(stream)
        .await
        .map_err(not_sent)?;
    let connection = tokio::spawn(connection);
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    if reference.has(Fault::Http2ForgetsLength) {
        head.headers_mut().remove("content-length");
    }
    if reference.has(Fault::Http2ExposesKey) {
        head.headers_mut()
            .get_mut("authorization")
            .unwrap()
            .set_sensitive(false);
    }
    let (response, mut outgoing) = client
        .send_request(head, request.body().is_empty())
        .map_err(not_sent)?;
    // Dropped, so that the connection ends after this exchange.
    drop(client);
    match upload(reference, request.body(), &mut outgoing).await {
        Err(Upload::Source(error)) => {
            outgoing.send_reset(Reason::CANCEL);
            // The reset must be sent before the runtime ends.
            drop((response, outgoing));
            let _ = connection.await;
            return Err(Failure::new(FailureKind::Source, error));
        }
        Err(Upload::Stopped) if reference.has(Fault::Http2FailsEarlyResponses) => {
            return Err(Failure::new(
                FailureKind::Interrupted,
                "the stream was reset",
            ));
        }
        // There may still be a response.
        Err(Upload::Stopped) | Ok(()) => {}
    }
    let response = match response.await {
        Ok(response) => response,
        Err(error) => {
            let is_refused = error.is_reset() && error.is_remote();
            // Only an error of the connection ends it.
            let is_http2 = error.is_reset() || error.is_go_away();
            if is_http2 && !error.is_remote() {
                // The client refuses the response.
                let wrong = Fault::Http2CallsLargeHeadNotSent;
                let kind = kind(reference, wrong, FailureKind::Interrupted);
                return Err(Failure::new(kind, error));
            }
            let went_away = !is_http2
                && connection
                    .await
                    .is_ok_and(|ended| ended.is_err_and(|error| error.is_go_away()));
            let failure_kind = match (is_refused, error.is_go_away(), error.reason()) {
                (true, _, Some(Reason::REFUSED_STREAM)) => kind(
                    reference,
                    Fault::Http2CallsRefusedInterrupted,
                    FailureKind::NotSent,
                ),
                (true, ..) => kind(
                    reference,
                    Fault::Http2CallsResetNotSent,
                    FailureKind::Interrupted,
                ),
                (_, true, _) => kind(
                    reference,
                    Fault::Http2CallsGoAwayInterrupted,
                    FailureKind::NotSent,
                ),
                _ if went_away => kind(
                    reference,
                    Fault::Http2CallsGoAwayNotSent,
                    FailureKind::Interrupted,
                ),
                _ => kind(
                    reference,
                    Fault::Http2CallsClosedNotSent,
                    FailureKind::Interrupted,
                ),
            };
            return Err(Failure::new(failure_kind, error));
        }
    };
    let (parts, incoming) = response.into_parts();
    Ok(Response::from_parts(
        parts,
        collect(reference, incoming, limits).await?,
    ))
}

/// The right kind, or the wrong one if the reference has this fault.
fn kind(reference: &Reference, wrong: Fault, kind: FailureKind) -> FailureKind {
    match (reference.has(wrong), kind) {
        (true, FailureKind::NotSent) => FailureKind::Interrupted,
        (true, _) => FailureKind::NotSent,
        (false, kind) => kind,
    }
}

enum Upload {
    Source(io::Error),
    /// The server does not read the rest.
    Stopped,
}

async fn upload(
    reference: &Reference,
    body: &Body,
    outgoing: &mut SendStream<Bytes>,
) -> Result<(), Upload> {
    if body.is_empty() {
        return Ok(());
    }
    for chunk in body.chunks().map_err(Upload::Source)? {
        let mut chunk = match chunk {
            Err(_) if reference.has(Fault::Http2EndsFailedSources) => break,
            chunk => chunk.map_err(Upload::Source)?,
        };
        while !chunk.is_empty() {
            outgoing.reserve_capacity(chunk.len());
            let Some(Ok(capacity)) = poll_fn(|context| outgoing.poll_capacity(context)).await
            else {
                return Err(Upload::Stopped);
            };
            let part = chunk.split_to(capacity.min(chunk.len()));
            outgoing
                .send_data(part, false)
                .map_err(|_| Upload::Stopped)?;
        }
    }
    outgoing
        .send_data(Bytes::new(), true)
        .map_err(|_| Upload::Stopped)
}

async fn collect(
    reference: &Reference,
    mut incoming: RecvStream,
    limits: Limits,
) -> Result<Bytes, Failure> {
    let mut body = BytesMut::new();
    while let Some(chunk) = incoming.data().await {
        let chunk = chunk.map_err(|error| {
            let is_wrong = reference.has(Fault::Http2CallsResetBodyNotSent)
                && error.reason() == Some(Reason::REFUSED_STREAM);
            Failure::new(
                if is_wrong {
                    FailureKind::NotSent
                } else {
                    FailureKind::Interrupted
                },
                error,
            )
        })?;
        let _ = incoming.flow_control().release_capacity(chunk.len());
        body.extend_from_slice(&chunk);
        if body.len() as u64 > limits.response_bytes && !reference.has(Fault::Http2IgnoresLimit) {
            return Err(Failure::new(FailureKind::TooLarge, "too many bytes"));
        }
    }
    Ok(body.freeze())
}
