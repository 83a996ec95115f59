//! Many documents at once, over ureq and eight threads. A batch stays within its limits, and lists
//! finished documents instead of polling each one.
//!
//! ```sh
//! cargo run -p typless-transports --features ureq --example many
//! ```

mod support;

use typless::drive::Clock;
use typless::machine::{Batch, BatchEventKind, BatchOptions, JobEventKind, PollPolicy};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;
use typless_transports::ureq::Ureq;

const DOCUMENTS: usize = 20;

fn main() -> support::Outcome {
    let (_service, api) = support::emulator()?;
    let clock = SystemClock::new();
    let options = BatchOptions::new()
        .with_max_in_flight(8)
        .with_poll_policy(PollPolicy::eager());
    let mut batch = Batch::new(&api, options, clock.now());
    let invoice = support::invoice()?;
    // Documents are taken when there is room, so a million would not need more memory.
    batch.add_all((1..=DOCUMENTS).map_while(move |number| {
        invoice
            .clone()
            .with_reference(&format!("row {number}"))
            .ok()
    }));
    batch.close();
    let mut driver = Driver::new(batch, Ureq::new(), clock).with_threads(8);
    let mut read = 0;
    while let Some(event) = driver.next_event()? {
        if let BatchEventKind::Job {
            reference,
            event: JobEventKind::Finished(outcome),
            ..
        } = event.kind
        {
            let (extraction, reference) = (outcome?, reference.unwrap_or_default());
            read += 1;
            println!(
                "{reference}: {:?} over {:?}",
                extraction.text("invoice_number"),
                extraction.text("total_amount")
            );
        }
    }
    println!("{read} of {DOCUMENTS} documents");
    if read == DOCUMENTS {
        Ok(())
    } else {
        Err("some are missing".into())
    }
}
