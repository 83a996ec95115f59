//! What an error of hyper means for the request.

use std::error::Error;
use std::fmt;

use hyper_util::client::legacy;
use typless::machine::{Failure, FailureKind};

/// The failure an error amounts to; `connected` is whether the request was given to a connection.
pub(super) fn of(error: legacy::Error, connected: bool) -> Failure {
    let not_sent = !connected || error.is_connect() || causes(&error).any(says_not_processed);
    let kind = if not_sent {
        FailureKind::NotSent
    } else {
        FailureKind::Interrupted
    };
    Failure::new(kind, Told(error))
}

/// Whether an error says that no byte of the request was written, or that the server will not process it.
fn says_not_processed(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<::hyper::Error>() {
        // The connection closed while the request was still in its queue: hyper hands it back whole. (What hyper-util does on this, if so set, is to take another connection. That repeats nothing.)
        return error.is_canceled();
    }
    // RFC 9113: a stream refused by the server (section 8.7), or above the last one it names as it goes away (section 6.8), was not processed. The streams below that go on, and
    // h2 gives them no such error.
    error.downcast_ref::<h2::Error>().is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        (*error).source()
    })
}

/// An error of hyper with all its causes in one sentence: alone it says only at which stage it came.
#[derive(Debug)]
pub(super) struct Told<E>(pub(super) E);

impl<E: Error + 'static> fmt::Display for Told<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in causes(&self.0).enumerate() {
            let separator = if index == 0 { "" } else { ": " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl<E: Error + 'static> Error for Told<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
