//! What goes wrong with a call, in sentences for people.

use typless::wire::printable;

use crate::exit::Exit;
use crate::output::say;

/// What to do about a key that was refused.
pub(crate) const CHECK_KEY: &str = "check the key in TYPLESS_API_KEY or --api-key-file";

/// Something that went wrong: what, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    sentences: Vec<String>,
}

impl Failure {
    /// A call that was wrong.
    pub(crate) fn wrong_call(sentence: impl Into<String>) -> Self {
        Self {
            exit: Exit::WrongCall,
            sentences: vec![sentence.into()],
        }
    }

    /// Several things that are wrong with one call, a sentence each.
    pub(crate) fn wrong_calls(sentences: Vec<String>) -> Self {
        Self {
            exit: Exit::WrongCall,
            sentences,
        }
    }

    /// A service that could not be reached, or refused us.
    pub(crate) fn no_service(sentence: String) -> Self {
        Self {
            exit: Exit::NoService,
            sentences: vec![sentence],
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints it to the standard error.
    pub(crate) fn tell(&self) {
        for sentence in &self.sentences {
            say(&printable(sentence, 1000));
        }
    }
}
