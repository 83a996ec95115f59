//! However the service failed: once it works, every job has its result within minutes, without help
//! and without another fault to shake it.

use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::service::{Fault, numbered};
use crate::support::{START, cases};
use proptest::collection::vec;
use proptest::prelude::*;
use typless::machine::{BatchOptions, Time};

/// The longest that a result may take once the service works: extraction takes up to two minutes, a
/// `Retry-After` up to five, and the next probe may be five minutes away.
const RECOVERY: Duration = Duration::from_secs(20 * 60);

/// How the service says that nothing has finished. Only the first is in its own words.
const EMPTY: [&str; 5] = [r#"{"extraction_ids": []}"#, "[]", "{}", "null", ""];

/// Which requests an outage befalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Submits,
    Polls,
    Listings,
    PollsAndListings,
}

impl Scope {
    fn contains(self, request: &str) -> bool {
        let is_submit = request.starts_with("POST");
        let is_listing = !is_submit && !request.contains("extraction_id=");
        match self {
            Self::All => true,
            Self::Submits => is_submit,
            Self::Polls => !is_submit && !is_listing,
            Self::Listings => is_listing,
            Self::PollsAndListings => !is_submit,
        }
    }
}

/// A span in which the service fails.
#[derive(Debug, Clone)]
struct Outage {
    begins: Duration,
    lasts: Duration,
    scope: Scope,
    fault: Fault,
    /// Of ten requests, how many it befalls.
    tenths: u64,
}

impl Outage {
    fn ends_at(&self) -> Time {
        START + self.begins + self.lasts
    }

    fn befalls(&self, number: u64, request: &str, now: Time) -> bool {
        let is_now = now >= START + self.begins && now < self.ends_at();
        let is_drawn = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 0xff < self.tenths * 26;
        is_now && is_drawn && self.scope.contains(request)
    }
}

fn outage() -> impl Strategy<Value = Outage> {
    let scope = prop_oneof![
        4 => Just(Scope::All),
        2 => Just(Scope::Submits),
        1 => Just(Scope::Polls),
        1 => Just(Scope::Listings),
        1 => Just(Scope::PollsAndListings),
    ];
    let fault = prop_oneof![
        Just(Fault::NotSent),
        Just(Fault::ResponseLost),
        Just(Fault::NoResponse),
        Just(Fault::Status(200)),
        Just(Fault::Status(429)),
        Just(Fault::Status(500)),
        Just(Fault::Status(503)),
        (1..300_u64).prop_map(|seconds| Fault::RetryAfter(429, seconds)),
        (1..300_u64).prop_map(|seconds| Fault::RetryAfter(503, seconds)),
    ];
    let some = (0..1800_u64, 1..1800_u64, scope, fault, 4..=10_u64).prop_map(
        |(begins, lasts, scope, fault, tenths)| Outage {
            begins: Duration::from_secs(begins),
            lasts: Duration::from_secs(lasts),
            // Of what could not be sent, every attempt between successes counts.
            tenths: if fault == Fault::NotSent { 10 } else { tenths },
            scope,
            fault,
        },
    );
    // A key that is refused for some requests alone may be refused for their documents alone.
    let key = (0..1800_u64, 1..1800_u64).prop_map(|(begins, lasts)| Outage {
        begins: Duration::from_secs(begins),
        lasts: Duration::from_secs(lasts),
        scope: Scope::All,
        fault: Fault::Status(401),
        tenths: 10,
    });
    prop_oneof![6 => some, 1 => key]
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn once_the_service_works_every_job_has_its_result_soon(
        seed in any::<u64>(),
        is_queue in any::<bool>(),
        arrivals in vec((0..3600_u64, 1..6_usize), 1..12),
        outages in vec(outage(), 1..4),
        empty in prop::sample::select(&EMPTY[..]),
        abandoned_probes in 0..3_usize,
        takes in 1..120_u64,
    ) {
        let options = BatchOptions::new().with_seed(seed);
        let options = if is_queue { options } else { options.without_queue() };
        let mut run = BatchRun::new(options);
        run.keeps_events = false;
        run.service.empty = empty;
        run.service.takes = Box::new(move |number| Duration::from_secs(1 + number * 7 % takes));
        run.abandons_probes = abandoned_probes;
        let faults = outages.clone();
        run.service.fault = Box::new(move |number, request, now| {
            let outage = faults.iter().find(|it| it.befalls(number, request, now))?;
            Some(outage.fault.clone())
        });
        let mut arrivals = arrivals;
        arrivals.sort_unstable();
        let mut documents = 0;
        for (at, count) in arrivals {
            run.run_until(START + Duration::from_secs(at));
            for _ in 0..count {
                run.batch.add(numbered(documents), run.now).unwrap();
                documents += 1;
            }
        }
        let ends_at = outages.iter().map(Outage::ends_at).max().unwrap_or(START);
        run.batch.close();
        run.run_until(run.now.max(ends_at) + RECOVERY);
        let abandoned = abandoned_probes - run.abandons_probes;
        let unknown = run.count_errors("SubmitUnknown");
        prop_assert_eq!(
            run.succeeded() + run.count_errors("Abandoned") + unknown,
            documents,
            "{:?} {:?}", run.outcomes, run.batch.progress()
        );
        prop_assert_eq!(run.count_errors("Abandoned"), abandoned);
    }
}
