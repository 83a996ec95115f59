//! Kills at random moments. `TYPLESS_KILLS` says how many; .ci/deep makes a hundred.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use typless_emulator::{Fault, Faults, Pace, ServiceOptions};

use super::process::Setup;

const DEFAULT_KILLS: usize = 5;

/// Documents that are added for each kill.
const DOCUMENTS: usize = 6;

/// A few responses are lost, and many are late, so that submits are out when the process is killed.
fn options() -> ServiceOptions {
    let mut kinds = vec![Fault::ResponseDelayed; 39];
    kinds.push(Fault::ResponseLost);
    let faults = Faults::new(0.4)
        .with_kinds(kinds)
        .with_delay(Duration::from_millis(30));
    ServiceOptions::new()
        .with_pace(Pace::lognormal(Duration::from_millis(100), 1.0))
        .with_faults(faults)
}

/// Adds documents, each until it is acknowledged, and some of them twice. Returns their ids.
fn add_all(setup: &Setup, numbers: &Mutex<mpsc::Receiver<usize>>) -> BTreeMap<usize, String> {
    let mut ids = BTreeMap::new();
    let next = || numbers.lock().unwrap().recv();
    while let Ok(number) = next() {
        let id = setup.add(number);
        if number % 3 == 0 {
            assert_eq!(setup.add(number), id);
        }
        ids.insert(number, id);
    }
    ids
}

/// Starts the service and kills it after this time, or asks it to end. Returns the documents whose
/// submit was out.
fn live(setup: &Setup, lifetime: Duration, is_asked: bool) -> Vec<String> {
    let process = setup.start();
    if is_asked {
        let process = process.listening();
        thread::sleep(lifetime);
        assert!(process.terminate().success());
        assert_eq!(setup.submitting(), [""; 0]);
    } else {
        thread::sleep(lifetime);
        process.kill();
    }
    setup.submitting()
}

#[test]
fn kills_lose_no_document_and_submit_none_twice() {
    let kills = std::env::var("TYPLESS_KILLS").map_or(DEFAULT_KILLS, |n| n.parse().unwrap());
    let started = Instant::now();
    let setup = Setup::new(options());
    let (sender, numbers) = mpsc::channel();
    let numbers = Mutex::new(numbers);
    let mut submitting = BTreeSet::new();
    let (ids, statuses) = thread::scope(|scope| {
        let clients = [0, 1].map(|_| scope.spawn(|| add_all(&setup, &numbers)));
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for kill in 0..kills {
            for number in kill * DOCUMENTS..(kill + 1) * DOCUMENTS {
                sender.send(number).unwrap();
            }
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Some come as far as the results, which are polled for after a second.
            let longest = if kill % 4 == 1 { 3000 } else { 800 };
            let lifetime = Duration::from_millis(random % longest);
            submitting.extend(live(&setup, lifetime, kill % 5 == 3));
        }
        drop(sender);
        let process = setup.start().listening();
        let ids: BTreeMap<_, _> = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect();
        let statuses = setup.wait();
        assert!(process.terminate().success());
        (ids, statuses)
    });

    let with_status = |wanted: &str| -> BTreeSet<String> {
        let has_status = statuses.iter().filter(|(_, status)| *status == wanted);
        has_status.map(|(id, _)| id.clone()).collect()
    };
    let (succeeded, unknown) = (with_status("succeeded"), with_status("unknown"));
    let lost = unknown.difference(&submitting).count();
    setup.emulator.with_service(|service| {
        println!(
            "{kills} kills in {:?}: of {} documents {} have a result, {} are unknown",
            started.elapsed(),
            ids.len(),
            succeeded.len(),
            unknown.len(),
        );
        println!(
            "out at a kill {}, response lost {lost} of {}; accepted {}, of those unknown {}",
            submitting.len(),
            service.submit_fault_count(Fault::ResponseLost),
            service.accepted(),
            service.accepted() - succeeded.len(),
        );
        assert_eq!(service.accepted_repeatedly().next(), None);
        for (number, id) in &ids {
            let accepted = service.accepted_named(&format!("{number}.pdf"));
            let is_right = if succeeded.contains(id) {
                accepted == 1
            } else {
                unknown.contains(id)
            };
            assert!(is_right, "{number}: {}, accepted {accepted}", statuses[id]);
        }
        assert_eq!(ids.len(), kills * DOCUMENTS);
        assert!(submitting.is_subset(&unknown));
        // It tested something.
        assert!(kills < 50 || !submitting.is_empty());
        assert!(lost <= service.submit_fault_count(Fault::ResponseLost));
    });
}
