//! Stored tickets and snapshots: every later version reads them, and damaged ones are refused.

use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::{ID, Run, START, accepted, api, document, response_with, submit};
use typless::machine::{
    BatchOptions, Cause, Job, JobError, JobOptions, Machine, Output, RetryPolicy, Snapshot, Ticket,
    TicketError, Time,
};
use typless::wire::{Document, ExtractionId};

const TICKET: &str = include_str!("../../golden/ticket-1.json");
const BARE_TICKET: &str = include_str!("../../golden/ticket-1-bare.json");
const READY: &str = include_str!("../../golden/snapshot-2-ready.json");
const SUBMITTING: &str = include_str!("../../golden/snapshot-2-submitting.json");
const WAITING: &str = include_str!("../../golden/snapshot-2-waiting.json");
const ABANDONED: &str = include_str!("../../golden/snapshot-2-abandoned.json");

/// Reads one kind of file, and returns its error.
type Reader = fn(&str) -> Option<TicketError>;

/// Each file, without its final line break, and what reads it.
fn golden() -> [(&'static str, Reader); 6] {
    let ticket: Reader = |json| Ticket::from_json(json).err();
    let snapshot: Reader = |json| Snapshot::from_json(json).err();
    [
        (TICKET.trim_end(), ticket),
        (BARE_TICKET.trim_end(), ticket),
        (READY.trim_end(), snapshot),
        (SUBMITTING.trim_end(), snapshot),
        (ABANDONED.trim_end(), snapshot),
        (WAITING.trim_end(), snapshot),
    ]
}

#[test]
fn a_ticket_of_version_1_is_read_and_written_unchanged() {
    let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..]).unwrap();
    let document = document
        .with_customer(r#"Žiga & "Sons""#)
        .unwrap()
        .with_reference("row 17")
        .unwrap();
    let mut run = Run::new(Job::submit(
        &api(),
        document,
        JobOptions::new().with_deadline(Duration::from_secs(3600)),
        START,
    ));
    run.reply(accepted());
    let (written, read) = (
        run.job.ticket().unwrap(),
        Ticket::from_json(TICKET).unwrap(),
    );
    assert_eq!(
        (written.to_json().as_str(), &written),
        (TICKET.trim_end(), &read)
    );
    assert_eq!(read.extraction_id().as_str(), ID);
    assert_eq!(
        (read.document_type(), read.customer()),
        (Some("line-item-invoice"), Some(r#"Žiga & "Sons""#))
    );
    assert_eq!(
        (read.reference(), read.submitted_at()),
        (Some("row 17"), START)
    );
    assert_eq!(read.deadline(), START + Duration::from_secs(3600));
    let bare = Ticket::new(ExtractionId::new("0d14").unwrap(), Time::EPOCH, Time::MAX);
    assert_eq!(bare.to_json(), BARE_TICKET.trim_end());
    assert_eq!(
        Ticket::from_json(BARE_TICKET)
            .unwrap()
            .extraction_id()
            .as_str(),
        "0d14"
    );
}

#[test]
fn a_snapshot_of_version_2_is_read_and_written_unchanged() {
    let mut run = Run::new(submit(
        JobOptions::new().with_deadline(Duration::from_secs(3600)),
    ));
    run.reply(response_with(429, ("retry-after", "600"), "{}"));
    assert_eq!(run.job.snapshot().unwrap().to_json(), READY.trim_end());
    let ready = Snapshot::from_json(READY).unwrap();
    assert_eq!(
        (ready.reference(), ready.may_be_submitted()),
        (Some("row 17"), false)
    );
    assert!(ready.needs_document());
    let document = || Some(document());
    let restored = Job::restore(&api(), &ready, document(), JobOptions::new(), START);
    let mut restored = restored.unwrap();
    let Output::Wait(until) = restored.next_output(START) else {
        panic!()
    };
    assert_eq!(until, START + Duration::from_secs(600));

    let mut job = submit(JobOptions::new().with_deadline(Duration::from_secs(3600)));
    assert!(matches!(job.next_output(START), Output::Event(_)));
    assert_eq!(job.snapshot().unwrap().to_json(), SUBMITTING.trim_end());
    assert!(Snapshot::from_json(SUBMITTING).unwrap().may_be_submitted());

    assert!(matches!(job.next_output(START), Output::Send(_)));
    job.abandon(START);
    let abandoned = job.snapshot().unwrap().to_json();
    assert_eq!(
        (abandoned.contains(r#""abandoned":true"#), abandoned),
        (true, ABANDONED.trim_end().to_owned())
    );

    let mut run = Run::new(submit(
        JobOptions::new().with_deadline(Duration::from_secs(3600)),
    ));
    run.reply(accepted());
    run.reply(response_with(503, ("retry-after", "30"), "{}"));
    assert_eq!(run.job.snapshot().unwrap().to_json(), WAITING.trim_end());
    let waiting = Snapshot::from_json(WAITING).unwrap();
    assert_eq!(waiting.ticket().unwrap().extraction_id().as_str(), ID);
    assert!(!waiting.needs_document());
}

#[test]
fn what_was_abandoned_while_its_submit_was_out_is_not_submitted_again_after_a_restart() {
    let retry = RetryPolicy::new().with_resubmissions(3);
    let options = JobOptions::new().with_retry_policy(retry);
    let snapshot = Snapshot::from_json(ABANDONED).unwrap();
    let job = Job::restore(&api(), &snapshot, Some(document()), options, START);
    let mut run = Run::new(job.unwrap());
    assert!(matches!(
        run.error(),
        JobError::SubmitUnknown { failed, otherwise: None }
            if matches!(failed.cause(), Cause::Restarted)
    ));
    let options = BatchOptions::new().with_retry_policy(retry);
    let mut run = BatchRun::new(options);
    run.batch
        .restore(&snapshot, Some(document()), START)
        .unwrap();
    run.batch.close();
    run.run();
    assert_eq!(
        (run.count_errors("SubmitUnknown"), run.service.submits),
        (1, 0)
    );
}

#[test]
fn stored_text_cut_off_at_any_byte_is_refused() {
    for (json, read) in golden() {
        assert!(read(json).is_none(), "{json}");
        for cut in (0..json.len()).filter(|cut| json.is_char_boundary(*cut)) {
            assert!(
                matches!(read(&json[..cut]), Some(TicketError::Unreadable { .. })),
                "{}",
                &json[..cut]
            );
        }
    }
}

#[test]
fn stored_text_altered_in_any_byte_is_refused() {
    for (json, read) in golden() {
        let (mut altered, mut noticed) = (json.as_bytes().to_vec(), 0);
        for at in 0..json.len() {
            for byte in 0..=u8::MAX {
                altered[at] = byte;
                let Ok(text) = std::str::from_utf8(&altered) else {
                    continue;
                };
                match read(text) {
                    None => assert_eq!(text, json),
                    Some(TicketError::Altered) => noticed += 1,
                    Some(TicketError::Newer { version }) => {
                        assert!(at <= 20 && (2..=9).contains(&version), "{text}");
                    }
                    Some(_) => {}
                }
            }
            altered[at] = json.as_bytes()[at];
        }
        assert!(noticed > 1000, "{noticed}");
    }
}

#[test]
fn a_newer_version_is_distinguished_from_damage_whatever_its_shape() {
    for (json, read) in golden() {
        let colon = json.find(':').unwrap();
        let versioned = |version| format!("{}:{version}{}", &json[..colon], &json[colon + 2..]);
        assert!(matches!(
            read(&versioned(9)),
            Some(TicketError::Newer { version: 9 })
        ));
        assert!(matches!(
            read(&versioned(0)),
            Some(TicketError::Unreadable { .. })
        ));
    }
    assert!(matches!(
        Ticket::from_json(r#"{"typless_ticket": 7, "id": [1, 2]}"#),
        Err(TicketError::Newer { version: 7 })
    ));
    assert!(matches!(
        Snapshot::from_json(r#"{"typless_snapshot": 7}"#),
        Err(TicketError::Newer { version: 7 })
    ));
}

#[test]
fn a_database_may_reorder_space_and_extend_what_it_stores() {
    let reordered = format!(
        "{{\n \"check\" : {:?}, \"deadline_ms\": 18446744073709, \"_row\": 5,\n\x20\
                \"submitted_at_ms\":0, \
                \"extraction_id\": \"\\u0030d14\", \"typless_ticket\": 1 }}",
        check_of(BARE_TICKET)
    );
    assert_eq!(
        Ticket::from_json(&reordered).unwrap(),
        Ticket::from_json(BARE_TICKET).unwrap()
    );
}

#[test]
fn an_invalid_ticket_is_refused_without_being_quoted() {
    for (_, read) in golden() {
        for json in [
            "",
            "{}",
            "null",
            "[]",
            "7",
            r#"{"typless_ticket": "hush"}"#,
            r#"{"typless_snapshot": "hush"}"#,
            TICKET,
            READY,
        ] {
            let Some(error) = read(json) else { continue };
            assert!(matches!(error, TicketError::Unreadable { .. }), "{json}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        }
    }
    let unchecked = BARE_TICKET.replace(&format!(r#","check":"{}""#, check_of(BARE_TICKET)), "");
    assert!(
        matches!(
            Ticket::from_json(&unchecked),
            Err(TicketError::Unreadable { .. })
        ),
        "a check is not left out"
    );
}

#[test]
fn the_checksum_can_be_computed_by_anybody() {
    for json in [TICKET, BARE_TICKET, READY, SUBMITTING, ABANDONED, WAITING] {
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).unwrap();
        // In the order of the format, in which they are written. What is left out is not hashed.
        let names = json.split('"').filter(|name| {
            *name != "check" && fields.contains_key(*name) && json.contains(&format!("\"{name}\":"))
        });
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for name in names {
            let Some(value) = fields.get(name) else {
                continue;
            };
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            for byte in format!("{name}={}:{text};", text.len()).bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        assert_eq!(fields["check"], format!("{hash:016x}"));
    }
}

fn check_of(json: &str) -> String {
    let fields: serde_json::Value = serde_json::from_str(json).unwrap();
    fields["check"].as_str().unwrap().to_owned()
}
