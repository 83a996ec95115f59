//! An HTTP/2 server without TLS that reads each whole request and responds to it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Counter, listen};
use crate::runtime::Runtime;

/// An HTTP/2 server without TLS that reads each whole request, records it and responds to it.
pub(crate) struct Http2Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropping it ends the server.
    _end: oneshot::Sender<()>,
}

struct Shared {
    received: Mutex<Vec<Request<Vec<u8>>>>,
    /// The number of streams that have ended, with or without an error.
    ended: Counter,
    respond: Box<Respond>,
}

type Respond = dyn Fn(&Request<Vec<u8>>) -> Http2Response + Send + Sync;

/// A response: a status, headers of 1000 bytes each, and a body that is repeated `times` times.
pub(crate) struct Http2Response {
    pub(crate) status: u16,
    pub(crate) headers: u16,
    pub(crate) body: Bytes,
    pub(crate) times: usize,
}

impl Http2Server {
    pub(crate) fn new(
        runtime: &Runtime,
        respond: impl Fn(&Request<Vec<u8>>) -> Http2Response + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = listen(runtime, 128)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            ended: Counter::default(),
            respond: Box::new(respond),
        });
        let (end, ended) = oneshot::channel();
        let theirs = shared.clone();
        runtime.spawn(async move {
            tokio::select! {
                _ = accept(listener, theirs) => {}
                _ = ended => {}
            }
        });
        Ok(Self {
            address,
            shared,
            _end: end,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The whole requests that were received so far.
    pub(crate) fn received(&self) -> Vec<Request<Vec<u8>>> {
        self.shared
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The number of streams that have ended, with or without an error.
    pub(crate) fn ended(&self) -> &Counter {
        &self.shared.ended
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // An error means that the client has closed the connection.
        drop(tokio::spawn(serve(stream, shared.clone())));
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> Result<(), h2::Error> {
    let mut connection = h2::server::Builder::new()
        .initial_window_size(1 << 20)
        .handshake(stream)
        .await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let shared = shared.clone();
        tokio::spawn(async move {
            let _ = exchange(request, respond, &shared).await;
            shared.ended.add(1);
        });
    }
    Ok(())
}

async fn exchange(
    request: Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    shared: &Shared,
) -> Result<(), h2::Error> {
    let (parts, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = incoming.data().await {
        let chunk = chunk?;
        body.extend_from_slice(&chunk);
        incoming.flow_control().release_capacity(chunk.len())?;
    }
    let request = Request::from_parts(parts, body);
    let wanted = (shared.respond)(&request);
    shared
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(wanted.status).unwrap_or_default();
    for index in 0..wanted.headers {
        let name = http::HeaderName::try_from(format!("x-{index}"));
        let value = http::HeaderValue::try_from("x".repeat(1000));
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    let mut outgoing = respond.send_response(response, false)?;
    for _ in 0..wanted.times {
        send(&mut outgoing, wanted.body.clone()).await?;
    }
    outgoing.send_data(Bytes::new(), true)
}

/// Sends the bytes as the flow control of the client allows.
async fn send(outgoing: &mut h2::SendStream<Bytes>, mut bytes: Bytes) -> Result<(), h2::Error> {
    while !bytes.is_empty() {
        outgoing.reserve_capacity(bytes.len());
        match std::future::poll_fn(|context| outgoing.poll_capacity(context)).await {
            Some(capacity) => {
                outgoing.send_data(bytes.split_to(capacity?.min(bytes.len())), false)?;
            }
            None => return Ok(()),
        }
    }
    Ok(())
}
