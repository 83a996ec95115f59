//! Errors that end a command, as sentences for people.

use typless::wire::printable;

use crate::exit::Exit;
use crate::output::eprint_message;

/// What to do about an API key that was refused.
pub(crate) const CHECK_KEY: &str = "check the key in TYPLESS_API_KEY or --api-key-file";

/// An error that ends a command: what went wrong, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    sentences: Vec<String>,
}

impl Failure {
    /// Invalid usage.
    pub(crate) fn invalid_usage(sentence: impl Into<String>) -> Self {
        Self {
            exit: Exit::InvalidUsage,
            sentences: vec![sentence.into()],
        }
    }

    /// Invalid usage with several problems, a sentence each.
    pub(crate) fn invalid_usages(sentences: Vec<String>) -> Self {
        Self {
            exit: Exit::InvalidUsage,
            sentences,
        }
    }

    /// The service could not be reached, or refused the request.
    pub(crate) fn service_unavailable(sentence: String) -> Self {
        Self {
            exit: Exit::ServiceUnavailable,
            sentences: vec![sentence],
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints it to standard error.
    pub(crate) fn print(&self) {
        for sentence in &self.sentences {
            eprint_message(&printable(sentence, 1000));
        }
    }
}
