//! The service on loopback, in its own process: accepts submits, responds once that an extraction
//! is in progress, and then with its result.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::convert::Infallible;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use super::competitor::{BenchResult, runtime};
use super::document;
use crate::status_body::StatusBody;
use crate::submission::{DOCUMENT_TYPE, FILE_NAME, body_len};

/// The service's process; dropping this value ends it.
#[derive(Debug)]
pub struct Service {
    child: Child,
    base: String,
}

impl Service {
    /// Starts this program again with `argument`, on which it should call [`serve`].
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(argument: &str) -> BenchResult<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg(argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut base = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut base)?;
        Ok(Self {
            child,
            base: base.trim_end().to_owned(),
        })
    }

    /// Its base URL.
    pub fn base(&self) -> &str {
        &self.base
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints its base URL and serves until the process is killed. With `checks`, the whole document of
/// every submit is compared, otherwise only its length.
///
/// # Errors
///
/// There is no loopback interface, or no free port.
pub fn serve(checks: bool) -> BenchResult<()> {
    let state = Rc::new(State::new(checks));
    LocalSet::new().block_on(&runtime()?, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let state = state.clone();
            let service = service_fn(move |request| respond(state.clone(), request));
            tokio::task::spawn_local(
                http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    })
}

struct State {
    checks: bool,
    document: Bytes,
    pending: Bytes,
    success: Bytes,
    /// Extractions that were not polled yet.
    fresh: RefCell<HashSet<String>>,
    submits: Cell<u64>,
}

impl State {
    fn new(checks: bool) -> Self {
        let body = |body: StatusBody| body.response().into_body();
        let (pending, success) = (body(StatusBody::pending()), body(StatusBody::success(0)));
        Self {
            checks,
            document: document(),
            pending,
            success,
            fresh: RefCell::default(),
            submits: Cell::default(),
        }
    }

    fn submit(&self, body: &Bytes) -> Option<Bytes> {
        // Other clients put spaces between the keys.
        let min = usize::try_from(body_len(self.document.len() as u64)).ok()?;
        if !(min..min + 64).contains(&body.len()) || self.checks && !self.is_whole(body) {
            return None;
        }
        self.submits.set(self.submits.get() + 1);
        let id = format!("0d14338251a6db69bfec36face27f7ed{:08x}", self.submits.get());
        let body = format!(r#"{{"extraction_id":"{id}"}}"#);
        self.fresh.borrow_mut().insert(id);
        Some(body.into())
    }

    fn is_whole(&self, body: &Bytes) -> bool {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return false;
        };
        let document = body["file"]
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok());
        body["file_name"] == FILE_NAME
            && body["document_type_name"] == DOCUMENT_TYPE
            && document.is_some_and(|document| document == self.document)
    }

    fn poll(&self, query: &str) -> Bytes {
        let is_first = query
            .strip_prefix("extraction_id=")
            .is_some_and(|id| self.fresh.borrow_mut().remove(id));
        if is_first {
            self.pending.clone()
        } else {
            self.success.clone()
        }
    }
}

async fn respond(
    state: Rc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(Collected::to_bytes)
        .unwrap_or_default();
    let (status, body) = match parts.method {
        _ if parts
            .headers
            .get("authorization")
            .is_none_or(|key| key != "Token key") =>
        {
            (401, Bytes::new())
        }
        Method::POST => state
            .submit(&body)
            .map_or((400, Bytes::new()), |body| (202, body)),
        _ => (200, state.poll(parts.uri.query().unwrap_or_default())),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(
        "content-type",
        http::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}
