//! What an hour of any fault costs, and faults in one of twenty exchanges. The bench
//! `simulated_outages` does the same with many more documents, and for a whole day.

use std::time::Duration;

use typless_benches::simulation::outage::{self, Outage};
use typless_benches::simulation::spread_faults;

#[test]
fn an_hour_of_any_fault_ends_nothing() {
    let costs = outage::run_all(Outage::few());
    assert!(costs.outages > 100, "{costs:#?}");
    assert_eq!(costs.broken, 0, "{costs:#?}");
}

#[test]
fn one_fault_in_twenty_costs_hardly_more_than_its_repetitions() {
    for has_queue in [true, false] {
        let costs = spread_faults::run(500, Duration::from_hours(24) / 10, has_queue);
        assert!(costs.faults > 0, "{costs:#?}");
        assert!(costs.breaches.is_empty(), "{costs:#?}");
    }
}
