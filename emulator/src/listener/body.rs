//! The body of a request, read up to a limit.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

/// The longest time without a byte of a body.
const IDLE: Duration = Duration::from_mins(1);

/// The most memory that is set aside before a byte of the body is there.
const AT_FIRST: usize = 1024 * 1024;

/// How long, and up to how many bytes, what is left of a refused body is read and thrown away.
const DRAIN_TIME: Duration = Duration::from_secs(5);
const DRAIN_BYTES: usize = 512 * 1024 * 1024;

/// Why there is no whole body.
pub(super) enum Incomplete {
    /// It is longer than the limit, or says that it will be.
    TooLarge,
    /// It stopped coming.
    Stalled,
    /// The connection broke off, or the body is not framed as HTTP wants it.
    Broken,
}

/// Reads a body into one buffer.
///
/// A body that says it is too long is refused before its first byte is read, any other once it has become too long.
pub(super) async fn read(mut incoming: Incoming, limit: usize) -> Result<Bytes, Incomplete> {
    let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        drain(incoming);
        return Err(Incomplete::TooLarge);
    }
    // A client may announce much and send nothing.
    let mut body = Vec::with_capacity(announced.min(AT_FIRST));
    loop {
        let frame = match timeout(IDLE, incoming.frame()).await {
            Err(_) => return Err(Incomplete::Stalled),
            Ok(None) => return Ok(body.into()),
            Ok(Some(Err(_))) => return Err(Incomplete::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers say nothing to us.
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
/// Most clients send all of their body before they poll for an answer. If the connection were closed before that, the system would reset it, and
/// the client would see a broken connection in place of the refusal.
fn drain(mut incoming: Incoming) {
    tokio::spawn(timeout(DRAIN_TIME, async move {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = incoming.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    }));
}
