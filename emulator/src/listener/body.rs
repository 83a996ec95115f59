//! The body of a request, read up to a limit.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

/// The longest time without a byte of a body.
const MAX_IDLE: Duration = Duration::from_mins(1);

/// The most memory that is allocated before the first byte of a body has arrived.
const MAX_INITIAL_CAPACITY: usize = 1024 * 1024;

/// How long, and up to how many bytes, the rest of a refused body is read and discarded.
const MAX_DRAIN_TIME: Duration = Duration::from_secs(5);
const MAX_DRAIN_BYTES: usize = 512 * 1024 * 1024;

/// Why there is no whole body.
pub(super) enum Incomplete {
    /// It is longer than the limit, or its `content-length` is.
    TooLarge,
    /// No byte arrived for too long.
    Stalled,
    /// The connection broke, or the framing of the body is wrong.
    Broken,
}

/// Reads a body into one buffer.
///
/// A body whose `content-length` is too large is refused before its first byte is read, any other
/// once it exceeds the limit.
pub(super) async fn read(mut incoming: Incoming, limit: usize) -> Result<Bytes, Incomplete> {
    let declared = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        drain(incoming);
        return Err(Incomplete::TooLarge);
    }
    // A client may declare much and send nothing.
    let mut body = Vec::with_capacity(declared.min(MAX_INITIAL_CAPACITY));
    loop {
        let frame = match timeout(MAX_IDLE, incoming.frame()).await {
            Err(_) => return Err(Incomplete::Stalled),
            Ok(None) => return Ok(body.into()),
            Ok(Some(Err(_))) => return Err(Incomplete::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers have no meaning here.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.len() > limit - body.len() {
            drain(incoming);
            return Err(Incomplete::TooLarge);
        }
        body.extend_from_slice(&data);
    }
}

/// Goes on reading while the refusal is sent.
///
/// Most clients send their whole body before they read the response. If the connection were closed
/// before that, the system would reset it, and the client would see a broken connection in place of
/// the refusal.
fn drain(mut incoming: Incoming) {
    tokio::spawn(timeout(MAX_DRAIN_TIME, async move {
        let mut left = MAX_DRAIN_BYTES;
        while let Some(Ok(frame)) = incoming.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}
