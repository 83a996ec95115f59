//! Errors of a document source, as opposed to those of the network.

use std::error::Error;
use std::fmt;
use std::io;

/// A document source could not be read, or did not have the length that it declared.
///
/// Reading a [`Body`](super::Body) returns it inside an [`io::Error`]. A transport finds it with
/// [`SourceError::find_in`] and reports
/// [`FailureKind::Source`](crate::machine::FailureKind::Source).
#[derive(Debug)]
#[non_exhaustive]
pub enum SourceError {
    /// The source could not be opened or read.
    Unreadable(io::Error),
    /// The source ended early: it is shorter than declared.
    Shorter {
        /// The declared length, in bytes.
        declared: u64,
        /// The number of bytes it yielded.
        yielded: u64,
    },
    /// The source did not end: it is longer than declared.
    Longer {
        /// The declared length, in bytes.
        declared: u64,
    },
}

impl SourceError {
    /// Finds the source error inside another error, at any depth; `None` if there is none.
    pub fn find_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            // The source of an `io::Error` is the source of its inner error, not the inner error
            // itself.
            let inside = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref);
            next = match inside {
                Some(inside) => Some(inside as &(dyn Error + 'static)),
                None => error.source(),
            };
        }
        None
    }

    pub(super) fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Unreadable(error) => error.kind(),
            Self::Shorter { .. } => io::ErrorKind::UnexpectedEof,
            Self::Longer { .. } => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self)
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "the document could not be read: {error}"),
            Self::Shorter { declared, yielded } => {
                write!(
                    f,
                    "the document changed while it was sent: \
                     it had {declared} bytes and ended after {yielded}"
                )
            }
            Self::Longer { declared } => write!(
                f,
                "the document changed while it was sent: it had {declared} bytes and has grown"
            ),
        }
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable(error) => Some(error),
            Self::Shorter { .. } | Self::Longer { .. } => None,
        }
    }
}
