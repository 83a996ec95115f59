//! What all calls have in common.

use bytes::Bytes;

use super::{Api, Body, ResponseError};

/// A call to the service: a request that can be made of it, and the reader of its answer.
///
/// Implemented by [`SubmitRequest`](super::SubmitRequest), [`StatusRequest`](super::StatusRequest), [`AwaitingRequest`](super::AwaitingRequest) and
/// [`ExtractRequest`](super::ExtractRequest); consumed by [`Call`](crate::machine::Call), which performs any of them with retries. Open: an endpoint this crate does not know can be added
/// in a few lines.
pub trait Request {
    /// What a successful answer says.
    type Response;

    /// Whether performing it twice is as good as once. A call that is billed is not repeatable: it is sent again only if it certainly was not processed.
    const REPEATABLE: bool;

    /// The HTTP request.
    fn request(&self, api: &Api) -> http::Request<Body>;

    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// The service refused, or its answer can't be read.
    fn decode(response: &http::Response<Bytes>) -> Result<Self::Response, ResponseError>;
}
