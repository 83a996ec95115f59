//! A receiver of webhook messages.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use typless::wire::{Notification, Webhook};

const PATH: &str = "/typless";

/// Receives webhook messages on its own thread until it is dropped.
#[derive(Debug)]
pub(super) struct Receiver {
    runtime: Runtime,
    socket: std::net::TcpListener,
    address: SocketAddr,
}

impl Receiver {
    pub(super) fn new() -> Result<Self, Box<dyn Error>> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .thread_name("webhooks")
            .build()?;
        let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok(Self {
            runtime,
            socket,
            address,
        })
    }

    /// The URL for webhooks.
    pub(super) fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Passes each message to `take`, including those that arrived before.
    pub(super) fn receive(
        &self,
        take: impl Fn(Notification) + Send + Sync + 'static,
    ) -> Result<(), Box<dyn Error>> {
        let listener = {
            let _inside = self.runtime.enter();
            TcpListener::from_std(self.socket.try_clone()?)?
        };
        let (webhook, take) = (Arc::new(Webhook::new(PATH)?), Arc::new(take));
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (webhook, take) = (webhook.clone(), take.clone());
                let service =
                    service_fn(move |request| response(request, webhook.clone(), take.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(())
    }
}

async fn response(
    request: Request<Incoming>,
    webhook: Arc<Webhook>,
    take: Arc<impl Fn(Notification)>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        let mut refusal = Response::default();
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(refusal);
    };
    let (response, notification) = webhook.receive(&Request::from_parts(head, body.to_bytes()));
    notification
        .into_iter()
        .for_each(|notification| take(notification));
    Ok(response.map(Full::new))
}
