//! Many documents at once without a driver: the loop itself, on tokio.
//!
//! ```sh
//! cargo run -p typless-transports --features hyper-rustls --example by_hand
//! ```

mod support;

use bytes::Bytes;
use http::Response;
use tokio::task::{JoinError, JoinSet};
use typless::drive::{AsyncClock, AsyncTransport, Clock, MAX_SLEEP};
use typless::machine::{
    Batch, BatchOptions, Failure, Machine, Output, PollPolicy, RequestId, Time,
};
use typless_transports::TokioClock;
use typless_transports::hyper::Hyper;

const DOCUMENTS: usize = 20;

type Finished = (RequestId, Result<Response<Bytes>, Failure>);

#[tokio::main]
async fn main() -> support::Outcome {
    let (_service, api) = support::emulator()?;
    let (transport, clock) = (Hyper::new(), TokioClock::new());
    let options = BatchOptions::new()
        .with_max_in_flight(8)
        .with_poll_policy(PollPolicy::eager());
    let mut batch = Batch::new(&api, options, clock.now());
    for _ in 0..DOCUMENTS {
        batch.add(support::invoice()?, clock.now());
    }
    batch.close();

    let mut exchanges = JoinSet::new();
    let mut read = 0;
    loop {
        // What has arrived comes before the machine sees the time.
        while let Some(finished) = exchanges.try_join_next() {
            report(&mut batch, finished, clock.now());
        }
        match batch.next_output(clock.now()) {
            // The next output does not wait for this exchange.
            Output::Send(transmit) => {
                let transport = transport.clone();
                exchanges.spawn(async move {
                    let result = transport.send(transmit.request, transmit.limits).await;
                    (transmit.id, result)
                });
            }
            // Store here what must survive a crash.
            Output::Event(event) => {
                if let Ok(outcome) = Batch::into_outcome(event) {
                    println!("{:?}", outcome.result?.text("invoice_number"));
                    read += 1;
                }
            }
            // Timers may stop while the system is asleep: the clock is read again soon.
            Output::Wait(until) => tokio::select! {
                Some(finished) = exchanges.join_next() => {
                    report(&mut batch, finished, clock.now());
                }
                () = clock.sleep_until(until.min(clock.now() + MAX_SLEEP)) => {}
            },
            // Idle is not done: the machine needs an input. Here only an exchange brings one.
            Output::NeedInput => match exchanges.join_next().await {
                Some(finished) => report(&mut batch, finished, clock.now()),
                None => return Err("nothing can happen any more".into()),
            },
            Output::Done => break,
        }
    }
    println!("{read} of {DOCUMENTS} documents");
    if read == DOCUMENTS {
        Ok(())
    } else {
        Err("some are missing".into())
    }
}

/// Reports an exchange under its id. One that panicked fails when its limit has passed.
fn report(batch: &mut Batch, finished: Result<Finished, JoinError>, now: Time) {
    match finished {
        Ok((id, Ok(response))) => batch.handle_response(id, response, now),
        Ok((id, Err(failure))) => batch.handle_failure(id, failure, now),
        Err(_) => {}
    }
}
