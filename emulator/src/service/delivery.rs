//! What happens to a response on its way.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};

use super::fault::{Fault, Faults};

/// What a client sees of its exchange.
///
/// Returned by [`Service::exchange`](super::Service::exchange), for a transport that plays the
/// network.
#[derive(Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// The whole response.
    Whole(Response<Bytes>),
    /// The whole response, after this delay.
    Delayed(Response<Bytes>, Duration),
    /// The head and this many bytes of the body; then the connection breaks.
    Cut(Response<Bytes>, usize),
    /// The head and this many bytes of the body, then nothing for this long; then the connection
    /// breaks.
    Stalled(Response<Bytes>, usize, Duration),
    /// No connection: no byte of the request has arrived.
    Unreachable,
    /// The connection breaks before a response.
    Lost {
        /// Whether the request was processed.
        processed: bool,
    },
}

impl Delivery {
    /// What happens in place of processing, or `None` if the request is processed; `refused` is the
    /// response of the service with this fault, if it has one.
    pub(super) fn instead(fault: Fault, refused: Option<Response<Bytes>>) -> Option<Self> {
        let page = |status, text| Some(Self::Whole(page(status, text)));
        match fault {
            Fault::BadGateway => page(StatusCode::BAD_GATEWAY, "Bad Gateway"),
            Fault::Portal => page(StatusCode::OK, "Welcome"),
            Fault::Unreachable => Some(Self::Unreachable),
            Fault::Dropped => Some(Self::Lost { processed: false }),
            _ => refused.map(Self::Whole),
        }
    }

    /// What happens to the response to a request that was processed.
    pub(super) fn after(fault: Option<Fault>, response: Response<Bytes>, options: &Faults) -> Self {
        let half = response.body().len() / 2;
        match fault {
            Some(Fault::GatewayTimeout) => {
                Self::Whole(page(StatusCode::GATEWAY_TIMEOUT, "Gateway Timeout"))
            }
            Some(Fault::ResponseLost) => Self::Lost { processed: true },
            Some(Fault::ResponseCut) => Self::Cut(response, half),
            Some(Fault::ResponseStalled) => Self::Stalled(response, half, options.stall),
            Some(Fault::ResponseDelayed) => Self::Delayed(response, options.delay),
            Some(Fault::ResponseHalved) => Self::Whole(response.map(|body| body.slice(..half))),
            Some(Fault::ResponseDoubled) => {
                Self::Whole(response.map(|body| [&*body, &*body].concat().into()))
            }
            _ => Self::Whole(response),
        }
    }

    /// The response, or that of a gateway that got none: 502 if the request was not processed, 504
    /// if it was.
    pub fn into_response(self) -> Response<Bytes> {
        match self {
            Self::Whole(response) | Self::Delayed(response, _) => response,
            Self::Unreachable | Self::Lost { processed: false } => {
                page(StatusCode::BAD_GATEWAY, "Bad Gateway")
            }
            Self::Cut(..) | Self::Stalled(..) | Self::Lost { processed: true } => {
                page(StatusCode::GATEWAY_TIMEOUT, "Gateway Timeout")
            }
        }
    }
}

/// An error page of a gateway.
fn page(status: StatusCode, title: &str) -> Response<Bytes> {
    let html = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n\
         <body><center><h1>{title}</h1></center></body>\r\n</html>\r\n"
    );
    let mut response = Response::new(html.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
