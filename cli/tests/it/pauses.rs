//! Pauses, outages and limits of time, as a user sees them.

use std::thread;
use std::time::Duration;

use crate::support::{
    INVOICE, at, folder, in_order, lines, read, run, sample, service, start, tickets, wait_for,
};
use serde_json::Value;
use typless::drive::Clock;
use typless::machine::Time;
use typless_emulator::{Fault, Faults, Listener, ServiceOptions};
use typless_transports::SystemClock;

/// Slowly enough that it can fail in between, and only so long.
const GIVES_UP: [&str; 6] = [
    "--rate",
    "20",
    "--format",
    "json",
    "--give-up-after",
    "1500ms",
];

const HOUR: Duration = Duration::from_secs(3600);

/// A service that asks for an hour's pause whenever it asks for one.
fn slow(pace: Duration) -> Listener {
    let faults = Faults::default().with_retry_after(HOUR);
    service(ServiceOptions::new().with_pace(pace).with_faults(faults))
}

fn in_an_hour() -> Time {
    SystemClock::new().now() + HOUR
}

fn with_status<'r>(rows: &'r [Value], status: &str) -> Vec<&'r Value> {
    rows.iter().filter(|row| row["status"] == status).collect()
}

#[test]
fn a_pause_is_shown_and_giving_up_reports_each_document() {
    let folder = folder(40);
    let listener = slow(HOUR);
    let process = start(
        at("extract", &listener.base_url(), &INVOICE)
            .args(GIVES_UP)
            .args(["--deadline", "100ms"])
            .arg(folder.path()),
    );
    wait_for(&listener, 5);
    listener.with_service(|service| service.fail_until(in_an_hour(), Fault::TooManyRequests));
    let (code, out, err) = read(process.wait_with_output().unwrap());
    let rows = in_order(&out);
    let accepted = listener.with_service(|service| service.accepted());
    let (left, unsubmitted) = (
        with_status(&rows, "DEADLINE").len(),
        with_status(&rows, "NOT_SUBMITTED").len(),
    );
    assert_eq!((left, unsubmitted), (accepted, 40 - accepted), "{out}");
    assert_eq!((code, tickets(&err).len()), (1, accepted), "{err}");
    assert_eq!(err.matches("typless: paused since ").count(), 1, "{err}");
    assert!(
        err.contains(": the service asked for a pause: ") && err.contains("--give-up-after"),
        "{err}"
    );
}

#[test]
fn quiet_shows_no_pause() {
    let listener = slow(HOUR);
    listener.with_service(|service| service.fail_until(in_an_hour(), Fault::TooManyRequests));
    let (code, _, err) = run(at("submit", &listener.base_url(), &INVOICE)
        .args(["--quiet", "--give-up-after", "300ms"])
        .arg(sample()));
    assert!(
        code == 3 && err.lines().count() == 1 && err.contains("was not submitted before"),
        "{err}"
    );
}

#[test]
fn an_outage_is_shown_until_it_is_over_and_ends_nothing() {
    let folder = folder(30);
    let listener = service(ServiceOptions::new().with_pace(Duration::from_millis(1)));
    let process = start(
        at("extract", &listener.base_url(), &INVOICE)
            .args(["--rate", "100", "--format", "json"])
            .arg(folder.path()),
    );
    wait_for(&listener, 5);
    listener.close_for(Duration::from_secs(2));
    let (_, out, err) = read(process.wait_with_output().unwrap());
    let rows = in_order(&out);
    let (results, unknown) = (
        with_status(&rows, "SUCCESS").len(),
        with_status(&rows, "SUBMIT_UNKNOWN").len(),
    );
    assert!(results + unknown == 30 && unknown <= 4, "{out} {err}");
    assert_eq!(err.matches("typless: paused since ").count(), 1, "{err}");
    assert!(
        err.contains("the service does not work, or cannot be reached: ")
            && err.contains(" is over after ")
            && err.contains("the service works again"),
        "{err}"
    );
}

#[test]
fn a_key_that_is_refused_later_pauses_and_tells_no_document_that_it_was_refused() {
    let folder = folder(20);
    let listener = service(ServiceOptions::new().with_pace(HOUR));
    let process = start(
        at("extract", &listener.base_url(), &INVOICE)
            .args(GIVES_UP)
            .arg(folder.path()),
    );
    wait_for(&listener, 3);
    listener.with_service(|service| service.fail_until(in_an_hour(), Fault::Unauthorized));
    let (code, out, err) = read(process.wait_with_output().unwrap());
    let rows = in_order(&out);
    let accepted = listener.with_service(|service| service.accepted());
    assert!(with_status(&rows, "REFUSED").is_empty(), "{out}");
    assert_eq!(with_status(&rows, "DEADLINE").len(), accepted, "{out}");
    assert_eq!((code, tickets(&err).len()), (1, accepted), "{err}");
    assert!(
        err.contains("typless: paused since ") && err.contains("the service refuses the key"),
        "{err}"
    );
}

#[test]
fn resume_ends_soon_if_the_service_cannot_be_reached_and_keeps_the_ticket() {
    let listener = service(ServiceOptions::new());
    let ticket = crate::support::submitted(&listener.base_url(), &[]);
    let url = listener.base_url();
    drop(listener);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &ticket).unwrap();
    let (code, out, err) = run(at("resume", &url, &["--format", "json"]).arg(file.path()));
    assert_eq!((code, tickets(&err).len()), (3, 1), "{err}");
    assert_eq!(lines(&out)[0]["status"], "NO_RESPONSE");
    assert!(err.contains("could not be reached"), "{err}");
}

#[test]
fn the_rate_bounds_every_second() {
    const MAX: usize = 12;
    let folder = folder(15);
    let listener = service(ServiceOptions::new().with_pace(Duration::ZERO));
    let url = listener.base_url();
    let most = |listener: &Listener| listener.with_service(|service| service.counts());
    let (code, _, err) = run(at("submit", &url, &INVOICE).arg(folder.path()));
    let submitted = most(&listener);
    // A request that is delayed on its way arrives together with later ones: two more than 10.
    assert!(
        code == 0 && submitted.max_per_second <= MAX,
        "{submitted:?} {err}"
    );
    thread::sleep(Duration::from_millis(1000));
    let (code, _, err) = run(&mut at("drain", &url, &[]));
    let drained = most(&listener);
    assert!(
        code == 0 && drained.max_per_second <= MAX,
        "{drained:?} {err}"
    );
    assert_eq!(drained.polls, 15);
}
