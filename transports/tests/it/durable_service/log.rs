//! What the example does with a log that was left by a crash, and with one that was not.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Duration;

use typless_emulator::ServiceOptions;

use super::process::{Setup, setup, wait_for};

#[test]
fn a_torn_last_line_is_cut_off() {
    let setup = setup();
    let process = setup.start();
    let first = setup.add(1);
    process.kill();
    let mut log = OpenOptions::new().append(true).open(setup.log()).unwrap();
    log.write_all(br#"[{"row":{"document":{"id":"9f86d0"#)
        .unwrap();
    let process = setup.start();
    let second = setup.add(2);
    process.kill();
    // What was appended after it can be read, too.
    let _process = setup.start().listening();
    let statuses = setup.wait();
    assert_eq!(statuses.len(), 2);
    assert!(statuses.contains_key(&first) && statuses.contains_key(&second));
}

#[test]
fn a_log_that_no_crash_leaves_is_refused() {
    let setup = setup();
    let process = setup.start();
    setup.add(1);
    process.kill();
    let log = fs::read_to_string(setup.log()).unwrap();
    // The last one could be of a newer version.
    let lines = log.lines().count();
    for (log, line) in [
        (format!("[{{]\n{log}"), 1),
        (format!("{log}[{{\"new\":1}}]\n"), lines + 1),
    ] {
        fs::write(setup.log(), log).unwrap();
        let (code, reason) = setup.refusal();
        assert_eq!(code, Some(1));
        let expected = format!("line {line} of the log can't be read");
        assert!(reason.contains(&expected), "{reason}");
    }
}

#[test]
fn a_shutdown_stores_what_has_not_finished() {
    let setup = Setup::new(ServiceOptions::new().with_pace(Duration::from_hours(1)));
    let process = setup.start();
    let id = setup.add(1);
    let submitted = wait_for("its ticket", || {
        let snapshot = setup.snapshots().remove(&id)?;
        snapshot.ticket().is_some().then_some(snapshot)
    });
    assert!(process.terminate().success());
    let stored = setup.snapshots().remove(&id).unwrap();
    assert!(stored.taken_at() > submitted.taken_at());
    let ticket = stored.ticket().unwrap();
    assert_eq!(Some(&ticket), submitted.ticket().as_ref());

    let _process = setup.start().listening();
    assert_eq!(setup.statuses()[&id], "pending");
    // It goes on: the message makes its poll earlier.
    let message = format!("{{\"data\":{{\"id\":\"{}\"}}}}", ticket.extraction_id());
    let response = setup.request("POST", "/typless", message.as_bytes());
    assert_eq!(response.unwrap().0, 204);
    let requests = || {
        setup
            .emulator
            .with_service(|service| service.counts().requests)
    };
    wait_for("a poll", || (requests() > 1).then_some(()));
    assert_eq!(setup.emulator.with_service(|service| service.accepted()), 1);
}

#[test]
fn a_folder_has_one_process() {
    let setup = setup();
    let _process = setup.start().listening();
    let (code, reason) = setup.refusal();
    assert_eq!(code, Some(1));
    assert!(reason.contains("the folder is in use"), "{reason}");
}
