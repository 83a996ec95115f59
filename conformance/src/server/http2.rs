//! An HTTP/2 server without TLS that reads each request whole and answers it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Tally, listen};
use crate::runtime::Runtime;

/// An HTTP/2 server without TLS that reads each request whole, remembers it and answers it.
pub(crate) struct Http2Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropping it ends the server.
    _end: oneshot::Sender<()>,
}

struct Shared {
    seen: Mutex<Vec<Request<Vec<u8>>>>,
    /// Streams that have ended, whole or not.
    ended: Tally,
    answer: Box<Answering>,
}

type Answering = dyn Fn(&Request<Vec<u8>>) -> Http2Answer + Send + Sync;

/// What to answer: a status, and a body that is repeated.
pub(crate) struct Http2Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) times: usize,
}

impl Http2Server {
    pub(crate) fn new(
        runtime: &Runtime,
        answer: impl Fn(&Request<Vec<u8>>) -> Http2Answer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = listen(runtime, 128)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            ended: Tally::default(),
            answer: Box::new(answer),
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

    /// The requests that were read whole so far.
    pub(crate) fn seen(&self) -> Vec<Request<Vec<u8>>> {
        self.shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Streams that have ended, whole or not.
    pub(crate) fn ended(&self) -> &Tally {
        &self.shared.ended
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A client that goes away is no fault of the server's.
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
    let answer = (shared.answer)(&request);
    shared
        .seen
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
    let mut outgoing = respond.send_response(response, false)?;
    for _ in 0..answer.times {
        send(&mut outgoing, answer.body.clone()).await?;
    }
    outgoing.send_data(Bytes::new(), true)
}

/// Sends what there is room for, as room is given.
async fn send(outgoing: &mut h2::SendStream<Bytes>, mut bytes: Bytes) -> Result<(), h2::Error> {
    while !bytes.is_empty() {
        outgoing.reserve_capacity(bytes.len());
        match std::future::poll_fn(|context| outgoing.poll_capacity(context)).await {
            Some(capacity) => {
                outgoing.send_data(bytes.split_to(capacity?.min(bytes.len())), false)?
            }
            None => return Ok(()),
        }
    }
    Ok(())
}
