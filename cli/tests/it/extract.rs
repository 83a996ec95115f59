//! `typless extract`, run as a user runs it.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use crate::support::{
    KEY, extract, in_order, lines, run, sample, scripted, service, start, typless,
};
use serde_json::Value;
use typless_emulator::ServiceOptions;

#[test]
fn the_readmes_command_shows_the_fields_of_the_sample() {
    let (code, out, err) = run(extract(&["--emulator"]).arg(sample()));
    assert_eq!(
        (code, err.as_str()),
        (0, ""),
        "all is well, and silent when piped"
    );
    for shown in [
        "invoice_number",
        "LPW-2026-0417",
        "2026-03-18",
        "2484.6000",
        "EUR",
        "Notebook A5, dotted, linen cover",
        "Confidence",
    ] {
        assert!(out.contains(shown), "{shown} is missing in:\n{out}");
    }
}

#[test]
fn a_closed_stderr_changes_nothing() {
    for (file, expected) in [("no such file", 2), (sample().to_str().unwrap(), 0)] {
        let mut process = start(&mut extract(&["--emulator", file, file]));
        drop(process.stderr.take());
        let output = process.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(expected), "{file}");
        assert_eq!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("LPW-2026-0417"),
            expected == 0,
            "{file}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_is_not_text_is_not_reported_as_missing() {
    use std::os::unix::ffi::OsStrExt;
    let key = std::ffi::OsStr::from_bytes(b"s3cret\xff");
    let (code, _, err) = run(extract(&[]).arg(sample()).env("TYPLESS_API_KEY", key));
    assert!(
        code == 2 && err.contains("TYPLESS_API_KEY is not valid UTF-8") && !err.contains("s3cret"),
        "{err}"
    );
}

#[test]
fn json_has_a_line_for_each_file_with_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.pdf");
    std::fs::write(&broken, "this is no PDF").unwrap();
    let (code, out, err) = run(
        extract(&["--emulator", "--format", "json", "--customer", "Acme"])
            .arg(&broken)
            .arg(sample())
            .arg(&broken),
    );
    assert_eq!(code, 1);
    let lines = in_order(&out);
    let statuses: Vec<&str> = lines
        .iter()
        .map(|line| line["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["ERROR", "SUCCESS", "ERROR"]);
    let (failed, succeeded) = (&lines[0], &lines[1]);
    assert_eq!(failed["file"], broken.to_str().unwrap());
    assert!(
        failed.get("result").is_none()
            && failed["error"]["code"] == "failed"
            && failed["error"]["service_code"].is_string()
            && failed["error"]["message"].is_string()
    );
    assert_eq!(
        failed["error"]["ticket"]["extraction_id"],
        failed["extraction_id"]
    );
    assert!(succeeded.get("error").is_none() && succeeded["extraction_id"].is_string());
    assert_eq!(succeeded["result"]["customer"], "Acme");
    assert_eq!(
        succeeded["result"]["line_items"].as_array().unwrap().len(),
        5
    );
    assert_eq!(
        err.lines().count(),
        3,
        "a sentence for each failure, and a summary: {err}"
    );
    assert!(
        err.lines()
            .last()
            .unwrap()
            .starts_with("typless: 3 documents: 1 ok, 2 failed; "),
        "{err}"
    );
}

#[test]
fn invalid_usage_is_reported_before_anything_is_submitted() {
    let listener = service(ServiceOptions::new());
    let url = listener.base_url();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty = empty.path().to_str().unwrap();
    let sample = sample();
    let sample = sample.to_str().unwrap();
    let cases: [(&[&str], &str); 9] = [
        (
            &["--base-url", &url, sample, "no such file.pdf"],
            "no such file.pdf can't be read",
        ),
        (
            &["--base-url", &url, sample, folder],
            "contains no documents",
        ),
        (&["--base-url", &url, sample, empty], "is empty"),
        (&["--base-url", "not a url", sample], "--base-url"),
        (&["--base-url", "ftp://example.com", sample], "--base-url"),
        (
            &["--base-url", "http://192.0.2.1", sample],
            "--allow-plain-http",
        ),
        (
            &["--base-url", &url, "--customer", "", sample],
            "--customer is empty",
        ),
        (&["--base-url", &url, "--deadline", "soon", sample], "90s"),
        (&["--base-url", &url], "FILE"),
    ];
    for (arguments, sentence) in cases {
        let (code, out, err) = run(extract(arguments).env("TYPLESS_API_KEY", KEY));
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?} {err}");
        assert!(err.contains(sentence), "{arguments:?} {err}");
    }
    assert_eq!(
        listener.with_service(|service| service.accepted()),
        0,
        "nothing was submitted"
    );
}

#[test]
fn an_unknown_document_type_is_invalid_usage() {
    let with_type = |arguments: &[&str]| {
        run(typless()
            .args(["extract", "--document-type", "passport"])
            .args(arguments)
            .arg(sample())
            .env("TYPLESS_API_KEY", KEY))
    };
    let (code, _, err) = with_type(&["--emulator"]);
    assert!(code == 2 && err.contains("line-item-invoice"), "{err}");
    let listener = service(ServiceOptions::new());
    let (code, _, err) = with_type(&["--base-url", &listener.base_url()]);
    assert!(
        code == 2 && err.contains("check the document type"),
        "{err}"
    );
}

#[test]
fn a_missing_key_is_invalid_usage_and_a_wrong_one_is_refused() {
    let listener = service(ServiceOptions::new().with_key("another"));
    let url = listener.base_url();
    let (code, _, err) = run(extract(&["--base-url", &url]).arg(sample()));
    assert!(code == 2 && err.contains("TYPLESS_API_KEY"), "{err}");
    let (code, _, err) = run(extract(&["--base-url", &url])
        .arg(sample())
        .env("TYPLESS_API_KEY", "two words"));
    assert!(code == 2 && err.contains("the API key"), "{err}");
    let (code, out, err) = run(extract(&["--base-url", &url, "--format", "json"])
        .arg(sample())
        .env("TYPLESS_API_KEY", KEY));
    assert!(code == 3 && err.contains("check the key"), "{err}");
    assert_eq!(
        (&lines(&out)[0]["status"], &lines(&out)[0]["extraction_id"]),
        (&Value::from("REFUSED"), &Value::Null)
    );
}

#[test]
fn the_key_may_come_from_a_file() {
    let listener = service(ServiceOptions::new().with_key(KEY));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "Token {KEY}").unwrap();
    let arguments = [
        "--base-url",
        &listener.base_url(),
        "--api-key-file",
        file.path().to_str().unwrap(),
    ];
    assert_eq!(run(extract(&arguments).arg(sample())).0, 0);
    let (code, _, err) = run(extract(&["--api-key-file", "no such file"]).arg(sample()));
    assert!(code == 2 && err.contains("--api-key-file"), "{err}");
}

#[test]
fn a_deadline_ends_the_wait_and_leaves_the_ticket() {
    let listener = service(ServiceOptions::new().with_pace(Duration::from_secs(3600)));
    let arguments = [
        "--base-url",
        &listener.base_url(),
        "--deadline",
        "200ms",
        "--format",
        "json",
    ];
    let (code, out, err) = run(extract(&arguments)
        .arg(sample())
        .env("TYPLESS_API_KEY", KEY));
    assert!(code == 1 && err.contains("--deadline"), "{err}");
    let line = &lines(&out)[0];
    assert!(
        err.contains(&format!(
            "typless get {}",
            line["extraction_id"].as_str().unwrap()
        )),
        "{err}"
    );
    assert_eq!(line["status"], "DEADLINE");
    assert_eq!(line["error"]["ticket"]["typless_ticket"], 1);
    assert_eq!(
        line["error"]["ticket"]["extraction_id"],
        line["extraction_id"]
    );
}

#[test]
fn an_unreachable_service_is_reported_within_seconds() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (code, _, err) = run(extract(&["--base-url", &format!("http://{address}")])
        .arg(sample())
        .env("TYPLESS_API_KEY", KEY));
    assert!(
        code == 3 && err.contains("could not be reached") && err.contains("nothing was submitted"),
        "{err}"
    );
}

#[test]
fn an_unknown_submit_is_reported_and_not_repeated() {
    let url =
        scripted("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\nconnection: close\r\n\r\noops");
    let (code, _, err) = run(extract(&["--base-url", &url])
        .arg(sample())
        .env("TYPLESS_API_KEY", KEY));
    assert!(
        code == 1
            && err.contains("unknown whether the document was submitted")
            && err.contains("may be billed"),
        "{err}"
    );
}

#[test]
fn text_from_the_server_cannot_control_the_terminal() {
    let url = scripted(
        "HTTP/1.1 422 No\r\ncontent-length: 61\r\nconnection: close\r\n\r\n\
                {\"code\": \"X\", \"message\": \"\\u001b[31mred\\u202e\", \"details\": 1}",
    );
    let (code, _, err) = run(extract(&["--base-url", &url])
        .arg(sample())
        .env("TYPLESS_API_KEY", KEY));
    assert!(code == 3 && err.contains("red\\u{202e}"), "{err}");
    assert!(!err.contains(['\u{1b}', '\u{202e}']), "{err:?}");
}

#[test]
fn the_key_is_never_an_argument() {
    let (_, out, _) = run(typless().arg("--help"));
    assert!(out.contains("TYPLESS_API_KEY"), "{out}");
    for command in [
        "extract", "submit", "resume", "get", "awaiting", "drain", "listen", "emulator",
    ] {
        let (code, out, _) = run(typless().args([command, "--help"]));
        assert!(code == 0 && !out.contains("--api-key "), "{out}");
    }
    let (code, _, _) = run(extract(&["--api-key", "x"]).arg(sample()));
    assert_eq!(code, 2);
}

#[test]
fn custom_document_types_work_with_the_emulator() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        r#"{{"name": "order-slip", "fields": [
            {{"name": "order", "data_type": "STRING", "form": "code", "labels": ["your order"]}}
        ]}}"#
    )
    .unwrap();
    let path = file.path().to_str().unwrap();
    let slip = |arguments: &[&str]| {
        run(typless()
            .args(["extract", "--document-type", "order-slip"])
            .args(arguments)
            .arg(sample()))
    };
    let (code, out, err) = slip(&["--emulator", "--document-type-file", path]);
    assert!(code == 0 && out.contains("HB-7756"), "{out}{err}");
    let (code, _, err) = slip(&["--emulator"]);
    assert!(code == 2 && err.contains("simple-invoice"), "{err}");
    let (code, _, err) = slip(&["--document-type-file", path]);
    assert!(code == 2 && err.contains("--emulator"), "{err}");

    std::fs::write(
        path,
        r#"{"name": "order-slip", "fields": [], "colour": "red"}"#,
    )
    .unwrap();
    let (code, _, err) = slip(&[
        "--emulator",
        "--document-type-file",
        path,
        "--document-type-file",
        "no such file",
    ]);
    assert!(
        code == 2 && err.contains("colour") && err.contains("no such file can't be read"),
        "{err}"
    );
}

#[test]
fn versioned_paths_can_be_requested() {
    let (code, out, err) = run(extract(&["--emulator", "--api-version", "v1"]).arg(sample()));
    assert!(code == 0 && out.contains("LPW-2026-0417"), "{err}");
    let (code, _, err) = run(extract(&["--emulator", "--api-version", "v9"]).arg(sample()));
    assert!(code == 3 && err.contains("base URL"), "{err}");
    let (code, _, err) = run(extract(&["--emulator", "--api-version", "one"]).arg(sample()));
    assert!(
        code == 2 && err.contains("--api-version") && err.contains("v1"),
        "{err}"
    );
}
