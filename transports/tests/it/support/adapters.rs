//! The adapters, all as blocking transports, so that one test covers each of them.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::BlockingTransport;
use typless::machine::{Failure, Limits};
use typless::wire::Body;

/// A new adapter of each kind, without idle connections.
pub(crate) fn adapters() -> Vec<Adapter> {
    vec![
        #[cfg(feature = "ureq")]
        Adapter {
            name: "ureq",
            transport: Box::new(typless_transports::ureq::Ureq::new()),
        },
        #[cfg(feature = "hyper")]
        Adapter {
            name: "hyper",
            transport: Box::new(OnTokio::new()),
        },
    ]
}

/// An adapter. Its name shows in a failed test which one it was.
pub(crate) struct Adapter {
    name: &'static str,
    transport: Box<dyn BlockingTransport>,
}

impl BlockingTransport for Adapter {
    fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        self.transport.send(request, limits)
    }
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(feature = "hyper")]
pub(crate) use on_tokio::{OnTokio, hyper};

#[cfg(feature = "hyper")]
mod on_tokio {
    use bytes::Bytes;
    use http::{Request, Response};
    use hyper_util::client::legacy::connect::HttpConnector;
    use tokio::runtime::{Builder, Runtime};
    use typless::drive::{AsyncTransport, BlockingTransport};
    use typless::machine::{Failure, Limits};
    use typless::wire::Body;
    use typless_transports::hyper::{EarlyResponses, Hyper, client_builder};

    /// The transport over a client without TLS.
    pub(crate) fn hyper() -> Hyper<EarlyResponses<HttpConnector>> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        client_builder()
            .build(EarlyResponses::new(connector))
            .into()
    }

    /// The transport with its own runtime.
    pub(crate) struct OnTokio {
        runtime: Runtime,
        transport: Hyper<EarlyResponses<HttpConnector>>,
    }

    impl OnTokio {
        pub(crate) fn new() -> Self {
            Self {
                runtime: Builder::new_multi_thread()
                    .worker_threads(1)
                    .enable_all()
                    .build()
                    .unwrap(),
                transport: hyper(),
            }
        }
    }

    impl BlockingTransport for OnTokio {
        fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
            self.runtime.block_on(self.transport.send(request, limits))
        }
    }
}
