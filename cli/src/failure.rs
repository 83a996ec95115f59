//! What goes wrong, in one sentence for people and one number for scripts.

use std::process::ExitCode;

use typless::machine::JobError;
use typless::wire::printable;

/// The exit status: 0, or the highest of what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All is well.
    Success = 0,
    /// A document failed.
    DocumentFailed = 1,
    /// The call was wrong.
    WrongCall = 2,
    /// The service could not be reached, or refused us.
    NoService = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Something that went wrong: what, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    sentences: Vec<String>,
}

impl Failure {
    /// A call that was wrong.
    pub(crate) fn wrong_call(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::WrongCall, sentences: vec![sentence.into()] }
    }

    /// Several things that are wrong with one call, a sentence each.
    pub(crate) fn wrong_calls(sentences: Vec<String>) -> Self {
        Self { exit: Exit::WrongCall, sentences }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints it to the standard error.
    pub(crate) fn tell(&self) {
        for sentence in &self.sentences {
            eprintln!("typless: {}", printable(sentence, 1000));
        }
    }
}

/// The exit status that a job's end amounts to.
pub(crate) fn exit_of(error: &JobError) -> Exit {
    match error {
        JobError::Refused { error, .. } if error.code() == Some(UNKNOWN_DOCUMENT_TYPE) => Exit::WrongCall,
        JobError::SourceFailed { .. } => Exit::WrongCall,
        JobError::Refused { .. } | JobError::Exhausted { .. } => Exit::NoService,
        _ => Exit::DocumentFailed,
    }
}

/// The emulator's code for a document type it does not know; the service's own is not documented.
const UNKNOWN_DOCUMENT_TYPE: &str = "document_type_not_found";

/// What to do about a job's end.
pub(crate) fn advice(error: &JobError) -> &'static str {
    match error {
        JobError::Failed { .. } => "mend the document and submit it again",
        JobError::Expired { .. } => "submit the document again",
        JobError::NotFound { .. } => "check the key and the base URL",
        JobError::Refused { error, .. } => match error.http_status().map(|status| status.as_u16()) {
            Some(401 | 403) => "check the key in TYPLESS_API_KEY or --api-key-file",
            Some(404) if error.code() != Some(UNKNOWN_DOCUMENT_TYPE) => "check the base URL",
            Some(413) => "make the document smaller",
            Some(300..=399) => "use the address it redirects to as --base-url",
            _ => "check the document type and the document",
        },
        JobError::TooLarge { .. } | JobError::Unreadable { .. } => "keep the ticket, and report this to the makers of typless",
        JobError::Deadline { .. } => "wait longer with --deadline; the ticket in the JSON output names the extraction",
        JobError::Exhausted { .. } => "check the base URL and the network, and call again: nothing was submitted",
        JobError::SubmitUnknown { .. } => "look at the service whether the document arrived before you submit it again: it may be billed",
        JobError::SourceFailed { .. } => "leave the file alone while it is sent, and call again: nothing was submitted",
        _ => "call again",
    }
}
