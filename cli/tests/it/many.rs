//! Many documents in one run, as a user runs them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::{INVOICE, KEY, at, extract, in_order, run, sample, service, typless};
use typless_emulator::{Fault, Faults, Listener, QueueAfterReading, ServiceOptions};

/// A folder of copies of the sample, some in subfolders, and of files that are not documents.
fn folder(documents: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("b/c")).unwrap();
    for index in 0..documents {
        let place = ["a.PDF", "b/1.pdf", "b/c/2.pdf", "b/c/3.pdf"]
            .get(index)
            .map_or_else(|| format!("c{index:03}.pdf"), ToString::to_string);
        std::fs::copy(sample(), folder.path().join(place)).unwrap();
    }
    std::fs::write(folder.path().join("b/notes.txt"), "no document").unwrap();
    // Files that macOS and other desktops leave beside documents.
    std::fs::create_dir_all(folder.path().join(".Trash")).unwrap();
    for hidden in ["._a.PDF", ".Trash/deleted.pdf"] {
        std::fs::write(folder.path().join(hidden), "hidden").unwrap();
    }
    folder
}

fn quick() -> ServiceOptions {
    ServiceOptions::new().with_pace(Duration::from_millis(1))
}

fn counts(listener: &Listener) -> typless_emulator::ServiceCounts {
    listener.with_service(|service| service.counts())
}

#[test]
fn a_folder_means_its_documents_in_the_order_of_their_names() {
    let folder = folder(5);
    let listener = service(quick());
    let arguments = ["--format", "json", "--rate", "1000"];
    let (code, out, err) = run(at("extract", &listener.base_url(), &INVOICE)
        .args(arguments)
        .arg(folder.path())
        .arg(sample()));
    assert_eq!(code, 0, "{err}");
    let results = in_order(&out);
    let files: Vec<PathBuf> = results
        .iter()
        .map(|line| PathBuf::from(line["file"].as_str().unwrap()))
        .collect();
    let expected = ["a.PDF", "b/1.pdf", "b/c/2.pdf", "b/c/3.pdf", "c004.pdf"]
        .map(|name| folder.path().join(name));
    assert_eq!((&files[..5], &files[5]), (&expected[..], &sample()));
    assert!(results.iter().all(|line| line["status"] == "SUCCESS"));
    let requests = counts(&listener).requests;
    assert!(
        err.starts_with(&format!(
            "typless: 6 documents: 6 ok, 0 failed; {requests} requests in "
        )),
        "{err}"
    );
}

#[cfg(unix)]
#[test]
fn overlapping_folders_are_billed_once() {
    let folder = folder(4);
    std::os::unix::fs::symlink("a.PDF", folder.path().join("latest.pdf")).unwrap();
    let listener = service(quick());
    let files = [
        folder.path().join("b/1.pdf"),
        folder.path().to_path_buf(),
        folder.path().join("b/c"),
        folder.path().join("./a.PDF"),
    ];
    let (code, out, err) = run(at("submit", &listener.base_url(), &INVOICE)
        .args(["--rate", "1000"])
        .args(files));
    assert_eq!(
        (code, out.lines().count(), counts(&listener).submits),
        (0, 4, 4),
        "{err}"
    );
    assert_eq!(err.matches("is submitted once").count(), 5, "{err}");
}

#[test]
fn the_limits_hold_by_the_count_of_the_service() {
    let folder = folder(30);
    let listener = service(quick());
    let arguments = ["--max-in-flight", "3", "--rate", "40", "--format", "json"];
    let started = Instant::now();
    let (code, out, err) = run(at("extract", &listener.base_url(), &INVOICE)
        .args(arguments)
        .arg(folder.path()));
    assert_eq!((code, in_order(&out).len()), (0, 30), "{err}");
    let counts = counts(&listener);
    assert!(
        counts.max_in_flight <= 3 && counts.max_submits_in_flight <= 2,
        "{counts:?}"
    );
    assert_eq!(counts.submits, 30);
    // First a burst of one second's requests, then no faster than the rate. There is no lower
    // bound.
    assert!(
        started.elapsed().as_secs_f64() >= (counts.requests - 40) as f64 / 40.0,
        "{counts:?}"
    );
}

#[test]
fn under_faults_every_document_is_accounted_for_and_none_is_billed_twice() {
    let folder = folder(40);
    // Hanging connections are not among the faults: abandoning one takes minutes.
    let kinds = Fault::USUAL
        .into_iter()
        .filter(|fault| *fault != Fault::ResponseStalled);
    let faults = Faults::new(0.05)
        .with_kinds(kinds)
        .with_delay(Duration::from_millis(5));
    let listener = service(
        quick()
            .with_faults(faults)
            .with_seed(5)
            .with_queue_after_reading(QueueAfterReading::Kept),
    );
    let arguments = ["--rate", "1000", "--format", "json"];
    let (code, out, err) = run(at("extract", &listener.base_url(), &INVOICE)
        .args(arguments)
        .arg(folder.path()));
    let results = in_order(&out);
    assert_eq!(results.len(), 40, "{err}");
    let of = |status: &str| {
        results
            .iter()
            .filter(|line| line["status"] == status)
            .count()
    };
    assert_eq!(of("SUCCESS") + of("SUBMIT_UNKNOWN"), 40, "{err}");
    assert_eq!(code, i32::from(of("SUBMIT_UNKNOWN") > 0));
    listener.with_service(|service| {
        assert!(service.counts().faults > 0);
        assert_eq!(service.accepted_repeatedly().next(), None);
    });
}

#[test]
fn csv_has_a_row_for_each_value_below_one_header() {
    let folder = folder(2);
    std::fs::write(folder.path().join("z, broken.pdf"), "this is no PDF").unwrap();
    let listener = service(quick());
    let arguments = ["--format", "csv", "--min-confidence", "1"];
    let (code, out, _) = run(at("extract", &listener.base_url(), &INVOICE)
        .args(arguments)
        .arg(folder.path()));
    assert_eq!(code, 1);
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!(
        rows[0],
        "index,file,extraction_id,status,table,row,field,value,confidence,review,message"
    );
    assert_eq!(
        rows.iter().filter(|row| row.starts_with("index,")).count(),
        1
    );
    let numbers: Vec<&&str> = rows
        .iter()
        .filter(|row| row.contains(",,,invoice_number,LPW-2026-0417,"))
        .collect();
    assert_eq!(numbers.len(), 2, "{out}");
    assert!(
        numbers[0].starts_with("0,") || numbers[0].starts_with("1,"),
        "{out}"
    );
    assert!(
        numbers[0].contains(",SUCCESS,") && numbers[0].ends_with(",yes,"),
        "{out}"
    );
    assert!(
        rows.iter().any(|row| row
            .contains(",line_items,0,product_description,\"Notebook A5, dotted, linen cover\",")),
        "{out}"
    );
    let failed = rows.iter().find(|row| row.starts_with("2,")).unwrap();
    assert!(
        failed.contains("z, broken.pdf\",")
            && failed.contains(",ERROR,,,,,,,")
            && failed.contains("could not process"),
        "{failed}"
    );
}

#[test]
fn csv_has_a_row_for_a_document_without_fields_and_no_formula() {
    let folder = tempfile::tempdir().unwrap();
    let slip = folder.path().join("slip.json");
    std::fs::write(&slip, r#"{"name": "slip", "fields": []}"#).unwrap();
    let documents = ["=1+1.pdf", "a, \"b\".pdf"];
    for name in documents {
        std::fs::copy(sample(), folder.path().join(name)).unwrap();
    }
    let mut command = typless();
    command
        .current_dir(folder.path())
        .args([
            "extract",
            "--emulator",
            "--document-type",
            "slip",
            "--format",
            "csv",
        ])
        .args(documents);
    let (code, out, err) = run(command.arg("--document-type-file").arg(&slip));
    let mut rows: Vec<&str> = out.lines().skip(1).collect();
    rows.sort();
    assert_eq!((code, rows.len()), (0, 2), "{out} {err}");
    assert!(rows[0].starts_with("0,'=1+1.pdf,"), "{out}");
    assert!(rows[1].starts_with("1,\"a, \"\"b\"\".pdf\","), "{out}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_an_invalid_option_is_reported_once() {
    let folder = folder(3);
    let pipe = folder.path().join("pipe.pdf");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let (code, _, err) = run(extract(&["--emulator", "--customer", ""]).arg(folder.path()));
    assert!(
        code == 2 && err.contains("pipe.pdf can't be read: it is not a regular file"),
        "{err}"
    );
    assert_eq!(err.matches("--customer is empty").count(), 1, "{err}");
}

#[test]
fn a_refused_key_stops_the_whole_run_at_once() {
    let folder = folder(40);
    let listener = service(ServiceOptions::new().with_key("another"));
    let (code, out, err) = run(at("extract", &listener.base_url(), &INVOICE)
        .args(["--format", "json"])
        .arg(folder.path()));
    assert_eq!(code, 3);
    let results = in_order(&out);
    assert!(
        results.len() == 40 && results.iter().all(|line| line["status"] == "REFUSED"),
        "{out}"
    );
    assert!(
        err.lines().count() == 41 && err.matches("check the key").count() == 40,
        "{err}"
    );
    assert!(counts(&listener).requests <= 8, "{:?}", counts(&listener));
}

#[test]
fn an_unreachable_service_is_not_tried_for_each_document() {
    let folder = folder(40);
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap();
    let url = format!("http://{address}");
    let (code, out, err) = run(at("extract", &url, &INVOICE)
        .args(["--format", "json"])
        .arg(folder.path()));
    assert_eq!(code, 3);
    let results = in_order(&out);
    assert!(
        results.len() == 40 && results.iter().all(|line| line["status"] == "NOT_SUBMITTED"),
        "{out}"
    );
    assert!(err.contains("40 documents: 0 ok, 40 failed"), "{err}");
}

#[test]
fn submit_and_resume_take_folders_and_limits_too() {
    let folder = folder(10);
    let listener = service(quick());
    let (code, out, err) = run(at("submit", &listener.base_url(), &INVOICE)
        .args(["--rate", "1000"])
        .arg(folder.path()));
    assert!(
        code == 0 && err.contains("10 documents: 10 ok, 0 failed; 10 requests"),
        "{err}"
    );
    let tickets = folder.path().join("tickets");
    std::fs::write(&tickets, &out).unwrap();
    let arguments = [
        "--rate",
        "1000",
        "--max-in-flight",
        "2",
        "--format",
        "json",
        "--quiet",
    ];
    let (code, out, err) = run(at("resume", &listener.base_url(), &arguments).arg(&tickets));
    assert_eq!((code, in_order(&out).len(), err.as_str()), (0, 10, ""));
    let counts = counts(&listener);
    assert!(
        counts.max_in_flight <= 8 && counts.submits == 10,
        "{counts:?}"
    );
}

#[test]
fn invalid_limits_are_invalid_usage() {
    for arguments in [
        ["--max-in-flight", "0"],
        ["--max-in-flight", "257"],
        ["--rate", "0"],
        ["--rate", "fast"],
    ] {
        let (code, _, err) = run(extract(&arguments)
            .arg(sample())
            .env("TYPLESS_API_KEY", KEY));
        assert!(code == 2 && err.contains(arguments[0]), "{err}");
    }
}

#[test]
fn an_empty_folder_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no document").unwrap();
    let (code, _, err) = run(extract(&["--emulator"]).arg(folder.path()));
    assert!(
        code == 2 && err.contains("contains no documents") && err.contains("tiff"),
        "{err}"
    );
}
