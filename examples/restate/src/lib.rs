//! A document as one durable invocation of [Restate](https://restate.dev): see `README.md`.

mod extractor;
mod webhook;

pub use extractor::{Extractor, Order};
pub use webhook::{Notifications, Webhook};
