use super::*;

const NOW: Time = Time::from_unix_seconds(1_700_000_000);

#[test]
fn a_listing_finds_out_whether_the_service_works_unless_it_seems_broken_itself() {
    let mut listing = Listing::new(true, None);
    assert!(listing.can_probe(0));
    assert!(
        !listing.can_probe(MAX_FAULTS.into()),
        "it never showed anything"
    );
    listing.is_evidence = true;
    let submits = (0..PROBES_OF_AN_HOUR * 3).filter(|failed| !listing.can_probe(*failed));
    assert_eq!(submits.count(), 3, "one an hour is a submit");
    assert!(!Listing::new(false, None).can_probe(0));
}

#[test]
fn a_failure_after_a_problem_shortens_no_wait() {
    let mut listing = Listing::new(true, None);
    listing.sent(NOW);
    listing.degrade(QueueProblem::NotListed, NOW);
    listing.failed(Duration::from_secs(1), NOW + Duration::from_secs(1));
    assert_eq!(listing.not_before, NOW + RETRY_AFTER_PROBLEM);
}

#[test]
fn a_listing_resets_what_failures_counted() {
    let mut listing = Listing::new(true, None);
    for failures in 1..5 {
        assert_eq!(listing.next_failure(), failures);
        listing.failed(Duration::ZERO, NOW);
    }
    let (sent_at, bytes) = (NOW, 10);
    let (listed, ours) = (0, 0);
    let read = Read {
        sent_at,
        bytes,
        listed,
        ours,
        hint: None,
        is_evidence: true,
    };
    listing.read(read, NOW);
    assert_eq!(listing.next_failure(), 1);
}

/// What one listing of nothing is, but for its length.
fn foreign(bytes: u64) -> Read {
    Read {
        sent_at: NOW,
        bytes,
        listed: 1000,
        ours: 0,
        hint: None,
        is_evidence: true,
    }
}

#[test]
fn a_listing_is_too_much_of_others_only_beyond_its_length() {
    let problem = |bytes| Listing::new(true, None).read(foreign(bytes), NOW);
    assert_eq!(problem(MAX_FOREIGN_BYTES), None);
    assert_eq!(
        problem(MAX_FOREIGN_BYTES + 1),
        Some(Err(QueueProblem::Foreign))
    );
}

#[test]
fn it_tells_about_the_jobs_of_its_customer_or_of_all_unless_it_is_off() {
    let (acme, other) = (Arc::from("acme"), Arc::from("other"));
    let of_acme = Listing::new(true, Some(Arc::clone(&acme)));
    assert!(of_acme.tells_about(Some(&acme)));
    assert!(!of_acme.tells_about(Some(&other)) && !of_acme.tells_about(None));
    let of_all = Listing::new(true, None);
    assert!(of_all.tells_about(Some(&other)) && of_all.tells_about(None));
    assert!(!Listing::new(false, None).tells_about(None));
}

#[test]
fn it_is_not_due_where_some_have_finished_since_that_was_computed() {
    let measure = || Measure {
        poll_policy: PollPolicy::balanced(),
        pressure: Duration::ZERO,
        estimators: None,
        is_relaxed: false,
    };
    let (kind, record) = (DelaySlot::default(), Record::ready(NOW, Time::MAX));
    let record = Record {
        submitted_at: NOW,
        ..record
    };
    let mut listing = Listing::new(true, None);
    for _ in 0..64 {
        listing.begin(kind, &record, NOW);
    }
    let due = listing.next_at(measure(), NOW).expect("it is worth it");
    assert!(listing.is_due(measure(), due));
    // So few that it is not computed again.
    for _ in 0..2 {
        listing.end(kind, &record);
    }
    assert_eq!(listing.next_at(measure(), due), Some(due));
    assert!(!listing.is_due(measure(), due));
}
