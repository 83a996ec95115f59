//! Faults of many jobs: the queue, webhooks, load, a restart. Each test is named after its row in
//! `docs/faults.md`.

mod load;
mod pauses;
mod queue;
mod webhooks;

use std::time::Duration;

use crate::support::START;
use typless::machine::{Ticket, Time};
use typless::wire::ExtractionId;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn ticket(id: &ExtractionId) -> Ticket {
    Ticket::new(
        id.clone(),
        Time::from_unix(START.since_epoch() - Duration::from_secs(30)),
        START + DAY,
    )
}
