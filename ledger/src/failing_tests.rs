//! A file that can't be written for a while: submits wait, polls go on, and nothing is lost.

use bytes::Bytes;
use http::Response;
use typless::machine::{Batch, BatchOptions, Machine as _, Output, Purpose, Time};
use typless::wire::{Api, Document};

use crate::{Ledger, LedgerError, LedgerOptions, Session, with_digest};

const START: Time = Time::from_unix_seconds(1_700_000_000);

fn document(number: usize) -> Document {
    let content = format!("%PDF {number}").into_bytes();
    let document = Document::new("some.pdf", "line-item-invoice", content).expect("a document");
    with_digest(document).expect("it can be read")
}

/// What a run has sent, and the errors of its commits.
#[derive(Default)]
struct Run {
    now: Time,
    submits: usize,
    polls: usize,
    errors: Vec<LedgerError>,
    ids: usize,
}

impl Run {
    /// Takes this many outputs. Commits at each event, and goes on if it fails.
    fn steps(&mut self, session: &mut Session, batch: &mut Batch, steps: usize) {
        for _ in 0..steps {
            match batch.next_output(self.now) {
                Output::Event(event) => session.record(batch, &event, self.now),
                Output::Send(transmit) => {
                    let body = match transmit.purpose {
                        Purpose::Submit => {
                            self.submits += 1;
                            self.ids += 1;
                            format!(r#"{{"extraction_id": "0d14-{}"}}"#, self.ids)
                        }
                        Purpose::Poll => {
                            self.polls += 1;
                            r#"{"status": "IN_PROGRESS", "error": {}, "result": {}}"#.to_owned()
                        }
                        _ => r#"{"extraction_ids": []}"#.to_owned(),
                    };
                    let response = Response::new(Bytes::from(body));
                    batch.handle_response(transmit.id, response, self.now);
                }
                Output::Wait(until) => self.now = until,
                Output::NeedInput | Output::Done => return,
            }
            if let Err(error) = session.commit(batch, self.now) {
                self.errors.push(error);
            }
        }
    }
}

/// Two documents are submitted, then `fail` makes the ledger fail, until `heal`.
fn fails_and_heals(
    fail: impl Fn(&Ledger),
    heal: impl Fn(&Ledger),
    is_expected: impl Fn(&LedgerError) -> bool,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    let open = || Ledger::open(&path, LedgerOptions::new().without_sync()).expect("it opens");
    let api = Api::new("http://localhost", "my-key").expect("an address");
    let options = BatchOptions::new().without_rate().without_queue();
    let (mut session, mut batch) = open().start(&api, options.clone(), START);
    let mut run = Run {
        now: START,
        ..Run::default()
    };
    for number in 0..2 {
        batch.add(document(number), START);
    }
    run.steps(&mut session, &mut batch, 40);
    assert!(
        run.submits == 2 && run.errors.is_empty(),
        "{:?}",
        run.errors
    );

    fail(&session.ledger);
    for number in 2..40 {
        batch.add(document(number), run.now);
    }
    // There may be room for some.
    for _ in 0..1000 {
        if run.errors.is_empty() {
            run.steps(&mut session, &mut batch, 1);
        }
    }
    let (submits, polls) = (run.submits, run.polls);
    assert!(submits < 40, "it does not fail");
    run.steps(&mut session, &mut batch, 200);
    assert_eq!(run.submits, submits, "one left that was not stored");
    assert!(run.polls > polls + 5, "{} polls", run.polls - polls);
    assert!(run.errors.iter().all(&is_expected), "{:?}", run.errors);
    let text = run.errors.first().expect("an error").to_string();
    assert!(text.contains("ledger.db"), "{text}");
    // What was stored before can be read.
    assert!(session.ledger.pending().filter(Result::is_ok).count() >= 2);

    heal(&session.ledger);
    session.commit(&mut batch, run.now).expect("it can write");
    run.errors.clear();
    run.steps(&mut session, &mut batch, 2000);
    assert!(
        run.submits == 40 && run.errors.is_empty(),
        "{:?}",
        run.errors
    );
    drop(session);
    let (mut session, mut batch) = open().start(&api, options, run.now);
    let recovered = session.recover(&mut batch, |_| None, run.now);
    assert_eq!(recovered.expect("it reads").jobs.len(), 40);
}

#[test]
fn on_a_full_disk_no_submit_leaves_and_polls_go_on() {
    let pages = |ledger: &Ledger, pages: i64| {
        let set = format!("PRAGMA max_page_count = {pages}");
        let connection = &ledger.connection;
        connection
            .query_row(&set, [], |_| Ok(()))
            .expect("it is set");
    };
    fails_and_heals(
        // As many as there are.
        |ledger| pages(ledger, 1),
        |ledger| pages(ledger, 1 << 30),
        |error| matches!(error, LedgerError::Full { .. }),
    );
}

#[test]
fn in_a_file_that_became_read_only_no_submit_leaves_and_polls_go_on() {
    let set = |ledger: &Ledger, value: &str| {
        let set = ledger.connection.pragma_update(None, "query_only", value);
        set.expect("it is set");
    };
    fails_and_heals(
        |ledger| set(ledger, "ON"),
        |ledger| set(ledger, "OFF"),
        |error| matches!(error, LedgerError::ReadOnly { .. }),
    );
}

#[test]
fn while_another_process_writes_for_long_no_submit_leaves_and_polls_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    let options = LedgerOptions::new().with_busy_timeout(std::time::Duration::from_millis(1));
    let ledger = Ledger::open(&path, options).expect("it opens");
    let other = Ledger::open(&path, options).expect("it opens");
    let begin = |sql: &str| other.connection.execute_batch(sql).expect("it is ours");
    begin("BEGIN IMMEDIATE");
    let api = Api::new("http://localhost", "my-key").expect("an address");
    let (mut session, mut batch) = ledger.start(&api, BatchOptions::new(), START);
    batch.add(document(1), START);
    let mut run = Run {
        now: START,
        ..Run::default()
    };
    run.steps(&mut session, &mut batch, 1);
    assert!(
        matches!(run.errors[0], LedgerError::Busy { .. }),
        "{:?}",
        run.errors
    );
    assert_eq!(run.submits, 0);
    begin("ROLLBACK");
    run.errors.clear();
    session.commit(&mut batch, START).expect("it can write");
    run.steps(&mut session, &mut batch, 3);
    assert_eq!(run.submits, 1);
}
