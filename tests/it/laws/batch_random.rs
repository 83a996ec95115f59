//! Batches against a service that fails at random, in processes that end at random: every document
//! is accounted for once, none is submitted twice, no limit is exceeded.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::observer::{BatchObserver, RESTART};
use crate::support::reached::Reached;
use crate::support::service::{Fault, Service, notification};
use crate::support::{START, api};
use proptest::prelude::*;
use typless::machine::{Batch, BatchOptions, JobKey, Machine, Output, Ticket};
use typless::wire::Document;

/// An action of the caller.
#[derive(Debug, Clone, Copy)]
enum Action {
    Add(Option<u8>),
    AddAll(u8),
    Abandon(u8),
    Notify(u8),
    Confirm,
    SetKey,
    Resume,
    /// The process ends, and another one goes on with what was stored.
    Restart,
    Advance(u32),
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => proptest::option::of(0..3_u8).prop_map(Action::Add),
        1 => (0..10_u8).prop_map(Action::AddAll),
        1 => any::<u8>().prop_map(Action::Abandon),
        1 => any::<u8>().prop_map(Action::Notify),
        2 => Just(Action::Confirm),
        1 => Just(Action::SetKey),
        1 => Just(Action::Resume),
        1 => Just(Action::Restart),
        6 => (0..30_000_u32).prop_map(Action::Advance),
    ]
}

/// How many of a hundred requests fail in which way.
#[derive(Debug, Clone)]
struct FaultRates {
    seed: u64,
    faults: Vec<(u8, Fault)>,
    /// How long the faults last, in seconds from the start.
    lasts: u64,
    hides: bool,
    lists_nothing: bool,
    forgets: bool,
}

fn fault_rates() -> impl Strategy<Value = FaultRates> {
    let fault = prop_oneof![
        Just(Fault::NotSent),
        Just(Fault::ResponseLost),
        Just(Fault::NoResponse),
        Just(Fault::Status(500)),
        Just(Fault::Status(408)),
        Just(Fault::Status(429)),
        Just(Fault::Status(401)),
        (1..100_u64).prop_map(|seconds| Fault::RetryAfter(429, seconds)),
        Just(Fault::Status(200)),
    ];
    // Some requests fail, or for a while all.
    let weight = prop_oneof![5 => 0..12_u8, 1 => Just(100)];
    let faults = prop::collection::vec((weight, fault), 0..4);
    (
        any::<u64>(),
        faults,
        0..2000_u64,
        any::<bool>(),
        prop::bool::weighted(0.2),
        any::<bool>(),
    )
        .prop_map(
            |(seed, faults, lasts, hides, lists_nothing, forgets)| FaultRates {
                seed,
                faults,
                lasts,
                hides,
                lists_nothing,
                forgets,
            },
        )
}

impl FaultRates {
    fn apply(self, run: &mut BatchRun) {
        let Self {
            seed,
            faults,
            lasts,
            hides,
            lists_nothing,
            forgets,
        } = self;
        let draw = move |number: u64| {
            number
                .wrapping_add(seed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                >> 32
        };
        run.service.takes = Box::new(move |number| Duration::from_millis(draw(number) % 60_000));
        run.service.hides = Box::new(move |number| hides && draw(number) % 10 == 0);
        run.service.lists_nothing = lists_nothing;
        run.service.forgets_read = forgets;
        run.service.fault = Box::new(move |number, _, now| {
            let mut chance = draw(number) % 100;
            faults
                .iter()
                .filter(|_| now < START + Duration::from_secs(lasts))
                .find_map(|(weight, fault)| {
                    let hit = chance < u64::from(*weight);
                    chance = chance.saturating_sub(u64::from(*weight));
                    hit.then(|| fault.clone())
                })
        });
    }
}

fn options() -> impl Strategy<Value = (BatchOptions, [usize; 3])> {
    (
        any::<u64>(),
        1..20_usize,
        1..6_usize,
        1..30_u32,
        1..10_u32,
        any::<[bool; 2]>(),
    )
        .prop_map(
            |(seed, max_in_flight, max_submits, rate, burst, [confirmation, queue])| {
                let options = BatchOptions::new()
                    .with_seed(seed)
                    .with_max_in_flight(max_in_flight)
                    .with_max_submits(max_submits);
                let options = options
                    .with_rate(rate, Duration::from_secs(1))
                    .with_burst(burst)
                    .with_deadline(Duration::from_secs(7200));
                let options = if confirmation {
                    options.with_confirmation()
                } else {
                    options
                };
                (
                    if queue {
                        options
                    } else {
                        options.without_queue()
                    },
                    [max_in_flight, max_submits, (rate + burst) as usize],
                )
            },
        )
}

proptest! {
    #![proptest_config(super::cases(96))]

    #[test]
    fn every_document_is_accounted_for_once(
        (options, limits) in options(),
        rates in fault_rates(),
        actions in prop::collection::vec(actions(), 1..60),
    ) {
        every_document_is_accounted_for(options, limits, rates, actions, &Reached::default())?;
    }
}

fn every_document_is_accounted_for(
    options: BatchOptions,
    limits: [usize; 3],
    rates: FaultRates,
    actions: Vec<Action>,
    reached: &Reached,
) -> Result<(), TestCaseError> {
    let mut run = BatchRun::new(options.clone());
    run.observer = Some(BatchObserver::new(reached, run.now, None));
    rates.apply(&mut run);
    let mut caller = Caller::new(options, reached);
    for (number, action) in actions.into_iter().enumerate() {
        caller.perform(action, number, &mut run);
    }
    run.observe("close", None);
    run.batch.close();
    for _ in 0..1000 {
        run.run();
        if matches!(run.batch.next_output(run.now), Output::Done) {
            break;
        }
        run.batch.confirm(u64::MAX);
        run.batch.set_key("yet-another").unwrap();
    }
    prop_assert!(
        matches!(run.batch.next_output(run.now), Output::Done),
        "{:?}",
        run.batch
    );
    prop_assert_eq!(caller.finished + run.outcomes.len(), caller.added);
    let mut keys = caller.keys.iter();
    prop_assert!(keys.all(|key| run.outcomes.contains_key(key)));
    // By the records of the service, no name was submitted twice.
    let names: BTreeSet<&str> = run
        .service
        .held
        .values()
        .map(|held| held.name.as_str())
        .collect();
    prop_assert_eq!(names.len(), run.service.held.len());
    // A job with a result was submitted, and its result was read.
    let read = run
        .service
        .held
        .values()
        .filter(|held| held.read_at.is_some())
        .count();
    prop_assert!(run.succeeded() <= read);
    let [in_flight, submits, a_second] = limits;
    prop_assert!(
        run.max_in_flight_seen <= in_flight,
        "{} in flight",
        run.max_in_flight_seen
    );
    prop_assert!(
        run.max_submits_seen <= submits,
        "{} submits",
        run.max_submits_seen
    );
    prop_assert!(
        run.max_in_a_second <= a_second,
        "{} in a second",
        run.max_in_a_second
    );
    Ok(())
}

/// The same cases each time.
pub(super) fn run_same_cases(reached: &Reached) {
    let actions = prop::collection::vec(actions(), 1..60);
    let case = (options(), fault_rates(), actions);
    super::same_cases(
        450,
        &case,
        reached,
        |((options, limits), rates, actions)| {
            every_document_is_accounted_for(options, limits, rates, actions, reached)
        },
    );
}

/// What the caller has added, and to what extent it was read and has finished.
struct Caller {
    options: BatchOptions,
    reached: Reached,
    /// What was added one by one, or by this process, to the batch that there is now.
    keys: BTreeSet<JobKey>,
    /// The references of all documents of iterators, and of those that were read.
    iterated: BTreeSet<String>,
    read: Arc<Mutex<BTreeSet<String>>>,
    added: usize,
    /// The outcomes of the processes before.
    finished: usize,
}

impl Caller {
    fn new(options: BatchOptions, reached: &Reached) -> Self {
        Self {
            options,
            reached: reached.clone(),
            keys: BTreeSet::new(),
            iterated: BTreeSet::new(),
            read: Arc::default(),
            added: 0,
            finished: 0,
        }
    }

    fn perform(&mut self, action: Action, number: usize, run: &mut BatchRun) {
        match action {
            Action::Add(customer) => {
                let customer = customer.map(|customer| format!("/{customer}"));
                let reference = format!("{number}{}", customer.unwrap_or_default());
                run.observe("add", None);
                self.insert(run.batch.add(document(&reference), run.now));
                self.added += 1;
            }
            Action::AddAll(documents) => {
                let references = (0..documents).map(|one| format!("{number}.{one}"));
                run.observe("add from an iterator", None);
                self.added += usize::from(documents);
                self.iterate(references.collect(), &mut run.batch);
            }
            Action::Abandon(which) => {
                let place = usize::from(which) % self.keys.len().max(1);
                if let Some(key) = self.keys.iter().nth(place).copied() {
                    run.observe("abandoned", Some(key));
                    run.batch.abandon(key, run.now);
                }
            }
            Action::Notify(which) => {
                // Sometimes before the submit.
                let submit = u64::from(which) % (run.service.submits + 2);
                run.notify(&notification(&Service::id(submit)));
            }
            Action::Confirm => {
                run.observe("confirmed", None);
                run.batch
                    .confirm(run.events.last().map_or(0, |event| event.sequence));
            }
            Action::SetKey => {
                run.observe("another key", None);
                run.batch.set_key("another").unwrap();
            }
            Action::Resume => {
                let finished_at = run.now + Duration::from_secs(20);
                let id = run.service.hold(1 << 30 | number as u64, finished_at);
                let ticket = Ticket::new(id, run.now, run.now + Duration::from_secs(7200));
                run.observe("resume", None);
                self.insert(run.batch.resume(&ticket, run.now));
                self.added += 1;
            }
            Action::Restart => self.restart(run),
            Action::Advance(milliseconds) => {
                let until = run.now + Duration::from_millis(milliseconds.into());
                run.run_until(until);
            }
        }
    }

    fn insert(&mut self, key: Option<JobKey>) {
        self.keys.insert(key.unwrap());
    }

    /// Adds documents that are noted as they are read.
    fn iterate(&mut self, references: Vec<String>, batch: &mut Batch) {
        self.iterated.extend(references.iter().cloned());
        let read = self.read.clone();
        batch.add_all(references.into_iter().map(move |reference| {
            let document = document(&reference);
            read.lock().unwrap().insert(reference);
            document
        }));
    }

    /// The process ends after it has emitted its events. Another one goes on with the tickets, the
    /// snapshots, and the documents that were not read.
    fn restart(&mut self, run: &mut BatchRun) {
        run.run_until(run.now);
        let now = run.now;
        let mut batch = Batch::new(&api(), self.options.clone(), now);
        self.keys.clear();
        let keys: Vec<JobKey> = run.batch.keys().collect();
        for key in keys {
            run.observe(RESTART, Some(key));
            let snapshot = run.batch.snapshot(key).expect("it has not finished");
            // Others have only the ticket.
            let ticket = snapshot
                .ticket()
                .filter(|_| now.since_epoch().as_secs() % 2 == 0);
            let job = match ticket {
                Some(ticket) => batch.resume(&ticket, now),
                None => {
                    let needed = snapshot.needs_document();
                    let document = needed.then(|| document(snapshot.reference().unwrap()));
                    batch.restore(&snapshot, document, now).ok()
                }
            };
            self.insert(job);
        }
        let read = self.read.lock().unwrap().clone();
        let unread = self.iterated.difference(&read).cloned().collect();
        self.iterate(unread, &mut batch);
        self.finished += run.outcomes.len();
        run.restart(batch);
        run.observer = Some(BatchObserver::new(&self.reached, now, None));
    }
}

/// The document of this reference: its number, and perhaps its customer.
fn document(reference: &str) -> Document {
    let (number, customer) = match reference.split_once('/') {
        Some((number, customer)) => (number, Some(customer)),
        None => (reference, None),
    };
    let name = format!("{number}.pdf");
    let document = Document::new(&name, "line-item-invoice", &b"%PDF"[..]).unwrap();
    let document = document.with_reference(reference).unwrap();
    match customer {
        Some(customer) => document.with_customer(customer).unwrap(),
        None => document,
    }
}
