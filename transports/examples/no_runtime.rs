//! No HTTP client, no runtime, no driver: a loop by hand, over a socket of the standard library.
//!
//! ```sh
//! cargo run -p typless-transports --example no_runtime
//! ```

mod support;

use std::io::{self, Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use typless::drive::{BlockingClock, Clock};
use typless::machine::{Failure, FailureKind, Job, JobEventKind, Machine, Output, Transmit};
use typless_transports::SystemClock;

fn main() -> support::Outcome {
    let (_service, api) = support::emulator()?;
    let clock = SystemClock::new();
    let mut job = Job::submit(&api, support::invoice()?, support::eager(), clock.now());
    loop {
        match job.next_output(clock.now()) {
            Output::Send(transmit) => match perform(&transmit) {
                Ok(response) => job.handle_response(transmit.id, response, clock.now()),
                Err(error) => job.handle_failure(
                    transmit.id,
                    Failure::new(FailureKind::Interrupted, error),
                    clock.now(),
                ),
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

/// The part of HTTP/1.1 that is needed here: one exchange on one connection.
fn perform(transmit: &Transmit) -> io::Result<http::Response<Bytes>> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let (request, uri) = (&transmit.request, transmit.request.uri());
    let host = uri.authority().ok_or_else(invalid)?;
    let mut stream = TcpStream::connect(host.as_str())?;
    stream.set_read_timeout(Some(transmit.limits.idle))?;
    let target = uri.path_and_query().ok_or_else(invalid)?;
    write!(
        stream,
        "{} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n",
        request.method()
    )?;
    for (name, value) in request.headers() {
        stream.write_all(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat())?;
    }
    stream.write_all(b"\r\n")?;
    io::copy(&mut request.body().reader()?, &mut stream)?;
    let mut bytes = Vec::new();
    stream
        .take(transmit.limits.response_bytes)
        .read_to_end(&mut bytes)?;
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(invalid)?;
    let status = std::str::from_utf8(bytes.get(9..12).ok_or_else(invalid)?)
        .ok()
        .and_then(|status| status.parse::<u16>().ok());
    let response = http::Response::builder().status(status.ok_or_else(invalid)?);
    response
        .body(Bytes::from(bytes).slice(end + 4..))
        .map_err(io::Error::other)
}
