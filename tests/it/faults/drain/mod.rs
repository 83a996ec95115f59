//! A queue with ids that can't be fetched, that fails, or that other clients read too: the rows D
//! of `docs/faults.md`.

mod fetches;
mod listings;
mod pauses;

use std::time::Duration;

use typless::machine::DrainOptions;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn watching() -> DrainOptions {
    DrainOptions::new().with_interval(MINUTE)
}
