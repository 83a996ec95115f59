//! The bound on what a server may make us keep.

use typless::machine::{Failure, FailureKind};

/// A response of more bytes than the limit.
pub(crate) fn too_large(limit: u64) -> Failure {
    Failure::new(FailureKind::TooLarge, format!("more than {limit} bytes"))
}

/// How much to make ready for a body of which this many bytes are declared: that is only a hint, and a server should not make us allocate what it never sends.
pub(crate) fn capacity(declared: u64) -> usize {
    const LARGEST_HINT: u64 = 1024 * 1024;
    usize::try_from(declared.min(LARGEST_HINT)).unwrap_or(0)
}
