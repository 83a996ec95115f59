//! What is done with the documents of a call, before anything is sent.

use std::collections::BTreeMap;

use typless::drive::Clock;
use typless::machine::Time;
use typless::wire::{Api, Document, ExtractionId};
use typless_ledger::{
    Entry, EntryKey, Ledger, Lookup, LookupError, Outcome as Stored, Standing, with_digest,
};
use typless_transports::SystemClock;

use super::decision::{Decision, decide, submitted_at};
use crate::arguments::RerunArguments;
use crate::clock_time::date_and_time;
use crate::failure::Failure;
use crate::output::eprint_message;
use crate::report::Outcome;
use crate::summary::pluralize;
use crate::work::{Place, Start, Task};

/// What is done with the documents of a call.
pub(crate) struct Selection {
    /// Those that are followed.
    pub(crate) tasks: Vec<Task>,
    /// Those whose outcome is known.
    pub(crate) settled: Vec<Settled>,
    counts: Counts,
}

/// A document whose outcome is known.
pub(crate) struct Settled {
    /// Its position on the command line, from 0, and its file.
    pub(crate) place: Place,
    pub(crate) key: EntryKey,
    pub(crate) extraction_id: Option<ExtractionId>,
    /// Whether its extraction succeeded, whatever became of the result.
    pub(crate) has_succeeded: bool,
    pub(crate) outcome: Outcome,
}

/// How many documents are what.
#[derive(Debug, Default)]
struct Counts {
    new: usize,
    /// Of the new, how many are known, and submitted again.
    again: usize,
    fetched: usize,
    settled: usize,
    unknown: usize,
    /// When the first of the known was submitted.
    since: Option<Time>,
}

/// Looks up each document. Documents that are equal are followed once, and reported as often as
/// they were named.
pub(crate) fn select(
    ledger: Option<&Ledger>,
    api: &Api,
    tasks: Vec<Task>,
    arguments: &RerunArguments,
) -> Result<Selection, Failure> {
    let Some(ledger) = ledger else {
        return Ok(Selection::without_ledger(tasks));
    };
    let now = SystemClock::new().now();
    let mut selection = Selection {
        tasks: Vec::new(),
        settled: Vec::new(),
        counts: Counts::default(),
    };
    // Where the first of equal documents is.
    let mut known: BTreeMap<EntryKey, First> = BTreeMap::new();
    for task in tasks {
        let Start::Submit(document) = task.start else {
            selection.tasks.push(task);
            continue;
        };
        let document = digested(document, &task.place)?;
        let lookup = ledger
            .lookup(api, &document, now)
            .map_err(|error| failure(&error))?;
        let key = lookup.key;
        let document = if arguments.exclusive_key {
            document.with_name_token(key.name_token())
        } else {
            document
        };
        match known.get(&key) {
            Some(First::Task(index)) => {
                if let Some(task_of_first) = selection.tasks.get_mut(*index) {
                    task_of_first.copies.push(task.place);
                }
                continue;
            }
            Some(First::Settled(index)) => {
                if let Some(first) = selection.settled.get(*index) {
                    let copy = Settled {
                        place: task.place,
                        extraction_id: first.extraction_id.clone(),
                        outcome: first.outcome.clone(),
                        ..*first
                    };
                    selection.settled.push(copy);
                }
                continue;
            }
            None => {}
        }
        let decision = decide(&lookup, arguments);
        selection
            .counts
            .count(&decision, lookup.standing, submitted_at(&lookup));
        let start = match decision {
            Decision::Submit { is_again: false } => Start::Submit(document),
            Decision::Submit { is_again: true } => Start::SubmitAgain(document),
            Decision::Fetch(ticket) => Start::Resume(ticket),
            Decision::Settled(outcome) => {
                known.insert(key, First::Settled(selection.settled.len()));
                selection.settled.push(Settled {
                    place: task.place,
                    key,
                    extraction_id: lookup.entry.as_ref().and_then(Entry::extraction_id),
                    has_succeeded: has_succeeded(&lookup),
                    outcome: *outcome,
                });
                continue;
            }
        };
        known.insert(key, First::Task(selection.tasks.len()));
        selection.tasks.push(Task {
            key: Some(key),
            ..Task::new(task.place, start)
        });
    }
    Ok(selection)
}

/// Where the first of equal documents is in a selection.
enum First {
    Task(usize),
    Settled(usize),
}

impl Selection {
    /// Without a ledger everything is new.
    pub(crate) fn without_ledger(tasks: Vec<Task>) -> Self {
        let counts = Counts {
            new: tasks.len(),
            ..Counts::default()
        };
        Self {
            tasks,
            settled: Vec::new(),
            counts,
        }
    }

    /// How many documents there are, equal ones included.
    pub(crate) fn documents(&self) -> usize {
        let copies = self.tasks.iter().map(|task| 1 + task.copies.len());
        copies.sum::<usize>() + self.settled.len()
    }

    /// Fails if more would be submitted than the user allows.
    pub(crate) fn check(&self, arguments: &RerunArguments) -> Result<(), Failure> {
        match arguments.max_documents {
            Some(max) if self.counts.new > max => Err(Failure::invalid_usage(format!(
                "{} would be submitted, and --max-documents is {max}: nothing was submitted",
                pluralize(self.counts.new as u64, "document")
            ))),
            _ => Ok(()),
        }
    }

    /// `n new, m known, k unknown`, for `--dry-run`.
    pub(crate) fn counts_line(&self) -> String {
        let Counts {
            new,
            again,
            fetched,
            settled,
            unknown,
            ..
        } = self.counts;
        let known = again + fetched + settled - unknown;
        format!("{} new, {known} known, {unknown} unknown", new - again)
    }

    /// Tells what is submitted again, if anything is.
    pub(crate) fn print_again(&self) {
        let again = self.counts.again;
        if again > 0 {
            let since = self.counts.since();
            eprint_message(&format!(
                "{} submitted before{since}: submitted again",
                were(again)
            ));
        }
    }

    /// Tells what is known of earlier calls, if anything is.
    pub(crate) fn print_known(&self) {
        self.print_again();
        let fetched = self.counts.fetched;
        if fetched > 0 {
            let since = self.counts.since();
            eprint_message(&format!(
                "{} submitted before{since}: the results are fetched, which is not billed; \
                 --again submits them again",
                were(fetched)
            ));
        }
    }
}

impl Counts {
    /// When the first of the known was submitted, as a part of a sentence.
    fn since(&self) -> String {
        self.since.map_or_else(String::new, |at| {
            format!(", the first on {}", date_and_time(at))
        })
    }

    fn count(&mut self, decision: &Decision, standing: Standing, submitted_at: Option<Time>) {
        let number = match decision {
            Decision::Submit { is_again } => {
                self.again += usize::from(*is_again);
                &mut self.new
            }
            Decision::Fetch(_) => &mut self.fetched,
            Decision::Settled(_) => {
                self.unknown += usize::from(standing == Standing::Unknown);
                &mut self.settled
            }
        };
        *number += 1;
        self.since = match (self.since, submitted_at) {
            (Some(first), Some(at)) => Some(first.min(at)),
            (first, at) => first.or(at),
        };
    }
}

fn has_succeeded(lookup: &Lookup) -> bool {
    let outcome = lookup.entry.as_ref().and_then(Entry::outcome);
    outcome.is_some_and(|outcome| outcome.code == Stored::SUCCESS)
}

fn were(documents: usize) -> String {
    let were = if documents == 1 { "was" } else { "were" };
    format!("{} {were}", pluralize(documents as u64, "document"))
}

fn digested(document: Document, place: &Place) -> Result<Document, Failure> {
    with_digest(document).map_err(|error| {
        Failure::invalid_usage(format!(
            "{} can't be read: {error}: name a readable file (nothing was submitted)",
            place.file.as_deref().unwrap_or_default()
        ))
    })
}

fn failure(error: &LookupError) -> Failure {
    Failure::invalid_usage(format!("{error} (nothing was submitted)"))
}
