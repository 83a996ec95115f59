//! The same client as ours, by hand: a body of its exact size, the same encoder, the same types to
//! decode into, the same timeouts. It has no error handling.

use std::time::Duration;

use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use typless::machine::Limits;
use typless::wire::{Status, StatusResponse, SubmitResponse};

use super::competitor::{BenchResult, Competitor, runtime};
use super::{KEY, Task, check};
use crate::submission::{TAIL, body_len, head};

/// How long a connection may be idle before it is closed.
const IDLE: Duration = Duration::from_secs(4);

pub(super) fn over_ureq(
    name: &'static str,
    task: &Task,
    max_in_flight: usize,
) -> BenchResult<Competitor> {
    let limits = Limits::for_body(body_len(task.document.len() as u64));
    let config = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_age(IDLE);
    let config = config
        .max_idle_connections(16)
        .max_idle_connections_per_host(16);
    let config = config
        .timeout_connect(Some(limits.connect))
        .timeout_global(Some(limits.total));
    let config = config
        .timeout_per_read(Some(limits.idle))
        .timeout_per_write(Some(limits.idle));
    let (agent, task) = (config.build().new_agent(), task.clone());
    let read = |response: Response<ureq::Body>| -> BenchResult<Response<Bytes>> {
        let (parts, mut body) = response.into_parts();
        Ok(Response::from_parts(parts, body.read_to_vec()?.into()))
    };
    Ok(Competitor::blocking(name, max_in_flight, move || {
        let response = agent.run(submit(&task)?)?;
        let id = SubmitResponse::decode(&read(response)?)?.into_extraction_id();
        loop {
            if is_finished(&read(agent.run(poll(&task, id.as_str())?.map(drop))?)?)? {
                return Ok(());
            }
        }
    }))
}

pub(super) fn over_hyper(
    name: &'static str,
    task: &Task,
    max_in_flight: usize,
) -> BenchResult<Competitor> {
    let (client, task) = (pooled_client(), task.clone());
    Ok(Competitor::asynchronous(
        name,
        max_in_flight,
        runtime()?,
        move |_| {
            let (client, task) = (client.clone(), task.clone());
            async move {
                let limits = Limits::for_body(body_len(task.document.len() as u64));
                let exchange = async |request| {
                    timeout(limits.total, async {
                        collect(client.request(request).await?).await
                    })
                    .await?
                };
                let id = SubmitResponse::decode(&exchange(submit(&task)?.map(full)).await?)?
                    .into_extraction_id();
                while !is_finished(&exchange(poll(&task, id.as_str())?.map(Full::new)).await?)? {}
                Ok(())
            }
        },
    ))
}

pub(super) fn over_a_connection(
    name: &'static str,
    task: &Task,
    max_in_flight: usize,
) -> BenchResult<Competitor> {
    let runtime = runtime()?;
    let mut connections = Vec::new();
    for _ in 0..max_in_flight {
        connections.push(Mutex::new(runtime.block_on(connect(&task.base))?));
    }
    let (connections, task) = (std::sync::Arc::new(connections), task.clone());
    Ok(Competitor::asynchronous(
        name,
        max_in_flight,
        runtime,
        move |number| {
            let (connections, task) = (connections.clone(), task.clone());
            async move {
                let mut connection = connections[number].lock().await;
                let mut exchange =
                    async |request| collect(connection.send_request(request).await?).await;
                let id = SubmitResponse::decode(&exchange(submit(&task)?.map(full)).await?)?
                    .into_extraction_id();
                while !is_finished(&exchange(poll(&task, id.as_str())?.map(Full::new)).await?)? {}
                Ok(())
            }
        },
    ))
}

/// An agent that ignores proxy settings.
pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .max_idle_connections(16)
        .max_idle_connections_per_host(16)
        .build()
        .new_agent()
}

/// A client with `TCP_NODELAY` that closes idle connections.
pub(super) fn pooled_client<B: Body<Data: Send> + Send>() -> Client<HttpConnector, B> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector)
}

async fn connect(base: &str) -> BenchResult<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(base.trim_start_matches("http://")).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

fn submit(task: &Task) -> BenchResult<Request<Vec<u8>>> {
    let request = request(
        task,
        "POST",
        format!("{}/api/extract-data-async", task.base),
    );
    Ok(request
        .header("content-type", "application/json")
        .body(body(&task.document)?)?)
}

fn poll(task: &Task, id: &str) -> BenchResult<Request<Bytes>> {
    Ok(request(
        task,
        "GET",
        format!("{}/api/get-extraction-data?extraction_id={id}", task.base),
    )
    .body(Bytes::new())?)
}

fn request(task: &Task, method: &str, uri: String) -> http::request::Builder {
    let host = task.base.trim_start_matches("http://");
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("host", host)
        .header("accept", "application/json");
    request.header("authorization", format!("Token {KEY}"))
}

fn full(body: Vec<u8>) -> Full<Bytes> {
    Full::new(body.into())
}

/// The body in one buffer of its exact size.
fn body(document: &Bytes) -> BenchResult<Vec<u8>> {
    let head = head();
    let mut body = Vec::with_capacity(usize::try_from(body_len(document.len() as u64))?);
    body.extend_from_slice(head.as_bytes());
    body.resize(body.capacity() - TAIL.len(), 0);
    Simd::standard(PAD).encode_slice(document, &mut body[head.len()..])?;
    body.extend_from_slice(TAIL.as_bytes());
    Ok(body)
}

async fn collect(response: Response<Incoming>) -> BenchResult<Response<Bytes>> {
    let (parts, body) = response.into_parts();
    Ok(Response::from_parts(
        parts,
        body.collect().await?.to_bytes(),
    ))
}

/// Decodes a poll's response; whether it was the last.
fn is_finished(response: &Response<Bytes>) -> BenchResult<bool> {
    let response = StatusResponse::decode(response)?;
    match response.status() {
        Status::InProgress => Ok(false),
        Status::Success => check(response.into_extraction()?.text("total_amount")).map(|()| true),
        other => Err(format!("the status is {other}").into()),
    }
}
