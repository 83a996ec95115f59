//! Services that take requests and never respond: each ends with its time limit.

use std::time::Duration;

use crate::support::queue::{DrainRun, Queue, listing};
use typless::machine::{DrainOptions, Machine, Output};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn d15_an_outage_in_which_nothing_responds_sets_nothing_aside() {
    let ids: Vec<String> = (0..64).map(|number| number.to_string()).collect();
    let options = DrainOptions::new()
        .with_interval(MINUTE)
        .with_max_in_flight(64);
    let mut run = DrainRun::with(options);
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&ids), run.now);
    let (end, mut requests) = (run.now + HOUR * 6, 0);
    while run.now < end {
        match run.drain.next_output(run.now) {
            Output::Send(_) => requests += 1,
            Output::Event(event) => run.note(event),
            Output::Wait(until) => run.now = until.min(end),
            Output::NeedInput | Output::Done => panic!("there is something to wait for"),
        }
    }
    // Those that were out when it began, and some probes.
    assert!((64..300).contains(&requests), "{requests}");
    assert!(run.set_aside().is_empty(), "{:?}", run.set_aside());
    let mut queue = Queue::new(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    run.serve(&mut queue, HOUR);
    assert_eq!(run.returned().len(), ids.len());
}
