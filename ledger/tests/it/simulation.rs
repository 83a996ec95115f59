//! A process that ends at each of its steps loses nothing and submits nothing twice.

use typless_ledger::Standing;

use crate::support::{Fault, Random, World, api, document, key};

/// How many documents a run has.
const DOCUMENTS: usize = 3;

/// How long the runs are: `TYPLESS_STEPS` for more.
const STEPS: usize = 3000;

/// One life of a process: it takes up what is left, and adds all documents again. Whether it came
/// to its end.
fn live(world: &mut World) -> bool {
    let (mut session, mut batch) = world.start();
    let find = |entry: &typless_ledger::Entry| {
        (0..DOCUMENTS)
            .map(document)
            .find(|document| document.digest() == Some(entry.digest().to_string().as_str()))
    };
    let recovered = session.recover(&mut batch, find, world.now).unwrap();
    assert!(recovered.skipped.is_empty(), "{recovered:?}");
    for number in 0..DOCUMENTS {
        batch.add(document(number), world.now).unwrap();
    }
    batch.close();
    world.run(&mut session, &mut batch).is_ok()
}

/// A service of which this share of submits in ten gets no response, and others fail otherwise.
fn world(seed: u64, lost: u64) -> World {
    let mut world = World::new();
    let mut random = Random(seed);
    world.service.fault = Box::new(move || match random.below(20) {
        share if share < lost => Some(Fault::ResponseLost),
        share if share < 2 * lost => Some(Fault::Dropped),
        19 => Some(Fault::NotSent),
        _ => None,
    });
    world
}

/// Each document was accepted at most once, and the ledger knows each that was.
fn check(world: &World, context: &str) {
    let times = world.service.times();
    assert!(
        times.values().all(|times| *times == 1),
        "{times:?} {context}"
    );
    let ledger = world.open();
    let mut known = 0;
    for number in 0..DOCUMENTS {
        let lookup = ledger.lookup(&api(), &document(number), world.now).unwrap();
        let has_id = lookup
            .entry
            .as_ref()
            .is_some_and(|entry| entry.extraction_id().is_some());
        let is_known = has_id || lookup.standing == Standing::Unknown;
        assert!(
            is_known || lookup.standing.may_submit(),
            "{lookup:?} {context}"
        );
        known += usize::from(is_known);
    }
    assert!(known >= times.len(), "{known} of {} {context}", times.len());
}

#[test]
fn a_process_that_ends_at_any_step_loses_nothing_and_submits_nothing_twice() {
    let steps = std::env::var("TYPLESS_STEPS").ok();
    let steps = steps.map_or(STEPS, |steps| steps.parse().unwrap());
    let (mut done, mut seed) = (0, 0);
    while done < steps {
        // At each step of a run, and then at some more.
        let mut random = Random(seed);
        let mut end = 0;
        loop {
            let mut world = world(seed, 3);
            let mut next = Some(end);
            let mut is_over = false;
            while !is_over {
                world.ends_after = next.take().map(|end| world.steps + end);
                is_over = live(&mut world);
                check(&world, &format!("seed {seed}, ended at {end}"));
                if !is_over && random.below(3) == 0 {
                    next = Some(random.below(20) as usize);
                }
            }
            done += world.steps;
            let context = format!("seed {seed}, ended at {end}");
            for number in 0..DOCUMENTS {
                let entry = world.open().entry(&key(number)).unwrap().unwrap();
                assert!(entry.outcome().is_some(), "{entry:?} {context}");
            }
            if end > world.steps {
                break;
            }
            end += 1;
        }
        seed += 1;
    }
}
