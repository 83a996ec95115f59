//! `typless listen`, run as a user runs it, with an emulator that posts webhooks to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStderr, ChildStdout, Command};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use crate::support::{self, at, run, service, start, submitted};
use serde_json::Value;
use typless::drive::Clock;
use typless_emulator::{Fault, Listener, Pace, ServiceOptions, WebhookOptions};
use typless_transports::SystemClock;

const SECRET: &str = "8c3f0d6b5a9e47128c3f0d6b5a9e4712";

/// A running `typless listen`.
struct Receiver {
    process: Child,
    /// The address it printed, without the scheme.
    address: String,
    results: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Receiver {
    fn start(url: &str, arguments: &[&str]) -> Self {
        let mut command = at(
            "listen",
            url,
            &["--listen", "127.0.0.1:0", "--format", "json"],
        );
        let mut process = start(command.args(arguments));
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address = line
            .split("http://")
            .nth(1)
            .unwrap_or_else(|| panic!("{line}"))
            .trim()
            .to_owned();
        let results = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            address,
            results,
            stderr,
        }
    }

    fn result(&mut self) -> Value {
        let mut line = String::new();
        self.results.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Interrupts it. Returns its exit status and the rest of its output.
    fn interrupt(mut self) -> (i32, String, String) {
        let killed = Command::new("kill")
            .args(["-INT", &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let (mut out, mut err) = (String::new(), String::new());
        self.results.read_to_string(&mut out).unwrap();
        self.stderr.read_to_string(&mut err).unwrap();
        (self.process.wait().unwrap().code().unwrap(), out, err)
    }
}

/// Posts a message, and returns the status line of the response.
fn post(address: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response.split(' ').nth(1).unwrap().to_owned()
}

fn message(id: &str) -> String {
    format!(r#"{{"data": {{"id": "{id}"}}, "type": "extraction.finished"}}"#)
}

fn polls(listener: &Listener) -> usize {
    listener.with_service(|service| service.counts().polls)
}

fn id_of(ticket: &str) -> String {
    support::lines(ticket)[0]["extraction_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn each_result_is_fetched_once_however_often_it_is_notified() {
    let listener = service(ServiceOptions::new().with_pace(Duration::ZERO));
    let mut receiver = Receiver::start(&listener.base_url(), &[]);
    let ids = [(); 3].map(|()| id_of(&submitted(&listener.base_url(), &[])));
    for id in ids.iter().chain(&ids).chain(&ids) {
        assert_eq!(post(&receiver.address, "/", &message(id)), "204");
    }
    let mut printed = [(); 3].map(|()| receiver.result());
    printed.sort_by_key(|line| line["extraction_id"].to_string());
    let mut expected = ids;
    expected.sort();
    for (line, id) in printed.iter().zip(&expected) {
        assert_eq!(
            (&line["extraction_id"], &line["status"]),
            (&Value::from(id.as_str()), &Value::from("SUCCESS"))
        );
    }
    let (code, out, err) = receiver.interrupt();
    assert_eq!(
        (code, out.as_str(), polls(&listener)),
        (130, "", 3),
        "{err}"
    );
}

#[test]
fn requests_without_the_secret_are_refused() {
    let listener = service(ServiceOptions::new().with_pace(Duration::ZERO));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{SECRET}").unwrap();
    let arguments = [
        "--path",
        "/hooks/typless",
        "--secret-file",
        file.path().to_str().unwrap(),
    ];
    let mut receiver = Receiver::start(&listener.base_url(), &arguments);
    assert!(
        receiver.address.ends_with("/hooks/typless/<secret>"),
        "{}",
        receiver.address
    );
    let address = receiver.address.split('/').next().unwrap().to_owned();
    let id = id_of(&submitted(&listener.base_url(), &[]));
    for path in [
        "/",
        "/hooks/typless",
        "/hooks/typless/8c3f0d6b5a9e47128c3f0d6b5a9e4713",
    ] {
        assert_eq!(post(&address, path, &message(&id)), "404", "{path}");
    }
    let path = format!("/hooks/typless/{SECRET}");
    assert_eq!(post(&address, &path, "no JSON"), "400");
    assert_eq!(post(&address, &path, &"x".repeat(70_000)), "413");
    assert_eq!(polls(&listener), 0);
    assert_eq!(post(&address, &path, &message(&id)), "204");
    assert_eq!(receiver.result()["extraction_id"], id.as_str());
    let (_, _, err) = receiver.interrupt();
    assert!(!err.contains(SECRET), "{err}");
}

/// Forwards one message to an address that is set later.
fn relay() -> (String, Sender<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (send, target) = mpsc::channel::<String>();
    thread::spawn(move || {
        let (mut from, _) = listener.accept().unwrap();
        let mut to = TcpStream::connect(target.recv().unwrap()).unwrap();
        let mut message = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut message) {
            to.write_all(&message[..length]).unwrap();
        }
    });
    (url, send)
}

#[test]
fn webhooks_of_the_emulator_are_understood() {
    let (hook, target) = relay();
    let webhook = WebhookOptions::new(&hook).unwrap();
    let listener = service(
        ServiceOptions::new()
            .with_pace(Duration::from_millis(1))
            .with_webhook(webhook),
    );
    let mut receiver = Receiver::start(&listener.base_url(), &["--path", "/hook"]);
    target
        .send(receiver.address.trim_end_matches("/hook").to_owned())
        .unwrap();
    let id = id_of(&submitted(&listener.base_url(), &[]));
    let line = receiver.result();
    assert_eq!(
        (&line["extraction_id"], &line["status"]),
        (&Value::from(id), &Value::from("SUCCESS"))
    );
    assert_eq!(receiver.interrupt().0, 130);
}

#[test]
fn the_rate_bounds_every_second() {
    let listener = service(ServiceOptions::new());
    let mut receiver = Receiver::start(&listener.base_url(), &[]);
    for index in 0..15 {
        let id = format!("{index:040x}");
        assert_eq!(post(&receiver.address, "/", &message(&id)), "204");
    }
    for _ in 0..15 {
        assert_eq!(receiver.result()["status"], "NOT_FOUND");
    }
    let counts = listener.with_service(|service| service.counts());
    // A request that is delayed on its way arrives together with later ones: two more than 10.
    assert!(
        counts.polls == 15 && counts.max_per_second <= 12,
        "{counts:?}"
    );
    assert_eq!(receiver.interrupt().0, 130);
}

#[test]
fn an_unfinished_extraction_is_left_as_a_ticket() {
    let listener = service(ServiceOptions::new().with_pace(Duration::from_secs(3600)));
    let receiver = Receiver::start(&listener.base_url(), &[]);
    let id = id_of(&submitted(&listener.base_url(), &[]));
    assert_eq!(post(&receiver.address, "/", &message(&id)), "204");
    while polls(&listener) == 0 {
        thread::sleep(Duration::from_millis(2));
    }
    let (code, _, err) = receiver.interrupt();
    assert!(
        code == 130 && err.contains(&format!(r#""extraction_id":"{id}""#)),
        "{err}"
    );
}

#[test]
fn when_stdout_is_closed_it_stops_and_reports_what_was_not_read() {
    let pace = Pace::mixture([
        (1.0, Pace::fixed(Duration::ZERO)),
        (1.0, Pace::fixed(Duration::from_secs(3600))),
    ]);
    let listener = service(ServiceOptions::new().with_pace(pace).with_seed(1));
    let ids = [(); 6].map(|()| id_of(&submitted(&listener.base_url(), &[])));
    let finished = run(&mut at("awaiting", &listener.base_url(), &[])).1;
    let (quick, slow): (Vec<&String>, Vec<&String>) =
        ids.iter().partition(|id| finished.contains(*id));
    let Receiver {
        mut process,
        address,
        results,
        mut stderr,
    } = Receiver::start(&listener.base_url(), &[]);
    drop(results);
    assert_eq!(post(&address, "/", &message(slow[0])), "204");
    while polls(&listener) == 0 {
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(post(&address, "/", &message(quick[0])), "204");
    let mut err = String::new();
    stderr.read_to_string(&mut err).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0), "{err}");
    assert!(err.contains(&format!("typless get {}", quick[0])), "{err}");
    assert!(
        err.contains(&format!(r#""extraction_id":"{}""#, slow[0])),
        "{err}"
    );
}

#[test]
fn a_key_that_is_refused_later_pauses() {
    let listener = service(ServiceOptions::new());
    let mut receiver = Receiver::start(&listener.base_url(), &[]);
    let accepted = id_of(&submitted(&listener.base_url(), &["--customer", "A"]));
    assert_eq!(post(&receiver.address, "/", &message(&accepted)), "204");
    while polls(&listener) == 0 {
        thread::sleep(Duration::from_millis(2));
    }
    let in_an_hour = SystemClock::new().now() + Duration::from_secs(3600);
    listener.with_service(|service| service.fail_until(in_an_hour, Fault::Unauthorized));
    assert_eq!(post(&receiver.address, "/", &message("0d14")), "204");
    let mut line = String::new();
    receiver.stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("typless: paused since "), "{line}");
    let (code, _, err) = receiver.interrupt();
    assert!(
        code == 130 && err.contains(r#""extraction_id":"0d14""#) && err.contains(&accepted),
        "{err}"
    );
}

#[test]
fn invalid_usage_and_a_wrong_key_are_reported() {
    let short = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(short.path(), "short").unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["--listen", "nowhere"], "127.0.0.1:8080"),
        (&["--listen", "192.0.2.1:1"], "--listen"),
        (&["--listen", "127.0.0.1:0", "--path", "hooks"], "--path"),
        (
            &["--listen", "127.0.0.1:0", "--secret-file", "no such file"],
            "no such file",
        ),
        (
            &[
                "--listen",
                "127.0.0.1:0",
                "--secret-file",
                short.path().to_str().unwrap(),
            ],
            "16 characters",
        ),
    ];
    for (arguments, sentence) in cases {
        let (code, out, err) = run(&mut at("listen", "http://127.0.0.1:9", arguments));
        assert!(
            code == 2 && out.is_empty() && err.contains(sentence),
            "{arguments:?} {err}"
        );
    }
    let locked = service(ServiceOptions::new().with_key("another"));
    let mut receiver = Receiver::start(&locked.base_url(), &[]);
    assert_eq!(post(&receiver.address, "/", &message("0d14")), "204");
    let mut err = String::new();
    receiver.stderr.read_to_string(&mut err).unwrap();
    assert!(
        receiver.process.wait().unwrap().code() == Some(3) && err.contains("check the key"),
        "{err}"
    );
    assert!(err.contains(r#""extraction_id":"0d14""#), "{err}");
}
