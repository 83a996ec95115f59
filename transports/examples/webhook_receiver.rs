//! A receiver of webhooks (axum) for a running job. A message only makes the next poll earlier; the
//! result comes from the poll.
//!
//! ```sh
//! cargo run -p typless-transports --features hyper-rustls --example webhook_receiver
//! ```

mod support;

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use typless::drive::Clock;
use typless::machine::{Job, JobEventKind, PollPolicy};
use typless::wire::Notification;
use typless_emulator::WebhookOptions;
use typless_transports::TokioClock;
use typless_transports::asynchronous::Driver;
use typless_transports::hyper::Hyper;

async fn receive(State(job): State<mpsc::Sender<Notification>>, message: Bytes) -> StatusCode {
    let Ok(notification) = Notification::decode(&message) else {
        return StatusCode::BAD_REQUEST;
    };
    if job.send(notification).await.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::GONE
    }
}

#[tokio::main]
async fn main() -> support::Outcome {
    let (sender, mut notifications) = mpsc::channel(16);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let webhook = WebhookOptions::new(&format!("http://{}/typless", listener.local_addr()?))?;
    let receiver = Router::new()
        .route("/typless", post(receive))
        .with_state(sender);
    tokio::spawn(async move { axum::serve(listener, receiver).await });

    let (_service, api) = support::emulator_with(support::options().with_webhook(webhook))?;
    let clock = TokioClock::new();
    // Without a message, the first poll would be due after an hour.
    let hourly =
        PollPolicy::frugal().with_gaps(Duration::from_secs(3600), Duration::from_secs(3600));
    let job = Job::submit(
        &api,
        support::invoice()?,
        support::eager().with_poll_policy(hourly),
        clock.now(),
    );
    let mut driver = Driver::new(job, Hyper::new(), clock);
    loop {
        tokio::select! {
            Some(notification) = notifications.recv() => {
                driver.machine_mut().handle_notification(&notification, clock.now());
            }
            event = driver.next_event() => match event.map(|event| event.kind) {
                Some(JobEventKind::Finished(outcome)) => {
                    println!("{:?}", outcome?.text("invoice_number"));
                }
                Some(other) => println!("{other:?}"),
                None => return Ok(()),
            },
        }
    }
}
