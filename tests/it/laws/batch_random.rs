//! Batches against a service that fails at random: every document is accounted for once, none is
//! submitted twice, no limit is exceeded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::START;
use crate::support::service::{BatchRun, Fault, Service, notification, numbered};
use proptest::prelude::*;
use typless::machine::{BatchOptions, JobKey, Machine, Output, Ticket};

/// An action of the caller.
#[derive(Debug, Clone, Copy)]
enum Act {
    Add(Option<u8>),
    Feed(u8),
    Abandon(u8),
    Notify(u8),
    Confirm,
    SetKey,
    Resume,
    Pass(u32),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => proptest::option::of(0..3_u8).prop_map(Act::Add),
        1 => (0..10_u8).prop_map(Act::Feed),
        1 => any::<u8>().prop_map(Act::Abandon),
        1 => any::<u8>().prop_map(Act::Notify),
        2 => Just(Act::Confirm),
        1 => Just(Act::SetKey),
        1 => Just(Act::Resume),
        6 => (0..30_000_u32).prop_map(Act::Pass),
    ]
}

/// How many of a hundred requests fail in which way.
#[derive(Debug, Clone)]
struct Weather {
    seed: u64,
    faults: Vec<(u8, Fault)>,
    /// How long it lasts, in seconds from the start.
    lasts: u64,
    hides: bool,
    forgets: bool,
}

fn weathers() -> impl Strategy<Value = Weather> {
    let fault = prop_oneof![
        Just(Fault::NotSent),
        Just(Fault::AnswerLost),
        Just(Fault::Silence),
        Just(Fault::Status(500)),
        Just(Fault::Status(408)),
        Just(Fault::Status(429)),
        Just(Fault::Status(401)),
        (1..100_u64).prop_map(|seconds| Fault::RetryAfter(429, seconds)),
        Just(Fault::Status(200)),
    ];
    let faults = prop::collection::vec((0..12_u8, fault), 0..4);
    (
        any::<u64>(),
        faults,
        0..2000_u64,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(seed, faults, lasts, hides, forgets)| Weather {
            seed,
            faults,
            lasts,
            hides,
            forgets,
        })
}

impl Weather {
    fn reign(self, run: &mut BatchRun) {
        let Self {
            seed,
            faults,
            lasts,
            hides,
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
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_document_is_accounted_for_once((options, limits) in options(), weather in weathers(), acts in prop::collection::vec(acts(), 1..60)) {
        let mut run = BatchRun::new(options);
        weather.reign(&mut run);
        let (mut keys, mut fed) = (BTreeMap::new(), 0);
        for (number, act) in acts.into_iter().enumerate() {
            perform(act, number, &mut run, &mut keys, &mut fed);
        }
        run.batch.close();
        for _ in 0..1000 {
            run.run();
            if matches!(run.batch.next_output(run.now), Output::Done) {
                break;
            }
            run.batch.confirm(u64::MAX);
            run.batch.set_key("yet-another").unwrap();
        }
        prop_assert!(matches!(run.batch.next_output(run.now), Output::Done), "{:?}", run.batch);
        prop_assert_eq!(run.ends.len(), keys.len() + fed);
        prop_assert!(keys.keys().all(|key| run.ends.contains_key(key)));
        // By the records of the service, no name was submitted twice.
        let names: BTreeSet<&str> = run.service.held.values().map(|held| held.name.as_str()).collect();
        prop_assert_eq!(names.len(), run.service.held.len());
        // A job with a result was submitted, and its result was read.
        let read = run.service.held.values().filter(|held| held.read_at.is_some()).count();
        prop_assert!(run.succeeded() <= read);
        let [in_flight, submits, a_second] = limits;
        prop_assert!(run.max_in_flight_seen <= in_flight, "{} in flight", run.max_in_flight_seen);
        prop_assert!(run.max_submits_seen <= submits, "{} submits", run.max_submits_seen);
        prop_assert!(run.max_in_a_second <= a_second, "{} in a second", run.max_in_a_second);
    }
}

fn perform(
    act: Act,
    number: usize,
    run: &mut BatchRun,
    keys: &mut BTreeMap<JobKey, ()>,
    fed: &mut usize,
) {
    match act {
        Act::Add(customer) => {
            let document = match customer {
                Some(customer) => numbered(number)
                    .with_customer(&customer.to_string())
                    .unwrap(),
                None => numbered(number),
            };
            keys.insert(run.batch.add(document, run.now).unwrap(), ());
        }
        Act::Feed(documents) => {
            *fed += usize::from(documents);
            run.batch.add_all(
                (0..usize::from(documents)).map(move |one| numbered((number + 1) * 1000 + one)),
            );
        }
        Act::Abandon(which) => {
            if let Some(key) = keys.keys().nth(usize::from(which)) {
                run.batch.abandon(*key, run.now);
            }
        }
        Act::Notify(which) => run
            .batch
            .handle_notification(&notification(&Service::id(which.into())), run.now),
        Act::Confirm => run
            .batch
            .confirm(run.events.last().map_or(0, |event| event.sequence)),
        Act::SetKey => run.batch.set_key("another").unwrap(),
        Act::Resume => {
            let id = run
                .service
                .hold(1 << 30 | number as u64, run.now + Duration::from_secs(20));
            let key = run.batch.resume(
                &Ticket::new(id, run.now, run.now + Duration::from_secs(7200)),
                run.now,
            );
            keys.insert(key.unwrap(), ());
        }
        Act::Pass(milliseconds) => {
            let until = run.now + Duration::from_millis(milliseconds.into());
            run.run_until(until);
        }
    }
}
