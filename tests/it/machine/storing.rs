//! The program of `machine::storing`, ended at each of its steps and started again.

include!("../../../src/machine/storing/program.rs");

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::time::Duration;

use typless::machine::{FailureKind, Purpose};

use crate::support::{START, api};

const DOCUMENTS: usize = 5;

/// What outlives the process: the database, and the service with its clock.
#[derive(Default)]
struct World {
    rows: BTreeMap<String, Row>,
    accepted: BTreeMap<String, usize>,
    /// When each extraction was accepted.
    extractions: BTreeMap<String, Time>,
    now: Duration,
    /// Submits that were out at an end, or lost.
    out: usize,
    steps: usize,
    ends_at: Option<usize>,
    submits: usize,
}

struct End;

impl World {
    /// One step of the program, which may be its last.
    fn step(&mut self) {
        self.steps += 1;
        if self.ends_at.is_some_and(|at| self.steps >= at) {
            self.ends_at = None;
            panic_any(End);
        }
    }
}

/// The table and the client, which end the process before and after all that they do.
struct Shared<'a>(&'a RefCell<World>);

impl Table for Shared<'_> {
    fn rows(&self) -> Vec<(String, Row)> {
        self.0.borrow().rows.clone().into_iter().collect()
    }

    fn put(&mut self, reference: &str, row: Row) {
        let mut world = self.0.borrow_mut();
        world.step();
        world.rows.insert(reference.to_owned(), row);
        world.step();
    }
}

impl Client for Shared<'_> {
    fn now(&self) -> Time {
        START + self.0.borrow().now
    }

    fn wait(&mut self, until: Time) {
        let mut world = self.0.borrow_mut();
        world.step();
        world.now = world.now.max(until.saturating_since(START));
    }

    fn send(&mut self, transmit: &Transmit) -> Result<http::Response<Bytes>, Failure> {
        let mut world = self.0.borrow_mut();
        let is_submit = transmit.purpose == Purpose::Submit;
        assert_eq!(transmit.may_be_billed(), is_submit);
        world.out += usize::from(is_submit);
        world.step();
        world.now += Duration::from_millis(300);
        let body = match transmit.purpose {
            Purpose::Submit => {
                world.submits += 1;
                let mut text = String::new();
                let body = transmit.request.body();
                std::io::Read::read_to_string(&mut body.reader().unwrap(), &mut text).unwrap();
                let name = text.split('"').nth(3).unwrap().to_owned();
                let id = format!("0d14-{}", world.extractions.len());
                let now = START + world.now;
                world.extractions.insert(id.clone(), now);
                *world.accepted.entry(name).or_default() += 1;
                format!(r#"{{"extraction_id": "{id}"}}"#)
            }
            Purpose::Poll => {
                let id = transmit.request.uri().query().unwrap().rsplit('=').next();
                let accepted_at = world.extractions[id.unwrap()];
                let age = (START + world.now).saturating_since(accepted_at);
                if age < Duration::from_secs(9) {
                    r#"{"status": "IN_PROGRESS", "error": {}, "result": {}}"#.to_owned()
                } else {
                    let result = r#"{"object_id": "14a5", "extracted_fields": []}"#;
                    format!(r#"{{"status": "SUCCESS", "error": {{}}, "result": {result}}}"#)
                }
            }
            _ => r#"{"extraction_ids": []}"#.to_owned(),
        };
        world.step();
        world.out -= usize::from(is_submit);
        if world.submits == 2 && is_submit {
            // Nobody knows what came of this one.
            return Err(Failure::new(FailureKind::Interrupted, "it broke off"));
        }
        Ok(http::Response::new(Bytes::from(body)))
    }
}

fn document(reference: &str) -> Result<Document, ConfigError> {
    Document::new(reference, "line-item-invoice", &b"%PDF"[..])?.with_reference(reference)
}

/// Runs the program to its end, and ends it before that at these steps. Returns how many steps it
/// took, the last time.
fn run_to_the_end(ends: &[usize]) -> usize {
    let mut world = World::default();
    for number in 0..DOCUMENTS {
        world.rows.insert(format!("{number}.pdf"), Row::New);
    }
    let world = RefCell::new(world);
    for end in ends.iter().copied().map(Some).chain([None]) {
        world.borrow_mut().steps = 0;
        world.borrow_mut().ends_at = end;
        let life = || run(&api(), &mut Shared(&world), &mut Shared(&world), document).unwrap();
        match catch_unwind(AssertUnwindSafe(life)) {
            Ok(()) => break,
            Err(panic) => assert!(panic.is::<End>(), "it panicked by itself"),
        }
    }
    let world = world.into_inner();
    let of = |code: &str| {
        let rows = world.rows.values();
        rows.filter(|row| **row == Row::Finished(code.to_owned()))
            .count()
    };
    assert!(
        world.accepted.values().all(|times| *times == 1),
        "{:?} accepted, ended at {ends:?}",
        world.accepted
    );
    assert_eq!(
        of("success") + of("submit_unknown"),
        DOCUMENTS,
        "{:?}, ended at {ends:?}",
        world.rows
    );
    let unknown = of("submit_unknown");
    assert!(unknown >= 1, "one is lost in any case");
    assert!(
        unknown <= 1 + world.out + ends.len(),
        "{unknown} unknown, {} out at an end, ended at {ends:?}",
        world.out
    );
    world.steps
}

#[test]
fn the_program_of_the_documentation_loses_nothing_wherever_it_ends() {
    // The hook would print each end.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<End>() {
            hook(info);
        }
    }));
    let steps = run_to_the_end(&[]);
    assert!(steps > 30, "{steps}");
    for first in 1..=steps {
        run_to_the_end(&[first]);
        for second in (1..=steps).step_by(7) {
            run_to_the_end(&[first, second, 5]);
        }
    }
}
