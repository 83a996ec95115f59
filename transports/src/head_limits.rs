//! The limits on the head of a response.

/// The most headers of a response, over HTTP/1.1.
///
/// See the [limits](crate#limits).
pub const MAX_RESPONSE_HEADERS: usize = 128;

/// The most bytes of the head of a response: the status line and the headers.
///
/// See the [limits](crate#limits).
pub const MAX_RESPONSE_HEAD_BYTES: usize = 64 * 1024;
