//! `typless get` and `typless awaiting`, run as a user runs them.

use std::time::Duration;

use crate::support::{self, at, lines, run, scripted, service, submitted};
use serde_json::Value;
use typless_emulator::{QueueAfterReading, ServiceOptions, UnknownId};

fn id_of(ticket: &str) -> String {
    lines(ticket)[0]["extraction_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_once() {
    let listener = service(ServiceOptions::new().with_pace(Duration::ZERO));
    let url = listener.base_url();
    (0..3).for_each(|_| drop(submitted(&url, &[])));
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let (code, _, err) = run(at("awaiting", &url, &[]).stdout(full()));
    assert_eq!(
        (code, err.matches("can't be written").count()),
        (2, 1),
        "{err}"
    );
    let sample = support::sample();
    let (code, _, err) = run(
        at("extract", &url, &["--document-type", "line-item-invoice"])
            .args([&sample, &sample])
            .stdout(full()),
    );
    assert!(
        code == 2 && err.contains("typless get ") && err.contains(": 0 ok, "),
        "{err}"
    );
}

#[test]
fn get_prints_the_result_or_the_status() {
    let listener = service(ServiceOptions::new().with_pace(Duration::ZERO));
    let url = listener.base_url();
    let id = id_of(&submitted(&url, &[]));
    let (code, out, err) = run(&mut at("get", &url, &[&id]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.starts_with("invoice.pdf\n") && out.contains("LPW-2026-0417"),
        "{out}"
    );
    let (code, out, _) = run(&mut at(
        "get",
        &url,
        &[&id, "--format", "json", "--api-version", "v1"],
    ));
    let line = &lines(&out)[0];
    assert_eq!(
        (code, &line["status"], &line["extraction_id"]),
        (0, &Value::from("SUCCESS"), &Value::from(id))
    );

    let slow = service(ServiceOptions::new().with_pace(Duration::from_secs(3600)));
    let id = id_of(&submitted(&slow.base_url(), &[]));
    assert_eq!(
        run(&mut at("get", &slow.base_url(), &[&id])),
        (0, "IN_PROGRESS\n".to_owned(), String::new())
    );
    let (code, out, _) = run(&mut at("get", &slow.base_url(), &[&id, "--format", "json"]));
    let line = &lines(&out)[0];
    assert_eq!(
        (code, &line["status"], line.get("result")),
        (0, &Value::from("IN_PROGRESS"), None)
    );
}

#[test]
fn a_failed_expired_or_unknown_extraction_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("scan.png");
    std::fs::write(&scan, b"\x89PNG\r\n\x1a\n").unwrap();
    let listener = service(ServiceOptions::new().with_pace(Duration::ZERO));
    let (_, ticket, _) = run(at(
        "submit",
        &listener.base_url(),
        &["--document-type", "receipt"],
    )
    .arg(&scan));
    let get = |url: &str, id: &str| {
        let (code, out, err) = run(&mut at("get", url, &[id, "--format", "json"]));
        let line = lines(&out).remove(0);
        assert_eq!(line["extraction_id"], id);
        assert!(line["error"]["message"].is_string());
        (code, line["status"].as_str().unwrap().to_owned(), err)
    };
    let (code, status, err) = get(&listener.base_url(), &id_of(&ticket));
    assert!(
        code == 1
            && status == "ERROR"
            && err.contains("no OCR")
            && err.contains("fix the document"),
        "{err}"
    );
    let (code, status, err) = get(&listener.base_url(), "0d14");
    assert!(
        code == 1 && status == "NOT_FOUND" && err.contains("check the id"),
        "{err}"
    );

    let strict = service(ServiceOptions::new().with_unknown_id(UnknownId::BadRequest));
    let (code, status, err) = get(&strict.base_url(), "0d14");
    assert!(
        code == 1 && status == "REFUSED" && err.contains("check the id"),
        "{err}"
    );
    let forgetful = service(
        ServiceOptions::new()
            .with_pace(Duration::ZERO)
            .with_retention(Duration::ZERO),
    );
    let (code, status, err) = get(
        &forgetful.base_url(),
        &id_of(&submitted(&forgetful.base_url(), &[])),
    );
    assert!(
        code == 1 && status == "EXPIRED" && err.contains("submit the document again"),
        "{err}"
    );

    let locked = service(ServiceOptions::new().with_key("another"));
    let (code, status, err) = get(&locked.base_url(), "0d14");
    assert!(
        code == 3 && status == "REFUSED" && err.contains("check the key"),
        "{err}"
    );
    let empty = scripted(
        "HTTP/1.1 200 OK\r\ncontent-length: 21\r\nconnection: close\r\n\r\n\
                {\"status\": \"SUCCESS\"}",
    );
    let (code, status, _) = get(&empty, "0d14");
    assert_eq!(
        (code, status.as_str()),
        (1, "UNREADABLE"),
        "never an empty result"
    );
    let other = scripted("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
    let (code, _, err) = get(&other, "0d14");
    assert!(code == 3 && err.contains("check the base URL"), "{err}");
    let (code, _, err) = run(&mut at("get", &listener.base_url(), &[""]));
    assert!(code == 2 && err.contains("the ID is empty"), "{err}");
}

#[test]
fn what_was_repaired_in_a_result_is_reported_and_the_result_printed() {
    let respond = |body: String| {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close");
        scripted(format!("{head}\r\n\r\n{body}").leak())
    };
    let result = |fields: &str| {
        format!(r#"{{"status": "SUCCESS", "result": {{"object_id": "1", {fields}}}}}"#)
    };
    let url = respond(result(
        r#""file_name": "a.pdf", "score": NaN, "object_id": "2""#,
    ));
    let (code, out, err) = run(&mut at("get", &url, &["0d14", "--format", "json"]));
    let line = &lines(&out)[0];
    assert_eq!((code, &line["result"]["object_id"]), (0, &Value::from("2")));
    assert_eq!(line["result"]["score"], Value::Null);
    assert_eq!(
        err,
        "typless: a.pdf: repaired 2 places: not a number at result.score; \
         duplicate key at result.object_id\n"
    );

    let many = vec!["NaN"; 1000].join(",");
    let url = respond(result(&format!(
        r#""file_name": "a.pdf", "scores": [{many}]"#
    )));
    let (code, _, err) = run(&mut at("get", &url, &["0d14"]));
    assert!(
        code == 0 && err.contains("repaired 1000 places: ") && err.ends_with("; and 995 more\n"),
        "{err}"
    );
}

#[test]
fn awaiting_prints_the_ids_that_have_finished() {
    let options = ServiceOptions::new()
        .with_pace(Duration::ZERO)
        .with_queue_after_reading(QueueAfterReading::Kept);
    let listener = service(options);
    let url = listener.base_url();
    assert_eq!(
        run(&mut at("awaiting", &url, &[])),
        (0, String::new(), String::new())
    );
    let (acme, nobodys) = (
        id_of(&submitted(&url, &["--customer", "Acme & Co"])),
        id_of(&submitted(&url, &[])),
    );
    assert_eq!(
        run(&mut at("awaiting", &url, &[])),
        (0, format!("{acme}\n{nobodys}\n"), String::new())
    );
    assert_eq!(
        run(&mut at("awaiting", &url, &["--customer", "Acme & Co"])).1,
        format!("{acme}\n")
    );
    assert_eq!(
        run(&mut at("awaiting", &url, &["--customer", "Another"])),
        (0, String::new(), String::new())
    );
    let (_, out, _) = run(&mut at("awaiting", &url, &["--format", "json"]));
    assert_eq!(
        lines(&out)[1],
        serde_json::json!({"extraction_id": nobodys})
    );
    let (code, _, err) = run(&mut at("awaiting", &url, &["--customer", ""]));
    assert!(code == 2 && err.contains("--customer is empty"), "{err}");

    let locked = service(ServiceOptions::new().with_key("another"));
    let (code, out, err) = run(&mut at("awaiting", &locked.base_url(), &[]));
    assert!(
        code == 3 && out.is_empty() && err.contains("check the key"),
        "{err}"
    );
    let hostile = scripted(
        "HTTP/1.1 200 OK\r\ncontent-length: 36\r\nconnection: close\r\n\r\n\
                {\"extraction_ids\": [\"a\\u202egnp.b\"]}",
    );
    let (code, out, _) = run(&mut at("awaiting", &hostile, &[]));
    assert_eq!((code, out.as_str()), (0, "a\\u{202e}gnp.b\n"));
}
