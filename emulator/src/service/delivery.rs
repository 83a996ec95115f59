//! What becomes of an answer on its way.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};

use super::fault::{Fault, Faults};

/// What a client gets to see of its exchange.
///
/// Made by [`Service::exchange`](super::Service::exchange); consumed by whoever plays the network.
#[derive(Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// The whole response.
    Whole(Response<Bytes>),
    /// The whole response, so much later.
    Delayed(Response<Bytes>, Duration),
    /// The head and so many bytes of the body; then the connection breaks.
    Cut(Response<Bytes>, usize),
    /// The head and so many bytes of the body, then nothing for so long; then the connection breaks.
    Stalled(Response<Bytes>, usize, Duration),
    /// No connection: not one byte of the request has arrived.
    Unreachable,
    /// The connection breaks before an answer.
    Lost {
        /// Whether the request was processed.
        processed: bool,
    },
}

impl Delivery {
    /// The answer in place of processing, or `None` if the request is processed; `refused` is what the service says with this fault, if it says something.
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

    /// What becomes of the response to a request that was processed.
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

    /// The response, or what a gateway says that got none: 502 if the request was not taken, 504 if it was.
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

/// A page of a gateway's.
fn page(status: StatusCode, title: &str) -> Response<Bytes> {
    let html = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body>\r\n</html>\r\n"
    );
    let mut response = Response::new(html.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}
