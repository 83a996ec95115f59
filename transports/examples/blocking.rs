//! One document on the calling thread, over ureq.
//!
//! ```sh
//! cargo run -p typless-transports --features ureq --example blocking
//! ```

mod support;

use serde::Deserialize;
use typless::drive::Clock;
use typless::machine::{Job, JobEventKind};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;
use typless_transports::ureq::Ureq;

#[derive(Debug, Deserialize)]
struct Invoice {
    invoice_number: String,
    total_amount: rust_decimal::Decimal,
    pay_due_date: Option<jiff::civil::Date>,
}

fn main() -> support::Outcome {
    let (_service, api) = support::emulator()?;
    let (transport, clock) = (Ureq::new(), SystemClock::new());
    let job = Job::submit(&api, support::invoice()?, support::eager(), clock.now());
    let mut driver = Driver::new(job, &transport, &clock);
    while let Some(event) = driver.next_event()? {
        match event.kind {
            // Another process can continue with this line.
            JobEventKind::Submitted(ticket) => println!("submitted: {}", ticket.to_json()),
            JobEventKind::Finished(outcome) => {
                let invoice: Invoice = outcome?.parse()?;
                println!(
                    "{} over {}, due {:?}",
                    invoice.invoice_number, invoice.total_amount, invoice.pay_due_date
                );
            }
            other => println!("{other:?}"),
        }
    }
    Ok(())
}
