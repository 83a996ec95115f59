//! What all calls have in common.

use bytes::Bytes;

use super::{Api, Body, ResponseError};

/// A call to the service: creates the request and decodes the response.
///
/// [`Call`](crate::machine::Call) performs any implementation with retries. Implement it to call an
/// endpoint that this crate does not cover.
pub trait Request {
    /// The decoded response.
    type Response;

    /// Whether the call can be repeated without harm.
    ///
    /// A call that is billed can't: it is sent again only if it was certainly not processed.
    const REPEATABLE: bool;

    /// The HTTP request.
    fn request(&self, api: &Api) -> http::Request<Body>;

    /// Decodes the response.
    ///
    /// # Errors
    ///
    /// The service refused the request, or the response can't be decoded.
    fn decode(response: &http::Response<Bytes>) -> Result<Self::Response, ResponseError>;
}
