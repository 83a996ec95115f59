//! What an error of hyper means for the request.

use std::error::Error;
use std::fmt;
use std::io;

use hyper_util::client::legacy;
use typless::machine::{Failure, FailureKind};

/// The failure for an error. `connected` is whether the request was given to a connection.
pub(super) fn from_hyper(error: legacy::Error, connected: bool) -> Failure {
    let not_sent = !connected || error.is_connect() || causes(&error).any(is_unprocessed);
    let kind = if not_sent {
        FailureKind::NotSent
    } else {
        FailureKind::Interrupted
    };
    Failure::new(kind, ErrorChain(error))
}

/// Whether the error proves that no byte was written, or that the server did not process the
/// request.
fn is_unprocessed(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<::hyper::Error>() {
        // The connection closed while the request was still in the queue of hyper, which returns it
        // whole. hyper-util may be configured to use another connection then, which repeats
        // nothing.
        return error.is_canceled();
    }
    // RFC 9113: the server did not process a stream that it refused (section 8.7), or a stream
    // above the last one in its GOAWAY (section 6.8). Streams below that continue, without such an
    // error.
    error.downcast_ref::<h2::Error>().is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    })
}

/// Whether an error is the end of the connection, without an announcement or by a reset.
pub(super) fn is_end_of_connection(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
            )
        })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        (*error).source()
    })
}

/// An error of hyper, displayed with all its causes. Alone, it shows only the stage that failed.
#[derive(Debug)]
pub(super) struct ErrorChain<E>(pub(super) E);

impl<E: Error + 'static> fmt::Display for ErrorChain<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in causes(&self.0).enumerate() {
            let separator = if index == 0 { "" } else { ": " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl<E: Error + 'static> Error for ErrorChain<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
