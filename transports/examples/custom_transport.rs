//! A transport of one's own over another client, here reqwest, and the suite that tells whether it may be trusted.
//!
//! ```sh
//! cargo run -p typless-transports --features conformance,hyper --example custom_transport
//! ```

mod support;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use typless::drive::{AsyncTransport, Clock};
use typless::machine::{Failure, FailureKind, Job, Limits};
use typless::wire::{Body, SourceError};
use typless_transports::asynchronous::Driver;
use typless_transports::hyper::RequestBody;
use typless_transports::{TokioClock, conformance};

#[derive(Clone)]
struct Reqwest(reqwest::Client);

impl AsyncTransport for Reqwest {
    async fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        let request = request.map(|body| reqwest::Body::wrap(RequestBody::from(body)));
        let exchange = async {
            let request = request.try_into().map_err(|error: reqwest::Error| Failure::new(FailureKind::NotSent, error))?;
            let response = self.0.execute(request).await.map_err(failure)?;
            let (parts, body) = Response::from(response).into_parts();
            let most = usize::try_from(limits.response_bytes).unwrap_or(usize::MAX);
            match Limited::new(body, most).collect().await {
                Ok(body) => Ok(Response::from_parts(parts, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(Failure::new(FailureKind::TooLarge, error)),
                Err(error) => Err(Failure::new(FailureKind::Interrupted, error)),
            }
        };
        let overdue = |elapsed| Err(Failure::new(FailureKind::Interrupted, elapsed));
        tokio::time::timeout(limits.total, exchange).await.unwrap_or_else(overdue)
    }
}

fn failure(error: reqwest::Error) -> Failure {
    let kind = match SourceError::of(&error) {
        Some(_) => FailureKind::Source,
        None if error.is_connect() => FailureKind::NotSent,
        None => FailureKind::Interrupted,
    };
    Failure::new(kind, error)
}

fn transport() -> Reqwest {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    Reqwest(client.build().expect("a client without TLS needs nothing that could fail"))
}

fn main() -> support::Outcome {
    let report = conformance::asynchronous(transport).run();
    println!("{report}");
    report.assert();
    let (_service, api) = support::emulator()?;
    let clock = TokioClock::new();
    let job = Job::submit(&api, support::invoice()?, support::eager(), clock.now());
    let outcome = tokio::runtime::Runtime::new()?.block_on(Driver::new(job, transport(), clock).finish());
    println!("{:?}", outcome.ok_or("the job came to no end")??.text("invoice_number"));
    Ok(())
}
