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
