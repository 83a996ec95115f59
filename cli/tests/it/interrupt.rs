//! Ctrl-C and other signals, sent to the binary.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use crate::support::{
    self, INVOICE, at, folder, lines, read, run, sample, service, start, tickets, wait_for,
};
use serde_json::Value;
use typless_emulator::{Pace, ServiceOptions};

const WAIT: Duration = Duration::from_millis(2);

fn interrupt(process: &Child) {
    send("-INT", process);
}

fn send(signal: &str, process: &Child) {
    let killed = Command::new("kill")
        .args([signal, &process.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}

/// A server that signals each request, and responds to it with what it is then sent.
fn held() -> (String, Receiver<()>, Sender<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let ((arrived, arrivals), (response, responses)) = (mpsc::channel(), mpsc::channel::<&str>());
    thread::spawn(move || {
        let mut open: Vec<TcpStream> = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream
                .set_read_timeout(Some(Duration::from_millis(20)))
                .unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
            arrived.send(()).unwrap();
            // A dropped sender means no response, and the connection stays open.
            if let Ok(response) = responses.recv() {
                let _ = stream.write_all(response.as_bytes());
            }
            open.push(stream);
        }
    });
    (url, arrivals, response)
}

/// The first line of stderr, and a reader of the rest.
fn first_line(process: &mut Child) -> (String, BufReader<ChildStderr>) {
    let mut stderr = BufReader::new(process.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    (line, stderr)
}

#[test]
fn extract_leaves_tickets_and_resume_continues_them() {
    let listener = service(ServiceOptions::new().with_pace(Duration::from_millis(1)));
    let process = start(
        at("extract", &listener.base_url(), &INVOICE)
            .args(["--format", "json"])
            .arg(sample())
            .arg(sample()),
    );
    wait_for(&listener, 2);
    interrupt(&process);
    let (code, out, err) = read(process.wait_with_output().unwrap());
    assert_eq!((code, out.as_str()), (130, ""), "{err}");
    assert!(
        err.starts_with("typless: interrupted") && err.contains("typless resume"),
        "{err}"
    );
    let tickets = tickets(&err);
    assert_eq!(tickets.len(), 2, "{err}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines_of_tickets: Vec<String> = tickets.iter().map(Value::to_string).collect();
    // Only the tickets, or all of stderr.
    for text in [lines_of_tickets.join("\n"), err] {
        std::fs::write(file.path(), text).unwrap();
        let (code, out, err) =
            run(at("resume", &listener.base_url(), &["--format", "json"]).arg(file.path()));
        assert_eq!((code, lines(&out).len()), (0, 2), "{err}");
        assert!(
            lines(&out)
                .iter()
                .all(|line| line["status"] == "SUCCESS"
                    && line["file"] == sample().to_str().unwrap()),
            "{out}"
        );
    }
    assert_eq!(listener.with_service(|service| service.accepted()), 2);
}

#[test]
fn a_timeout_leaves_a_ticket_too() {
    let listener = service(ServiceOptions::new().with_pace(Duration::from_secs(3600)));
    let (code, _, err) = run(at("extract", &listener.base_url(), &INVOICE)
        .args(["--deadline", "300ms"])
        .arg(sample()));
    assert!(code == 1 && err.contains("--deadline"), "{err}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &err).unwrap();
    let (_, out, _) = run(at(
        "resume",
        &listener.base_url(),
        &["--deadline", "300ms", "--format", "json"],
    )
    .arg(file.path()));
    assert_eq!(
        lines(&out)[0]["extraction_id"],
        tickets(&err)[0]["extraction_id"]
    );
    assert_eq!(listener.with_service(|service| service.accepted()), 1);
}

#[test]
fn other_signals_leave_tickets_too() {
    // Under `nohup`, SIGHUP is ignored, and what these tests start inherits that. Only on Linux can
    // a test find out.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let signals: &[&str] = if ignored.is_some_and(|signals| signals & 1 == 0) {
        &["-TERM", "-HUP"]
    } else {
        &["-TERM"]
    };
    for signal in signals {
        let listener = service(ServiceOptions::new().with_pace(Duration::from_secs(3600)));
        let process = start(at("extract", &listener.base_url(), &INVOICE).arg(sample()));
        wait_for(&listener, 1);
        send(signal, &process);
        let (code, _, err) = read(process.wait_with_output().unwrap());
        assert_eq!((code, tickets(&err).len()), (130, 1), "{signal} {err}");
    }
}

#[test]
fn nohup_is_respected() {
    let listener = service(ServiceOptions::new().with_pace(Duration::from_millis(1)));
    let typless = at("extract", &listener.base_url(), &INVOICE);
    let mut nohup = Command::new("nohup");
    nohup
        .arg(typless.get_program())
        .args(typless.get_args())
        .arg(sample())
        .env("TYPLESS_API_KEY", support::KEY)
        .stdin(Stdio::null());
    let process = start(&mut nohup);
    wait_for(&listener, 1);
    send("-HUP", &process);
    let (code, out, err) = read(process.wait_with_output().unwrap());
    assert!(code == 0 && out.contains("LPW-2026-0417"), "{err}");
}

#[test]
fn none_of_many_documents_is_lost() {
    const DOCUMENTS: usize = 60;
    let folder = folder(DOCUMENTS);
    let listener = service(ServiceOptions::new().with_pace(Duration::from_secs(3600)));
    let process = start(
        at("extract", &listener.base_url(), &INVOICE)
            .args(["--rate", "20"])
            .arg(folder.path()),
    );
    wait_for(&listener, 15);
    interrupt(&process);
    let (code, out, err) = read(process.wait_with_output().unwrap());
    assert_eq!((code, out.as_str()), (130, ""), "{err}");
    let mut ids: Vec<String> = tickets(&err)
        .iter()
        .map(|ticket| ticket["extraction_id"].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    let accepted = listener.with_service(|service| service.accepted());
    assert_eq!(
        (ids.len(), err.matches("it was not submitted").count()),
        (accepted, DOCUMENTS - accepted),
        "{err}"
    );
    assert!(accepted < DOCUMENTS, "it was in the middle of them");
}

#[test]
fn when_stdout_is_closed_the_rest_is_left_as_tickets() {
    let folder = folder(5);
    // Some finish at once, the others after an hour.
    let pace = Pace::mixture([
        (1.0, Pace::fixed(Duration::ZERO)),
        (1.0, Pace::fixed(Duration::from_secs(3600))),
    ]);
    let listener = service(ServiceOptions::new().with_pace(pace).with_seed(1));
    let mut process = start(at("extract", &listener.base_url(), &INVOICE).arg(folder.path()));
    drop(process.stdout.take());
    let (code, _, err) = read(process.wait_with_output().unwrap());
    let unwritten = err.matches("the result can't be written").count();
    assert_eq!(
        (code, err.matches("typless get ").count()),
        (130, unwritten),
        "{err}"
    );
    assert!(
        unwritten > 0
            && unwritten + tickets(&err).len() + err.matches("not submitted").count() == 5,
        "{err}"
    );
}

#[test]
fn with_its_own_emulator_there_is_nothing_to_resume() {
    let process = start(support::extract(&["--emulator"]).arg(sample()));
    while !handles_interrupts(&process) {
        thread::sleep(WAIT);
    }
    interrupt(&process);
    let (code, out, err) = read(process.wait_with_output().unwrap());
    assert_eq!((code, out.as_str()), (130, ""), "{err}");
    assert!(
        err.starts_with("typless: interrupted") && tickets(&err).is_empty(),
        "{err}"
    );
}

#[test]
fn resume_returns_its_tickets() {
    let listener = service(ServiceOptions::new().with_pace(Duration::from_secs(3600)));
    let ticket = support::submitted(&listener.base_url(), &[]);
    let mut process = start(at("resume", &listener.base_url(), &["-"]).stdin(Stdio::piped()));
    writeln!(process.stdin.take().unwrap(), "{ticket}").unwrap();
    // Its input is closed. Once it handles signals, it has read the ticket and started.
    while !handles_interrupts(&process) {
        thread::sleep(WAIT);
    }
    interrupt(&process);
    let (code, _, err) = read(process.wait_with_output().unwrap());
    assert_eq!(code, 130, "{err}");
    assert_eq!(
        tickets(&err)[0]["extraction_id"],
        lines(&ticket)[0]["extraction_id"]
    );
}

/// Whether the process has a handler for SIGINT, according to Linux; elsewhere, waits a while.
fn handles_interrupts(process: &Child) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", process.id())) else {
        thread::sleep(Duration::from_millis(500));
        return true;
    };
    let caught = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .unwrap()
        .trim();
    u64::from_str_radix(caught, 16).unwrap() & 0b10 != 0
}

#[test]
fn an_interruption_waits_for_the_response_to_a_submit() {
    let (url, arrivals, responses) = held();
    for command in ["extract", "submit"] {
        let mut process = start(at(command, &url, &INVOICE).arg(sample()));
        arrivals.recv().unwrap();
        interrupt(&process);
        let (line, mut stderr) = first_line(&mut process);
        assert!(line.starts_with("typless: interrupted"), "{line}");
        let accepted = "HTTP/1.1 202 Accepted\r\ncontent-length: 27\r\nconnection: close\r\n\r\n\
                        {\"extraction_id\": \"0d1433\"}";
        responses.send(accepted).unwrap();
        let mut err = String::new();
        stderr.read_to_string(&mut err).unwrap();
        let (code, out, _) = read(process.wait_with_output().unwrap());
        assert_eq!(code, 130, "{err}");
        let ticket = if command == "submit" {
            lines(&out)
        } else {
            tickets(&err)
        };
        assert_eq!(ticket[0]["extraction_id"], "0d1433", "{out} {err}");
    }
}

#[test]
fn a_second_interruption_exits_at_once_and_says_what_is_unknown() {
    for command in ["extract", "submit"] {
        let (url, arrivals, _responses) = held();
        let mut process = start(at(command, &url, &INVOICE).arg(sample()));
        arrivals.recv().unwrap();
        interrupt(&process);
        let (line, mut rest) = first_line(&mut process);
        assert!(line.starts_with("typless: interrupted"), "{line}");
        interrupt(&process);
        assert_eq!(process.wait().unwrap().code(), Some(130));
        let mut err = String::new();
        rest.read_to_string(&mut err).unwrap();
        assert!(
            err.contains("invoice.pdf: it is unknown whether it was submitted"),
            "{err}"
        );
    }
}

#[test]
fn a_submit_that_failed_is_not_repeated_after_an_interruption() {
    let (url, arrivals, responses) = held();
    let mut process = start(at("submit", &url, &INVOICE).arg(sample()));
    arrivals.recv().unwrap();
    interrupt(&process);
    let (_, mut stderr) = first_line(&mut process);
    responses
        .send("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut err = String::new();
    stderr.read_to_string(&mut err).unwrap();
    let (code, out, _) = read(process.wait_with_output().unwrap());
    assert_eq!((code, out.as_str()), (130, ""));
    assert!(err.contains("it was not submitted"), "{err}");
}
