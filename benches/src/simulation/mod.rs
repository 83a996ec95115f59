//! A machine and the emulator's service in virtual time, while requests fail.

pub mod outage;
mod pauses;
mod run;
pub mod spread_faults;
mod world;

use typless::machine::{BatchOptions, Time};
use typless::wire::{Api, Document};

pub use pauses::Pauses;
pub use run::Run;
pub use world::{Instead, Step, World};

/// The time at which every simulation begins.
pub const START: Time = Time::from_unix_seconds(1_700_000_000);

/// The invoice that all documents are copies of.
const INVOICE: &[u8] = include_bytes!("../../../emulator/samples/invoice.pdf");

/// Where the machine believes the service to be.
pub fn api() -> Api {
    Api::new("http://localhost", "key").expect("an address")
}

/// Options of a batch, with the queue or without it.
pub fn batch_options(has_queue: bool) -> BatchOptions {
    let options = BatchOptions::new();
    if has_queue {
        options
    } else {
        options.without_queue()
    }
}

/// The document with this number. Its file name is its reference, too.
pub fn document(number: usize, content: &'static [u8]) -> Document {
    let name = file_name(number);
    let document = Document::new(&name, "line-item-invoice", content).expect("a document");
    document.with_reference(&name).expect("a reference")
}

/// The file name of the document with this number.
pub fn file_name(number: usize) -> String {
    format!("{number}.pdf")
}

/// The document with this number, which the service can read.
pub fn invoice(number: usize) -> Document {
    document(number, INVOICE)
}
