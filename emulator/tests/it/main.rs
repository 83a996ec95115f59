//! The tests of the emulator, as its users see it. Those that need results need the reader.

mod listener_faults;
#[cfg(not(feature = "reader"))]
mod no_reader;
mod rate_limit;
mod support;

#[cfg(feature = "reader")]
mod document_types;
#[cfg(feature = "reader")]
mod faults;
#[cfg(feature = "reader")]
mod in_process;
#[cfg(feature = "reader")]
mod invoices;
#[cfg(feature = "reader")]
mod listener;
#[cfg(feature = "reader")]
mod open_points;
#[cfg(feature = "reader")]
mod paper;
#[cfg(feature = "reader")]
mod queue;
#[cfg(feature = "reader")]
mod reader;
#[cfg(feature = "reader")]
mod reader_errors;
#[cfg(feature = "reader")]
mod reader_random;
#[cfg(feature = "reader")]
mod reader_tables;
#[cfg(feature = "reader")]
mod refusals;
#[cfg(feature = "reader")]
mod sample;
#[cfg(feature = "reader")]
mod service;
#[cfg(feature = "reader")]
mod service_random;
#[cfg(feature = "reader")]
mod synchronous;
#[cfg(feature = "reader")]
mod webhooks;
