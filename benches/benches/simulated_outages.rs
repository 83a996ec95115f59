//! What outages of an hour cost, and a day in which one exchange of twenty fails: a batch and the
//! emulator's service, in virtual time.
//!
//! This is a simulation, so its figures are the same in each run, and all of its goals are bounds.

use std::process::ExitCode;
use std::time::Duration;

use typless_benches::bounds::Bounds;
use typless_benches::simulation::outage::{self, Outage};
use typless_benches::simulation::spread_faults;

const DAY: Duration = Duration::from_hours(24);
const DOCUMENTS_OF_A_DAY: usize = 5000;

fn main() -> ExitCode {
    let mut bounds = Bounds::new();
    let costs = outage::run_all(Outage::all());
    let text = format!(
        "{} outages of an hour: {} exhausted, at most {} unknown and {} requests, finished after \
         {} s at the latest; {} break a promise, at most 0",
        costs.outages,
        costs.exhausted,
        costs.max_unknown,
        costs.max_requests,
        costs.max_after.as_secs(),
        costs.broken
    );
    bounds.bound(&text, costs.broken == 0);
    println!();
    for (has_queue, name) in [(true, "queue"), (false, "no queue")] {
        let costs = spread_faults::run(DOCUMENTS_OF_A_DAY, DAY, has_queue);
        for breach in &costs.breaches {
            println!("    {breach}");
        }
        let text = format!(
            "a day, {name}: {:.1} % more requests than without faults, at most 2 %",
            (costs.ratio() - 1.0) * 100.0
        );
        bounds.bound(&text, costs.breaches.is_empty());
    }
    bounds.finish()
}
