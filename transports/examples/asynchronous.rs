//! One document on a tokio runtime, over hyper, with another task in the same `select!`.
//!
//! ```sh
//! cargo run -p typless-transports --features hyper-rustls --example asynchronous
//! ```

mod support;

use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{Job, JobEventKind};
use typless_transports::TokioClock;
use typless_transports::asynchronous::Driver;
use typless_transports::hyper::Hyper;

#[tokio::main]
async fn main() -> support::Outcome {
    let (_service, api) = support::emulator()?;
    let clock = TokioClock::new();
    let job = Job::submit(&api, support::invoice()?, support::eager(), clock.now());
    let mut driver = Driver::new(job, Hyper::new(), clock);
    let mut heartbeat = tokio::time::interval(Duration::from_millis(500));
    loop {
        // Nothing is lost when the other branch is first: the driver owns the exchanges.
        tokio::select! {
            _ = heartbeat.tick() => println!("... {:?}", driver.machine().state()),
            event = driver.next_event() => match event.map(|event| event.kind) {
                Some(JobEventKind::Submitted(ticket)) => {
                    println!("submitted: {}", ticket.to_json());
                }
                Some(JobEventKind::Finished(outcome)) => {
                    let extraction = outcome?;
                    let (number, total) = ("invoice_number", "total_amount");
                    println!("{:?}: {:?}", extraction.text(number), extraction.text(total));
                }
                Some(other) => println!("{other:?}"),
                None => return Ok(()),
            },
        }
    }
}
