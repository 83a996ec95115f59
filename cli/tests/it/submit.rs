//! `typless submit` and `typless resume`, run as a user runs them.

use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{
    INVOICE, at, folder, in_order, lines, read, run, run_with_stdout_closed, sample, scripted,
    service, start, submitted, tickets,
};
use serde_json::Value;
use typless::drive::Clock;
use typless::machine::Ticket;
use typless::wire::ExtractionId;
use typless_emulator::ServiceOptions;
use typless_transports::SystemClock;

#[test]
fn submit_prints_a_ticket_for_each_file_and_does_not_wait() {
    let listener = service(ServiceOptions::new().with_pace(Duration::from_secs(3600)));
    let (code, out, err) = run(at("submit", &listener.base_url(), &INVOICE)
        .args(["--quiet", "--customer", "Acme"])
        .arg(sample())
        .arg(sample()));
    assert_eq!((code, err.as_str()), (0, ""));
    let tickets = lines(&out);
    assert_eq!(
        (
            tickets.len(),
            listener.with_service(|service| service.accepted())
        ),
        (2, 2)
    );
    for ticket in &tickets {
        assert_eq!(ticket["typless_ticket"], 1);
        assert_eq!(ticket["reference"], sample().to_str().unwrap());
        assert_eq!(
            (&ticket["document_type"], &ticket["customer"]),
            (&Value::from("line-item-invoice"), &Value::from("Acme"))
        );
    }
    assert_ne!(tickets[0]["extraction_id"], tickets[1]["extraction_id"]);
}

#[test]
fn a_ticket_that_cannot_be_written_is_not_lost() {
    let listener = service(ServiceOptions::new());
    let mut submit = at("submit", &listener.base_url(), &INVOICE);
    let (code, err) = run_with_stdout_closed(submit.arg(sample()));
    assert!(code == 2 && err.contains("keep it from here"), "{err}");
    assert_eq!(tickets(&err).len(), 1, "{err}");
}

#[test]
fn no_more_is_submitted_once_stdout_is_closed() {
    const DOCUMENTS: usize = 60;
    let folder = folder(DOCUMENTS);
    let listener = service(ServiceOptions::new());
    let mut submit = at("submit", &listener.base_url(), &INVOICE);
    let (code, err) = run_with_stdout_closed(submit.arg(folder.path()));
    let accepted = listener.with_service(|service| service.accepted());
    assert!(code == 2 && accepted < DOCUMENTS, "{accepted} {err}");
    assert_eq!(
        (
            tickets(&err).len(),
            err.matches("it was not submitted").count()
        ),
        (accepted, DOCUMENTS - accepted),
        "{err}"
    );
}

#[test]
fn resume_reads_tickets_from_a_file_or_the_standard_input() {
    let listener = service(ServiceOptions::new().with_pace(Duration::ZERO));
    let url = listener.base_url();
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.pdf");
    std::fs::write(&broken, "this is no PDF").unwrap();
    let file = folder.path().join("tickets");
    let mut text = submitted(&url, &[]);
    text.push_str("\n\n");
    text.push_str(&run(at("submit", &url, &INVOICE).arg(&broken)).1);
    // A ticket that is there twice is followed once.
    text.push_str(&text.clone());
    std::fs::write(&file, &text).unwrap();

    let (code, out, err) = run(at("resume", &url, &["--format", "json"]).arg(&file));
    assert_eq!(code, 1);
    let results = in_order(&out);
    assert_eq!(results.len(), 2, "{out}");
    assert_eq!(
        (&results[0]["status"], &results[1]["status"]),
        (&Value::from("SUCCESS"), &Value::from("ERROR"))
    );
    assert_eq!(results[0]["file"], sample().to_str().unwrap());
    assert!(results[0]["result"].to_string().contains("LPW-2026-0417"));
    assert!(
        err.starts_with(&format!("typless: {}: ", broken.display())),
        "{err}"
    );

    let mut process = start(at("resume", &url, &["-"]).stdin(Stdio::piped()));
    writeln!(
        process.stdin.take().unwrap(),
        "{}",
        text.lines().next().unwrap()
    )
    .unwrap();
    let (code, out, err) = read(process.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.starts_with(sample().to_str().unwrap()) && out.contains("LPW-2026-0417"),
        "{out}"
    );
    assert_eq!(
        listener.with_service(|service| service.accepted()),
        2,
        "nothing was submitted again"
    );
}

#[test]
fn a_ticket_without_a_reference_uses_the_name_the_service_knows() {
    let listener = service(ServiceOptions::new().with_pace(Duration::ZERO));
    let submitted = lines(&submitted(&listener.base_url(), &[])).remove(0);
    let file = tempfile::NamedTempFile::new().unwrap();
    let resume = |id: &str| {
        std::fs::write(file.path(), bare_ticket(id)).unwrap();
        run(at("resume", &listener.base_url(), &["--format", "json"]).arg(file.path()))
    };
    let (_, out, _) = resume(submitted["extraction_id"].as_str().unwrap());
    assert_eq!(lines(&out)[0]["file"], "invoice.pdf");

    let unknown = "0d14338251a6db69bfec36face27f7edcab73220";
    let (code, out, err) = resume(unknown);
    assert_eq!(
        (code, &lines(&out)[0]["status"]),
        (1, &Value::from("NOT_FOUND"))
    );
    assert_eq!(lines(&out)[0]["file"], unknown);
    assert!(
        err.contains(unknown) && err.contains("check the key"),
        "{err}"
    );
}

/// A ticket that has only an id.
fn bare_ticket(id: &str) -> String {
    let now = SystemClock::new().now();
    Ticket::new(
        ExtractionId::new(id).unwrap(),
        now,
        now + Duration::from_secs(3600),
    )
    .to_json()
}

#[test]
fn an_invalid_ticket_is_reported_by_line_and_nothing_is_done() {
    let listener = service(ServiceOptions::new());
    let good = submitted(&listener.base_url(), &[]);
    let file = tempfile::NamedTempFile::new().unwrap();
    let resume = |text: &str| {
        std::fs::write(file.path(), text).unwrap();
        let (code, out, err) = run(at("resume", &listener.base_url(), &[]).arg(file.path()));
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        err
    };
    let err = resume(&format!(
        "{good}\noops\u{1b}[31m\n\n{{\"typless_ticket\": 99}}\n"
    ));
    assert!(
        err.contains("line 2 of") && err.contains("line 4 of") && !err.contains('\u{1b}'),
        "{err}"
    );
    assert!(
        resume(&good.replace("\"typless_ticket\":1", "\"typless_ticket\":2"))
            .contains("update this program")
    );
    assert!(resume(" \n").contains("contains no tickets"));
    let (code, _, err) = run(&mut at("resume", &listener.base_url(), &["no such file"]));
    assert!(
        code == 2 && err.contains("no such file can't be read"),
        "{err}"
    );
}

#[test]
fn submit_fails_as_extract_does() {
    let folder = tempfile::tempdir().unwrap();
    let submit = |url: &str, arguments: &[&str]| run(at("submit", url, arguments).arg(sample()));

    let url =
        scripted("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\nconnection: close\r\n\r\noops");
    let (code, out, err) = submit(&url, &INVOICE);
    assert!(
        code == 1 && out.is_empty() && err.contains("may be billed"),
        "{err}"
    );

    let listener = service(ServiceOptions::new().with_key("another"));
    let (code, _, err) = submit(&listener.base_url(), &INVOICE);
    assert!(code == 3 && err.contains("check the key"), "{err}");

    let listener = service(ServiceOptions::new());
    let (code, _, err) = submit(&listener.base_url(), &["--document-type", "passport"]);
    assert!(
        code == 2 && err.contains("check the document type"),
        "{err}"
    );
    let missing = folder.path().join("missing.pdf");
    let (code, _, err) = submit(
        &listener.base_url(),
        &[
            "--document-type",
            "line-item-invoice",
            missing.to_str().unwrap(),
        ],
    );
    assert!(
        code == 2 && err.contains("missing.pdf can't be read"),
        "{err}"
    );
    assert_eq!(listener.with_service(|service| service.accepted()), 0);

    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (code, _, err) = submit(&format!("http://{address}"), &INVOICE);
    assert!(code == 3 && err.contains("nothing was submitted"), "{err}");
}
