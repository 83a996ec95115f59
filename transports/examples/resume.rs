//! A job that continues in another process: all it needs is a line of JSON.
//!
//! ```sh
//! cargo run -p typless-transports --features ureq --example resume
//! ```

mod support;

use typless::drive::Clock;
use typless::machine::{Job, JobEventKind, Ticket};
use typless::wire::{Api, Document};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;
use typless_transports::ureq::Ureq;

fn main() -> support::Outcome {
    let (_service, api) = support::emulator()?;
    let stored = first_process(
        &api,
        support::invoice()?.with_reference("inbox/invoice.pdf")?,
    )?;
    println!("stored: {stored}");
    second_process(&api, &stored)
}

/// Submits, stores the ticket, and stops.
fn first_process(api: &Api, document: Document) -> Result<String, Box<dyn std::error::Error>> {
    let clock = SystemClock::new();
    let mut driver = Driver::new(
        Job::submit(api, document, support::eager(), clock.now()),
        Ureq::new(),
        clock,
    );
    while let Some(event) = driver.next_event()? {
        if let JobEventKind::Submitted(ticket) = event.kind {
            return Ok(ticket.to_json());
        }
    }
    Err("the document was not submitted".into())
}

/// Has only the stored line. It does not need the document.
fn second_process(api: &Api, stored: &str) -> support::Outcome {
    let clock = SystemClock::new();
    let ticket = Ticket::from_json(stored)?;
    let job = Job::resume(api, &ticket, support::eager(), clock.now());
    let extraction = Driver::new(job, Ureq::new(), clock).finish()??;
    println!(
        "{:?}: {:?}",
        ticket.reference(),
        extraction.text("invoice_number")
    );
    Ok(())
}
