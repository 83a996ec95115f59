//! Jobs end to end over loopback: a submit of 100 KB and two polls, with and without the client.

mod by_hand;
mod competitor;
mod naive;
mod ours;
mod python;
mod service;

pub use competitor::{BenchResult, Competitor};
pub use python::sample;
pub use service::{Service, serve};

use bytes::Bytes;

use crate::noise::Noise;

/// The length of the document, in bytes.
pub const LENGTH: usize = 100_000;

/// The key that every client sends.
const KEY: &str = "key";

/// The total amount that every client has to find in the result.
const TOTAL: &str = "12758.0200";

/// What is submitted, and where.
#[derive(Debug, Clone)]
pub struct Task {
    base: String,
    document: Bytes,
}

impl Task {
    /// A submission to the service at this base URL.
    pub fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            document: document(),
        }
    }
}

/// All competitors with this many jobs at the same time, except those that need an installation.
/// The first four are ours, twice each.
///
/// # Errors
///
/// A client can't be set up, or the service refuses a connection.
pub fn competitors(task: &Task, max_in_flight: usize) -> BenchResult<Vec<Competitor>> {
    Ok(vec![
        ours::over_ureq(OURS_UREQ, task, max_in_flight)?,
        ours::over_ureq(OURS_UREQ_AGAIN, task, max_in_flight)?,
        ours::over_hyper(OURS_HYPER, task, max_in_flight)?,
        ours::over_hyper(OURS_HYPER_AGAIN, task, max_in_flight)?,
        by_hand::over_ureq(HAND_UREQ, task, max_in_flight)?,
        by_hand::over_hyper(HAND_HYPER, task, max_in_flight)?,
        by_hand::over_a_connection(BARE_HYPER, task, max_in_flight)?,
        naive::over_ureq(NAIVE_UREQ, task, max_in_flight)?,
        naive::over_reqwest(NAIVE_REQWEST, task, max_in_flight)?,
    ])
}

/// Ours over ureq.
pub const OURS_UREQ: &str = "ours, ureq";
/// The same once more.
pub const OURS_UREQ_AGAIN: &str = "ours, ureq, entered again";
/// Ours over hyper-util's pool.
pub const OURS_HYPER: &str = "ours, hyper";
/// The same once more.
pub const OURS_HYPER_AGAIN: &str = "ours, hyper, entered again";
/// The same client as ours over ureq, by hand.
pub const HAND_UREQ: &str = "by hand, ureq";
/// The same client as ours over hyper, by hand.
pub const HAND_HYPER: &str = "by hand, pool of hyper-util";
/// A hyper connection without a pool.
pub const BARE_HYPER: &str = "by hand, bare hyper connection";
/// What a user of ureq writes.
pub const NAIVE_UREQ: &str = "naive, ureq: send_json";
/// What a user of reqwest writes.
pub const NAIVE_REQWEST: &str = "naive, reqwest: .json(&body)";
/// The vendor's sample.
pub const PYTHON: &str = "the vendor's sample, Python";

/// The document, the same in each process.
fn document() -> Bytes {
    let mut document = vec![0; LENGTH];
    Noise::new(LENGTH as u64).fill(&mut document);
    Bytes::from(document)
}

/// Checks that the result was decoded.
fn check(total: Option<&str>) -> BenchResult<()> {
    if total == Some(TOTAL) {
        Ok(())
    } else {
        Err("the result is not the one that was sent".into())
    }
}
