//! No HTTP client, no runtime, no driver: a loop by hand, over sockets of the standard library.
//!
//! ```sh
//! cargo run -p typless-transports --example no_runtime
//! ```
//!
//! A transport must say of each exchange whether the request was sent and whether the response is
//! whole. This one has no TLS. It passes the conformance suite:
//!
//! ```sh
//! cargo test -p typless-transports --example no_runtime
//! ```

mod plain_http;
#[path = "../support/mod.rs"]
mod support;

use plain_http::PlainHttp;
use typless::drive::{BlockingClock, BlockingTransport, Clock};
use typless::machine::{Job, JobEventKind, Machine, Output};
use typless_transports::SystemClock;

fn main() -> support::Outcome {
    let (_service, api) = support::emulator()?;
    let (transport, clock) = (PlainHttp::default(), SystemClock::new());
    let mut job = Job::submit(&api, support::invoice()?, support::eager(), clock.now());
    loop {
        match job.next_output(clock.now()) {
            Output::Send(transmit) => match transport.send(transmit.request, transmit.limits) {
                Ok(response) => job.handle_response(transmit.id, response, clock.now()),
                Err(failure) => job.handle_failure(transmit.id, failure, clock.now()),
            },
            Output::Event(event) => match event.kind {
                JobEventKind::Finished(outcome) => {
                    println!("{:?}", outcome?.text("invoice_number"));
                }
                other => println!("{other:?}"),
            },
            Output::Wait(until) => clock.sleep_until(until),
            Output::NeedInput | Output::Done => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::plain_http::PlainHttp;

    #[test]
    fn it_passes_the_conformance_suite() {
        let report = typless_conformance::blocking(PlainHttp::default).run();
        println!("{report}");
        report.assert();
    }
}
