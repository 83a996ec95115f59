//! Which faults the random runs of the laws reach in which states: `tests/fault_coverage.txt`.
//!
//! The runs that count are the same each time, as long as the code is. A combination that is in the
//! table and is not reached any more fails the test. What few runs reach is a matter of luck, which
//! turns with any change: what at least [`WRITTEN`] of them reach is written to the table, and the
//! test fails where one is missing there that [`CERTAIN`] of them reach.
//!
//! `cargo test -p typless --test it coverage -- --nocapture` prints which are reached most rarely.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Mutex;

use super::{batch, batch_random, drain, job, resume};
use crate::support::observer::{BATCH_STATES, DRAIN_STATES, EXTRACTION_STATES, FAULTS, JOB_STATES};
use crate::support::reached::{Combination, Reached};

/// What fewer cases reach is not written to the table. Of what eight are expected to reach, chance
/// alone lets none do so once in three thousand times.
const WRITTEN: u64 = 8;

/// What so many cases reach has to be in the table.
const CERTAIN: u64 = 32;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fault_coverage.txt");

const HEAD: &str = "\
Which faults the random runs of the laws reach in which states. Written by
tests/it/laws/coverage.rs.

S, P, L: the reply to a submit, a poll or a listing in flight. s, p, l: to one that had a reply, or
whose time limit had passed. x: about no request.
Submitting*, Polling*, due*: the event was emitted, and the request is not sent yet.
abandoned: by the caller, and the response to its submit is awaited.
";

/// The parts of the table: title and states.
const PARTS: [(&str, &[&str]); 5] = [
    ("A job.", &JOB_STATES),
    ("A batch, by the state of the job.", &JOB_STATES),
    ("A batch, by its own state.", &BATCH_STATES),
    (
        "A drain, by the state of the extraction.",
        &EXTRACTION_STATES,
    ),
    ("A drain, by its own state.", &DRAIN_STATES),
];

#[test]
fn jobs_reach_every_fault_in_every_state_that_they_did() {
    let reached = Reached::default();
    job::run_same_cases(&reached);
    resume::run_same_cases(&reached);
    check(&[0], &reached.counts());
}

#[test]
fn batches_reach_every_fault_in_every_state_that_they_did() {
    let reached = Reached::default();
    batch::run_same_cases(&reached);
    batch_random::run_same_cases(&reached);
    check(&[1, 2], &reached.counts());
}

#[test]
fn drains_reach_every_fault_in_every_state_that_they_did() {
    let reached = Reached::default();
    drain::run_same_cases(&reached);
    check(&[3, 4], &reached.counts());
}

/// In how many cases each combination was reached.
type Counts = BTreeMap<Combination, u64>;

/// Compares what was reached with these parts of the table, or writes them again.
#[expect(
    clippy::disallowed_methods,
    reason = "a test can write its table again"
)]
fn check(parts: &[usize], counts: &Counts) {
    print_rarest(counts);
    // The tests of the other machines write to the same file.
    static FILE: Mutex<()> = Mutex::new(());
    let _guard = FILE.lock();
    let mut table = std::fs::read_to_string(PATH)
        .map(|text| parse(&text))
        .unwrap_or_default();
    let is_update = std::env::var("UPDATE_TABLE").is_ok();
    let least = if is_update { WRITTEN } else { CERTAIN };
    let mut differences = String::new();
    for part in parts {
        let (title, states) = PARTS[*part];
        let mut counts = counts.clone();
        counts.retain(|(_, state, _), _| states.contains(state));
        let (missing, new) = compare(&table[*part], &counts, least);
        for (sign, all) in [('-', &missing), ('+', &new)] {
            for (fault, state, whom) in all {
                writeln!(differences, "{sign} {title} {fault}: {state} {whom}").unwrap();
            }
        }
        table[*part].extend(new);
        table[*part].retain(|one| !missing.contains(one));
    }
    if is_update {
        std::fs::write(PATH, print(&table)).unwrap();
    } else {
        assert!(
            differences.is_empty(),
            "tests/fault_coverage.txt differs:\n{differences}\
             What is reached no longer is a hole in the tests: fix the generator. If the change is \
             meant, write it again, and read the difference:\n\x20   \
             UPDATE_TABLE=1 cargo test -p typless --test it coverage"
        );
    }
}

/// What is in the table and was not reached, and what at least so many cases reached and is not in
/// the table.
fn compare(
    table: &BTreeSet<Combination>,
    counts: &Counts,
    least: u64,
) -> (BTreeSet<Combination>, BTreeSet<Combination>) {
    let missing = table.iter().filter(|one| !counts.contains_key(*one));
    let often = counts.iter().filter(|(_, count)| **count >= least);
    let new = often
        .map(|(one, _)| one)
        .filter(|one| !table.contains(*one));
    (missing.cloned().collect(), new.cloned().collect())
}

fn print_rarest(counts: &Counts) {
    let often = counts.values().filter(|count| **count >= WRITTEN);
    println!("{} combinations, {} often", counts.len(), often.count());
    let mut rarest: Vec<_> = counts.iter().map(|(one, count)| (count, one)).collect();
    rarest.sort();
    for (count, (fault, state, whom)) in rarest {
        println!("{count:6} {fault}: {state} {whom}");
    }
}

/// The place of a fault in the table.
fn place(fault: &str) -> usize {
    let place = FAULTS.iter().position(|known| *known == fault);
    place.unwrap_or_else(|| panic!("{fault} has no place in the table"))
}

type Table = [BTreeSet<Combination>; PARTS.len()];

fn print(table: &Table) -> String {
    let mut text = HEAD.to_owned();
    for ((title, states), combinations) in PARTS.iter().zip(table) {
        let names: Vec<String> = states.iter().map(|state| (*state).to_owned()).collect();
        write!(text, "\n{title}\n\n{}", line("fault", states, &names)).unwrap();
        let faults = combinations.iter().map(|(fault, ..)| (place(fault), fault));
        for (_, fault) in faults.collect::<BTreeSet<_>>() {
            let cell = |state: &&str| {
                let here = combinations.iter();
                let here = here.filter(|(one, at, _)| one == fault && at == state);
                here.map(|(_, _, whom)| *whom).collect()
            };
            let cells: Vec<String> = states.iter().map(cell).collect();
            text += &line(fault, states, &cells);
        }
    }
    text
}

/// One line of the table.
fn line(first: &str, states: &[&str], cells: &[String]) -> String {
    let cells = states.iter().zip(cells);
    let cells = cells.map(|(state, cell)| format!(" | {cell:0$}", state.len().max(5)));
    let line = format!("{first:28}{}", cells.collect::<String>());
    format!("{}\n", line.trim_end())
}

/// Reads what [`print`] wrote.
fn parse(text: &str) -> Table {
    let mut table = Table::default();
    let mut part = 0;
    for line in text.lines() {
        if let Some(at) = PARTS.iter().position(|(title, _)| *title == line) {
            part = at;
        }
        let mut cells = line.split('|').map(str::trim);
        let fault = cells.next().unwrap_or_default();
        for (state, cell) in PARTS[part].1.iter().zip(cells) {
            if fault != "fault" {
                let letters = cell.chars();
                table[part].extend(letters.map(|whom| (fault.to_owned(), *state, whom)));
            }
        }
    }
    table
}

#[test]
fn what_is_reached_no_longer_and_what_is_new_is_found() {
    let one = |fault: &str, state, whom| (fault.to_owned(), state, whom);
    let table = BTreeSet::from([one("404", "Waiting", 'p'), one("408", "Ready", 's')]);
    let counts = Counts::from([
        (one("404", "Waiting", 'p'), 1),
        (one("404", "Waiting", 'P'), CERTAIN),
        (one("404", "Ready", 's'), CERTAIN - 1),
    ]);
    let (missing, new) = compare(&table, &counts, CERTAIN);
    assert_eq!(missing, BTreeSet::from([one("408", "Ready", 's')]));
    assert_eq!(new, BTreeSet::from([one("404", "Waiting", 'P')]));
}

#[test]
fn the_table_is_read_as_it_was_written() {
    let one = |fault: &str, state, whom| (fault.to_owned(), state, whom);
    let mut table = Table::default();
    table[0].insert(one("429, Retry-After", "Ready", 's'));
    table[1].extend([one("404", "Finished", 'p'), one("404", "Finished", 'P')]);
    table[4].insert(one("listing", "throttled", 'L'));
    assert_eq!(parse(&print(&table)), table);
}
