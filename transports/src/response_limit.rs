//! The limit on the bytes of a response.

use typless::machine::{Failure, FailureKind};

/// The failure for a response of more bytes than the limit.
pub(crate) fn too_large(limit: u64) -> Failure {
    Failure::new(FailureKind::TooLarge, format!("more than {limit} bytes"))
}

/// How many bytes to allocate for a body that declares this length.
///
/// A declared length is only a hint: a server cannot make the client allocate more than 1 MiB for
/// bytes that it never sends.
pub(crate) fn capacity(declared: u64) -> usize {
    const MAX_CAPACITY: u64 = 1024 * 1024;
    usize::try_from(declared.min(MAX_CAPACITY)).unwrap_or(0)
}
