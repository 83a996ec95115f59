//! What is wrong with a document source, as opposed to the network.

use std::error::Error;
use std::fmt;
use std::io;

/// A document source that could not be read, or was not as long as it declared.
///
/// Made while a [`Body`](super::Body) is read and carried inside the [`io::Error`] that the read returns. Transports ask [`SourceError::find_in`] to tell it from a fault of
/// the network, and report [`FailureKind::Source`](crate::machine::FailureKind::Source).
#[derive(Debug)]
#[non_exhaustive]
pub enum SourceError {
    /// The source could not be opened or read.
    Unreadable(io::Error),
    /// The source ended early: it is shorter than it declared.
    Shorter {
        /// The number of bytes it declared it has.
        declared: u64,
        /// The number of bytes it yielded.
        yielded: u64,
    },
    /// The source went on: it is longer than it declared.
    Longer {
        /// The number of bytes it declared it has.
        declared: u64,
    },
}

impl SourceError {
    /// The source error inside an [`io::Error`], however many others are wrapped around it; `None` if the source is not to blame.
    pub fn of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            // An io::Error names as its source that of the error inside it, not the error itself.
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
                    "the document changed while it was sent: it had {declared} bytes and ended after {yielded}"
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
