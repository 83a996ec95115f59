//! What the examples share: the emulator instead of the service, and a document.
#![allow(dead_code, reason = "each example uses a part of it")]

use std::error::Error;
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{JobOptions, PollPolicy, Time};
use typless::wire::{Api, Document};
use typless_emulator::{Listener, Service, ServiceOptions};
use typless_transports::{SystemClock, document_from_path};

/// The result of an example.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// The emulator on this computer, faster than the real service. Dropping the listener ends it.
pub(crate) fn emulator() -> Result<(Listener, Api), Box<dyn Error>> {
    emulator_with(options())
}

pub(crate) fn emulator_with(options: ServiceOptions) -> Result<(Listener, Api), Box<dyn Error>> {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), Service::new(options))?;
    let api = Api::new(&listener.base_url(), "any-key")?;
    Ok((listener, api))
}

pub(crate) fn options() -> ServiceOptions {
    ServiceOptions::new().with_pace(Duration::from_millis(300))
}

/// The same invoice with a comment in it, so that no two are the same document.
pub(crate) fn numbered_invoice(number: usize) -> Vec<u8> {
    const INVOICE: &[u8] = include_bytes!("../../../emulator/samples/invoice.pdf");
    const BEFORE: &[u8] = b"startxref";
    let is_before = |window: &[u8]| window == BEFORE;
    let at = INVOICE.windows(BEFORE.len()).rposition(is_before);
    let (begin, end) = INVOICE.split_at(at.unwrap_or_default());
    [begin, format!("% {number}\n").as_bytes(), end].concat()
}

/// An invoice, read from a file while it is sent.
pub(crate) fn invoice() -> Result<Document, Box<dyn Error>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../emulator/samples/invoice.pdf"
    );
    Ok(document_from_path(path, "line-item-invoice")?)
}

/// The time now.
pub(crate) fn now() -> Time {
    SystemClock::new().now()
}

/// Options that poll often, because the emulator is fast.
pub(crate) fn eager() -> JobOptions {
    JobOptions::new().with_poll_policy(PollPolicy::eager())
}
