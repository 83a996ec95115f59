//! Your own transport over another HTTP client, here reqwest, tested with the conformance suite.
//!
//! ```sh
//! cargo run -p typless-transports --features hyper --example custom_transport
//! ```

mod support;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use typless::drive::AsyncTransport;
use typless::machine::{Failure, FailureKind, Job, Limits};
use typless::wire::{Body, SourceError};
use typless_transports::hyper::RequestBody;
use typless_transports::{TokioClock, asynchronous::Driver};

#[derive(Clone)]
struct Reqwest(reqwest::Client);

impl AsyncTransport for Reqwest {
    async fn send(
        &self,
        request: Request<Body>,
        limits: Limits,
    ) -> Result<Response<Bytes>, Failure> {
        let request = request.map(|body| reqwest::Body::wrap(RequestBody::from(body)));
        let exchange = async {
            let response = self
                .0
                .execute(request.try_into().map_err(failure)?)
                .await
                .map_err(failure)?;
            let (parts, body) = Response::from(response).into_parts();
            match Limited::new(
                body,
                usize::try_from(limits.response_bytes).unwrap_or(usize::MAX),
            )
            .collect()
            .await
            {
                Ok(body) => Ok(Response::from_parts(parts, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => {
                    Err(Failure::new(FailureKind::TooLarge, error))
                }
                Err(error) => Err(Failure::new(FailureKind::Interrupted, error)),
            }
        };
        let overdue = |elapsed| Err(Failure::new(FailureKind::Interrupted, elapsed));
        tokio::time::timeout(limits.total, exchange)
            .await
            .unwrap_or_else(overdue)
    }
}

fn failure(error: reqwest::Error) -> Failure {
    let source = SourceError::find_in(&error).map(|_| FailureKind::Source);
    let not_sent = (error.is_connect() || error.is_builder()).then_some(FailureKind::NotSent);
    Failure::new(
        source.or(not_sent).unwrap_or(FailureKind::Interrupted),
        error,
    )
}

fn transport() -> Reqwest {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Limits::default().connect);
    Reqwest(
        client
            .no_proxy()
            .build()
            .expect("a client without TLS can be built"),
    )
}

fn main() -> support::Outcome {
    let reason = "the connect timeout of this client is longer than the limit of the row";
    let report = typless_conformance::asynchronous(transport)
        .skip("reach-connect-timeout", reason)
        .run();
    println!("{report}");
    report.assert();
    let (_service, api) = support::emulator()?;
    let job = Job::submit(&api, support::invoice()?, support::eager(), support::now());
    let driver = Driver::new(job, transport(), TokioClock::new());
    println!(
        "{:?}",
        tokio::runtime::Runtime::new()?
            .block_on(driver.finish())??
            .text("invoice_number")
    );
    Ok(())
}
