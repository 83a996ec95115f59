//! `typless emulator`, run as a user runs it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Stdio};

use crate::support::{KEY, at, extract, lines, run, sample, typless};
use serde_json::Value;

#[test]
fn the_emulator_prints_its_address_and_serves() {
    let (mut emulator, url) = start(&[]);
    let (code, out, _) = run(extract(&["--base-url", &url])
        .arg(sample())
        .env("TYPLESS_API_KEY", KEY));
    let taken = run(typless().args(["emulator", "--listen", url.trim_start_matches("http://")]));
    emulator.kill().unwrap();
    emulator.wait().unwrap();
    assert!(code == 0 && out.contains("LPW-2026-0417"), "{out}");
    assert!(taken.0 == 2 && taken.2.contains("--listen"), "{}", taken.2);
}

#[cfg(unix)]
#[test]
fn it_stops_on_a_signal_even_as_the_first_process_of_a_container() {
    let (mut emulator, _) = start(&[]);
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &emulator.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    // A process that a signal kills has no exit status.
    assert_eq!(emulator.wait().unwrap().code(), Some(130));
}

/// An emulator and its base URL.
fn start(arguments: &[&str]) -> (Child, String) {
    let mut command = typless();
    command
        .args(["emulator", "--listen", "127.0.0.1:0"])
        .args(arguments);
    if !arguments.contains(&"--pace") {
        command.args(["--pace", "1ms"]);
    }
    let mut emulator = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(emulator.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    let url = said
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap()
        .trim_end_matches(';')
        .to_owned();
    (emulator, url)
}

#[test]
fn it_reads_document_types_from_files() {
    let files = ["slip", "note"].map(|name| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, r#"{{"name": "{name}", "fields": []}}"#).unwrap();
        file
    });
    let arguments: Vec<&str> = files
        .iter()
        .flat_map(|file| ["--document-type-file", file.path().to_str().unwrap()])
        .collect();
    let (mut emulator, url) = start(&arguments);
    let codes = ["slip", "note", "poem"]
        .map(|name| run(at("submit", &url, &["--document-type", name]).arg(sample())).0);
    emulator.kill().unwrap();
    emulator.wait().unwrap();
    assert_eq!(codes, [0, 0, 2]);
    let (code, _, err) = run(typless().args(["emulator", "--document-type-file", "no such file"]));
    assert!(
        code == 2 && err.contains("no such file can't be read"),
        "{err}"
    );
}

#[test]
fn it_injects_faults_on_demand() {
    let get = |arguments: &[&str]| {
        let (mut emulator, url) = start(arguments);
        let statuses: Vec<Value> = (0..3)
            .map(|_| {
                let (_, out, _) = run(&mut at("get", &url, &["0d14", "--format", "json"]));
                lines(&out)[0]["status"].clone()
            })
            .collect();
        emulator.kill().unwrap();
        emulator.wait().unwrap();
        statuses
    };
    assert_eq!(get(&[]), ["NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]);
    // Four attempts, at least half a second apart.
    let at_worst = get(&[
        "--fault-rate",
        "1",
        "--seed",
        "7",
        "--pace",
        "lognormal:1s:0.5",
    ]);
    assert!(
        at_worst.iter().any(|status| status != "NOT_FOUND"),
        "{at_worst:?}"
    );
    for (arguments, sentence) in [
        (["--pace", "lognormal"], "lognormal:20s:0.8"),
        (["--fault-rate", "2"], "from 0 to 1"),
        (["--rate-limit", "0"], "--rate-limit"),
        (["--workers", "0"], "--workers"),
        (["--webhook", "https://example.com"], "no TLS"),
        (["--drift", "3"], "3:24h"),
        (["--pace", "1*2s+"], "0.95*2s+0.05*5m"),
        (["--webhook-loss", "0.5"], "--webhook"),
    ] {
        let (code, _, err) = run(typless().arg("emulator").args(arguments));
        assert!(code == 2 && err.contains(sentence), "{err}");
    }
}

#[test]
fn it_injects_faults_into_webhooks_and_the_queue() {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = format!("http://{}/hook", receiver.local_addr().unwrap());
    let submit = |url: &str| {
        run(at("submit", url, &["--document-type", "line-item-invoice"]).arg(sample())).0
    };
    let pace = [
        "--pace",
        "0.5*1ms+0.5*lognormal:1ms:0.1",
        "--drift",
        "2:1s",
        "--keep-fetched",
    ];

    let (mut emulator, url) = start(
        &[
            &pace[..],
            &[
                "--webhook",
                &hook,
                "--webhook-duplicate",
                "1",
                "--webhook-delay",
                "1ms",
            ],
        ]
        .concat(),
    );
    assert_eq!(submit(&url), 0);
    let messages = [(); 2].map(|()| {
        let (mut stream, _) = receiver.accept().unwrap();
        let mut message = [0; 4096];
        let length = stream.read(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length]).into_owned()
    });
    assert_eq!(messages[0], messages[1], "one message twice");
    let listed = || run(&mut at("awaiting", &url, &[])).1;
    let before = listed();
    assert_eq!(run(&mut at("get", &url, &[before.trim()])).0, 0);
    assert_eq!(listed(), before);
    emulator.kill().unwrap();
    emulator.wait().unwrap();

    let (mut emulator, url) = start(&[
        "--webhook",
        &hook,
        "--webhook-loss",
        "1",
        "--webhook-reorder",
        "0.5:1ms",
    ]);
    assert_eq!(submit(&url), 0);
    while !run(&mut at("awaiting", &url, &[])).1.contains('\n') {}
    receiver.set_nonblocking(true).unwrap();
    assert!(receiver.accept().is_err(), "it is lost");
    emulator.kill().unwrap();
    emulator.wait().unwrap();
}

#[test]
fn it_posts_webhooks_and_keeps_its_rate_limit() {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = format!("http://{}/hook", receiver.local_addr().unwrap());
    let (mut emulator, url) = start(&["--webhook", &hook, "--rate-limit", "1", "--workers", "1"]);
    let (code, out, err) = run(
        at("submit", &url, &["--document-type", "line-item-invoice"])
            .arg(sample())
            .arg(sample()),
    );
    assert_eq!(code, 0, "{err}");
    let (mut stream, _) = receiver.accept().unwrap();
    let mut message = [0; 4096];
    let length = stream.read(&mut message).unwrap();
    emulator.kill().unwrap();
    emulator.wait().unwrap();
    assert!(String::from_utf8_lossy(&message[..length]).starts_with("POST /hook HTTP/1.1\r\n"));
    assert_eq!(lines(&out).len(), 2, "the second waited as the hint asks");
}
