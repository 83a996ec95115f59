//! Learning how long jobs take, and polling accordingly.

use std::time::Duration;

use crate::support::{self, Run, START, accepted, expired, failed, in_progress, response, success};
use proptest::prelude::*;
use typless::machine::{
    DelayEstimator, DelayEstimators, Job, JobOptions, Machine, PollPolicy, RequestId, Ticket,
};
use typless::wire::ExtractionId;

const POLICY: PollPolicy = PollPolicy::balanced();

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Polls a job that takes this long by the estimator, and teaches the estimator. Returns the ages
/// of the polls.
fn follow(estimator: &mut DelayEstimator, takes: f64) -> Vec<f64> {
    let (mut polls, mut last) = (Vec::new(), Duration::ZERO);
    loop {
        let age = POLICY.next_poll_by(Some(estimator), last, None);
        polls.push(age.as_secs_f64());
        if age >= seconds(takes) {
            estimator.observe_finished(last, age);
            return polls;
        }
        estimator.observe_pending(1, last, age);
        last = age;
    }
}

fn polls_per_job(estimator: &mut DelayEstimator, takes: f64, jobs: usize) -> f64 {
    (0..jobs)
        .map(|_| follow(estimator, takes).len())
        .sum::<usize>() as f64
        / jobs as f64
}

#[test]
fn an_empty_estimator_polls_as_without_one() {
    let estimator = DelayEstimator::new();
    let mut age = Duration::ZERO;
    for _ in 0..200 {
        let next = POLICY.next_poll_by(Some(&estimator), age, None);
        assert_eq!(next, POLICY.next_poll(age, None));
        age = next;
    }
    assert!(estimator.is_empty());
}

#[test]
fn polls_move_later_before_a_single_job_has_finished() {
    let mut estimator = DelayEstimator::new();
    let before = POLICY.next_poll_by(Some(&estimator), Duration::ZERO, None);
    estimator.observe_pending(20, Duration::ZERO, seconds(60.0));
    let after = POLICY.next_poll_by(Some(&estimator), Duration::ZERO, None);
    assert!(after > before * 2, "{before:?} {after:?}");
}

#[test]
fn jobs_that_all_take_the_same_soon_need_two_polls_and_hardly_wait() {
    for takes in [3.0, 15.0, 45.0] {
        let mut estimator = DelayEstimator::new();
        (0..100).for_each(|_| drop(follow(&mut estimator, takes)));
        let polls = polls_per_job(&mut estimator, takes, 50);
        let late = follow(&mut estimator, takes).last().unwrap() - takes;
        assert!(
            polls <= 2.5 && late <= f64::max(1.0, takes * 0.13),
            "{takes} s: {polls} polls, {late} s late"
        );
    }
}

#[test]
fn when_jobs_become_slower_or_faster_the_polls_follow() {
    let mut estimator = DelayEstimator::new();
    for takes in [10.0, 40.0, 10.0, 40.0] {
        (0..200).for_each(|_| drop(follow(&mut estimator, takes)));
        let (polls, late) = (
            polls_per_job(&mut estimator, takes, 20),
            follow(&mut estimator, takes).last().unwrap() - takes,
        );
        assert!(
            polls <= 4.0 && late < 4.0,
            "{takes} s: {polls} polls, {late} s late"
        );
    }
}

#[test]
fn a_short_memory_follows_sooner() {
    let jobs_until_it_follows = |half_life| {
        let mut estimator = DelayEstimator::new().with_half_life(half_life);
        (0..500).for_each(|_| drop(follow(&mut estimator, 10.0)));
        (0..500)
            .position(|_| follow(&mut estimator, 60.0)[0] > 15.0)
            .unwrap_or(500)
    };
    assert!(jobs_until_it_follows(8) < jobs_until_it_follows(256));
}

#[test]
fn half_of_the_weight_is_gone_after_a_half_life() {
    for (asked, taken) in [(0, 4), (50, 50), (100_000, 10_000)] {
        let estimator = DelayEstimator::new().with_half_life(asked);
        assert_eq!(estimator.half_life(), taken);
    }
    let mut estimator = DelayEstimator::new();
    (0..1000).for_each(|_| estimator.observe_finished(seconds(9.9), seconds(10.0)));
    let early = estimator.lateness(seconds(9.9), seconds(10.1));
    for _ in 0..DelayEstimator::HALF_LIFE {
        estimator.observe_pending(1, Duration::ZERO, seconds(20.0));
    }
    let later = estimator.lateness(seconds(9.9), seconds(10.1));
    assert!(
        later < early && later > Duration::ZERO,
        "{early:?} {later:?}"
    );
}

#[test]
fn the_same_observations_give_the_same_polls_to_the_nanosecond_on_every_platform() {
    let mut estimator = DelayEstimator::new();
    let mut noise = 1_u64;
    for _ in 0..300 {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        follow(
            &mut estimator,
            5.0 + (noise >> 33) as f64 / f64::from(1 << 26),
        );
    }
    let polls = |policy: PollPolicy, estimator: Option<&DelayEstimator>| {
        let mut age = Duration::ZERO;
        let next = |age: &mut Duration| {
            *age = policy.next_poll_by(estimator, *age, None);
            age.as_nanos()
        };
        (0..5).map(|_| next(&mut age)).collect::<Vec<_>>()
    };
    assert_eq!(polls(POLICY, None), STATIC);
    assert_eq!(polls(POLICY, Some(&estimator)), LEARNED);
    assert_eq!(
        polls(
            PollPolicy::frugal().with_relative_lateness(),
            Some(&estimator)
        ),
        LEARNED_RELATIVE
    );
}

const STATIC: [u128; 5] = [
    6_266_738_891,
    12_437_622_069,
    19_160_644_529,
    26_541_580_197,
    34_620_391_842,
];
const LEARNED: [u128; 5] = [
    10_574_844_360,
    16_882_827_758,
    22_371_261_595,
    27_126_037_595,
    31_015_594_479,
];
const LEARNED_RELATIVE: [u128; 5] = [
    28_280_166_625,
    37_827_026_366,
    43_070_816_038,
    182_958_724_973,
    482_958_724_973,
];

#[test]
fn learned_delays_round_trip_to_the_bit() {
    let mut estimator = DelayEstimator::new().with_half_life(32);
    (1..80).for_each(|job| drop(follow(&mut estimator, f64::from(job))));
    let json = serde_json::to_string(&estimator).unwrap();
    let read: DelayEstimator = serde_json::from_str(&json).unwrap();
    assert_eq!(read, estimator);
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
    assert!(json.len() < 2500, "{}", json.len());
    // The estimator that was read has all observations in its curve; the other may lack the last
    // few.
    let again: DelayEstimator = serde_json::from_str(&json).unwrap();
    assert_eq!(
        POLICY.next_poll_by(Some(&read), seconds(3.0), None),
        POLICY.next_poll_by(Some(&again), seconds(3.0), None)
    );
}

#[test]
fn damaged_data_is_refused_with_its_reason() {
    let mut estimator = DelayEstimator::new();
    estimator.observe_finished(seconds(3.0), seconds(4.0));
    let json = serde_json::to_string(&estimator).unwrap();
    let error = |json: &str| {
        serde_json::from_str::<DelayEstimator>(json)
            .unwrap_err()
            .to_string()
    };
    let cases = [
        (
            json.replace("\"half_life\":64", "\"half_life\":63"),
            "damaged or edited",
        ),
        (json.replace("\"observations\":1,", ""), "damaged or edited"),
        (
            json.replace("\"typless_delays\":1", "\"typless_delays\":2"),
            "version 2, written by a newer typless",
        ),
        (
            json.replace("\"typless_delays\":1", "\"typless_delays\":0"),
            "version 0 never was",
        ),
        (
            String::from(r#"{"typless_delays":3,"buckets":7}"#),
            "version 3, written by a newer typless",
        ),
        (json[..json.len() / 2].to_owned(), "EOF"),
        (
            json.replace("\"finished\":[", "\"finished\":[-1,"),
            "invalid value",
        ),
        (String::from("null"), "invalid type"),
    ];
    for (damaged, problem) in cases {
        assert!(
            error(&damaged).contains(problem),
            "{damaged}: {}",
            error(&damaged)
        );
    }
}

#[test]
fn each_document_type_is_learned_separately() {
    let mut estimators = DelayEstimators::new();
    let (invoice, statement) = (Some("invoice"), Some("bank-statement"));
    for _ in 0..200 {
        estimators.observe_finished(invoice, seconds(4.5), seconds(5.0));
        estimators.observe_pending(statement, 1, Duration::ZERO, seconds(55.0));
        estimators.observe_finished(statement, seconds(55.0), seconds(60.0));
    }
    let first = |name| {
        POLICY
            .next_poll_by(Some(estimators.get(name)), Duration::ZERO, None)
            .as_secs_f64()
    };
    assert!(first(invoice) < 7.0, "{}", first(invoice));
    assert!(first(statement) > 30.0, "{}", first(statement));
    assert_eq!(
        estimators.document_types().collect::<Vec<_>>(),
        ["invoice", "bank-statement"]
    );
}

#[test]
fn a_new_type_starts_from_the_others_and_soon_has_its_own() {
    let mut estimators = DelayEstimators::new();
    for _ in 0..200 {
        estimators.observe_pending(Some("old"), 1, Duration::ZERO, seconds(55.0));
        estimators.observe_finished(Some("old"), seconds(55.0), seconds(60.0));
    }
    let first = |estimators: &DelayEstimators| {
        POLICY
            .next_poll_by(Some(estimators.get(Some("new"))), Duration::ZERO, None)
            .as_secs_f64()
    };
    assert!(first(&estimators) > 30.0);
    estimators.observe_pending(Some("new"), 1, Duration::ZERO, seconds(5.0));
    assert!(first(&estimators) > 12.0, "{}", first(&estimators));
    for _ in 0..20 {
        estimators.observe_finished(Some("new"), seconds(5.0), seconds(6.0));
    }
    assert!(first(&estimators) < 15.0, "{}", first(&estimators));
}

#[test]
fn the_number_of_types_is_bounded_and_the_rest_share_one_entry() {
    let mut estimators = DelayEstimators::new();
    for number in 0..1000 {
        estimators.observe_finished(Some(&format!("type-{number}")), seconds(4.0), seconds(5.0));
    }
    assert_eq!(
        estimators.document_types().count(),
        DelayEstimators::MAX_TYPES
    );
    assert_eq!(estimators.get(Some("type-999")), estimators.pooled());
    assert_eq!(estimators.get(None), estimators.pooled());
    let read: DelayEstimators =
        serde_json::from_str(&serde_json::to_string(&estimators).unwrap()).unwrap();
    assert_eq!(read, estimators);
}

proptest! {
    #![proptest_config(support::cases(256))]

    #[test]
    fn whatever_is_observed_polls_keep_to_their_gaps(
        observations in prop::collection::vec((any::<bool>(), any::<u32>(), ages(), ages()), 0..40),
        age in ages(),
        half_life in any::<u32>(),
        relative in any::<bool>(),
    ) {
        let mut estimator = DelayEstimator::new().with_half_life(half_life);
        for (finished, jobs, from, to) in observations {
            if finished {
                estimator.observe_finished(from, to);
            } else {
                estimator.observe_pending(jobs, from, to);
            }
        }
        let policy = if relative {
            POLICY.with_relative_lateness()
        } else {
            POLICY
        };
        let next = policy.next_poll_by(Some(&estimator), age, None);
        prop_assert!(next >= age.saturating_add(policy.smallest_gap()) || next == Duration::MAX);
        prop_assert!(next <= age.saturating_add(policy.largest_gap()));
        let read: DelayEstimator =
            serde_json::from_str(&serde_json::to_string(&estimator).unwrap()).unwrap();
        prop_assert_eq!(read, estimator);
    }

    #[test]
    fn the_lateness_grows_with_the_age_and_is_zero_at_a_poll(
        finishes in prop::collection::vec(1.0..500.0_f64, 0..100),
        from in 0.0..1000.0_f64,
        gaps in prop::collection::vec(0.0..100.0_f64, 1..20),
    ) {
        let mut estimator = DelayEstimator::new();
        finishes
            .iter()
            .for_each(|takes| drop(follow(&mut estimator, *takes)));
        let (mut to, mut before) = (from, Duration::ZERO);
        prop_assert_eq!(
            estimator.lateness(seconds(from), seconds(from)),
            Duration::ZERO
        );
        for gap in gaps {
            to += gap;
            let lateness = estimator.lateness(seconds(from), seconds(to));
            prop_assert!(lateness + Duration::from_micros(16) >= before);
            before = lateness;
        }
    }
}

fn ages() -> impl Strategy<Value = Duration> {
    prop_oneof![
        any::<u64>().prop_map(Duration::from_nanos),
        (0..400_000_u64).prop_map(Duration::from_millis),
        Just(Duration::ZERO),
        Just(Duration::MAX),
    ]
}

#[test]
fn a_job_polls_by_its_estimator_and_teaches_it() {
    let mut estimator = DelayEstimator::new();
    (0..100).for_each(|_| drop(follow(&mut estimator, 50.0)));
    let expected = POLICY.next_poll_by(Some(&estimator), Duration::ZERO, None);
    let mut run = Run::new(support::submit(JobOptions::new()).with_estimator(estimator.clone()));
    run.reply(accepted());
    let submitted_at = run.now;
    run.reply(in_progress());
    assert_eq!(run.now.saturating_since(submitted_at), expected);
    estimator.observe_pending(1, Duration::ZERO, expected);
    assert_eq!(run.job.estimator(), Some(&estimator));
    run.reply(success()).settle();
    estimator.observe_finished(expected, run.now.saturating_since(submitted_at));
    assert_eq!(run.job.estimator(), Some(&estimator));
}

#[test]
fn a_response_that_the_job_does_not_wait_for_teaches_nothing() {
    let job = support::submit(JobOptions::new()).with_estimator(DelayEstimator::new());
    let mut run = Run::new(job);
    run.reply(accepted()).reply(in_progress());
    let before = run.job.estimator().unwrap().clone();
    assert!(!before.is_empty());
    let later = run.now + seconds(100.0);
    run.job
        .handle_response(RequestId::new(2), in_progress(), later);
    assert_eq!(run.job.estimator(), Some(&before));
}

#[test]
fn a_failed_document_teaches_like_any_other() {
    assert_ne!(taught_by(failed()), DelayEstimator::new());
}

#[test]
fn expired_and_unobserved_outcomes_teach_nothing() {
    for response in [expired(), response(500, "broken"), response(403, "{}")] {
        assert_eq!(taught_by(response), DelayEstimator::new());
    }
}

/// What an estimator has learned from a job whose first poll gets this response.
fn taught_by(response: http::Response<bytes::Bytes>) -> DelayEstimator {
    let mut run =
        Run::new(support::submit(JobOptions::new()).with_estimator(DelayEstimator::new()));
    run.reply(accepted()).reply(response);
    run.job.estimator().unwrap().clone()
}

#[test]
fn a_resumed_job_teaches_only_what_was_observed_since() {
    let ticket = Ticket::new(
        ExtractionId::new(support::ID).unwrap(),
        START,
        START + Duration::from_secs(86_400),
    );
    let now = START + Duration::from_secs(3600);
    let mut run = Run::new(
        Job::resume(&support::api(), &ticket, JobOptions::new(), now)
            .with_estimator(DelayEstimator::new()),
    );
    run.now = now;
    run.reply(in_progress());
    assert_eq!(run.job.estimator(), Some(&DelayEstimator::new()));
    run.reply(success()).settle();
    let mut expected = DelayEstimator::new();
    expected.observe_finished(Duration::from_secs(3600), run.now.saturating_since(START));
    assert_eq!(run.job.estimator(), Some(&expected));
}
