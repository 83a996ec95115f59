use std::sync::Arc;

use super::super::listing::Read;
use super::*;
use crate::machine::delay::DelaySlot;
use crate::wire::ExtractionId;

const NOW: Time = Time::from_unix_seconds(1_700_000_000);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// After a listing that was sent a second ago and had none of ours.
fn discovery() -> Discovery {
    let mut discovery = Discovery::new(&BatchOptions::new());
    let read = Read {
        sent_at: before(SECOND),
        bytes: 10,
        listed: 0,
        ours: 0,
        hint: None,
        is_evidence: true,
    };
    discovery.listing.read(read, NOW);
    discovery
}

fn before(time: Duration) -> Time {
    Time::from_unix(NOW.since_epoch() - time)
}

/// A job of this age that was resumed now, and about which listings tell.
fn resumed(age: Duration) -> Entry {
    let record = Record::resumed(before(age), NOW, NOW + HOUR);
    let id = ExtractionId::new("0d14").ok();
    let mut entry = Entry::new(record, Arc::default(), None, id, DelaySlot::default(), NOW);
    entry.is_counted = true;
    entry
}

fn slot(entry: &Entry) -> Option<Slot> {
    discovery().slot(entry, Duration::ZERO, NOW)
}

#[test]
fn an_old_job_is_not_left_to_the_queue_before_its_first_poll() {
    assert_eq!(slot(&resumed(OLD)), Some(Slot::Polls(Priority::Overdue)));
    let young = resumed(OLD - SECOND);
    assert_eq!(slot(&young), Some(Slot::Polls(Priority::Due)));
    let mut polled = resumed(OLD);
    polled.record.exchange += 1;
    assert_eq!(slot(&polled), Some(Slot::Polls(Priority::Due)));
    let mut fresh = resumed(OLD);
    fresh.record.fresh = true;
    assert_eq!(slot(&fresh), Some(Slot::Polls(Priority::Due)));
}

#[test]
fn one_of_which_no_listing_tells_is_polled_alone_and_so_is_one_whose_poll_failed() {
    let mut uncounted = resumed(HOUR);
    uncounted.is_counted = false;
    assert_eq!(slot(&uncounted), Some(Slot::Polls(Priority::Alone)));
    let mut failed = resumed(HOUR);
    failed.record.failures = 1;
    assert_eq!(slot(&failed), Some(Slot::Polls(Priority::Alone)));
    assert_eq!(slot(&resumed(HOUR)), Some(Slot::Polls(Priority::Due)));
}

#[test]
fn the_poll_of_a_resumed_job_that_was_not_listed_lets_others_wait_for_a_listing() {
    let lets_wait = |entry: &Entry| {
        let mut discovery = discovery();
        discovery.selected(entry);
        !discovery.listing.allows_overdue_poll()
    };
    assert!(lets_wait(&resumed(HOUR)));
    let mut named = resumed(HOUR);
    named.record.reason = PollReason::Listed;
    assert!(!lets_wait(&named), "it was listed");
    let mut uncounted = resumed(HOUR);
    uncounted.is_counted = false;
    assert!(!lets_wait(&uncounted), "no listing tells about it");
    let mut polled = resumed(HOUR);
    polled.record.polled_at = NOW;
    assert!(!lets_wait(&polled), "none came since its last poll");
    let fresh = resumed(Duration::ZERO);
    assert!(!lets_wait(&fresh), "it was not resumed");
}

#[test]
fn what_was_polled_after_the_listing_was_sent_is_not_polled_again_because_of_it() {
    let sent_at = before(SECOND);
    let of = |entry: &Entry| discovery().listed(entry, sent_at, None);
    let named = [None, Some(PollReason::Listed)];
    let reasons = |inputs: [Option<Input>; 2]| {
        inputs.map(|input| match input {
            Some(Input::Named(reason)) => Some(reason),
            _ => None,
        })
    };
    assert_eq!(reasons(of(&resumed(HOUR))), named);
    let mut waits = resumed(HOUR);
    waits.record.polled_at = sent_at;
    assert_eq!(reasons(of(&waits)), [None, None]);
    let mut is_polled = waits;
    is_polled.record.state = State::Polling;
    assert_eq!(reasons(of(&is_polled)), named, "its response is older");
}
