//! Shared by the tests of the commands.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use typless_emulator::{Listener, Service, ServiceOptions};

pub(crate) const KEY: &str = "s3cret-k3y-of-ours";

/// The arguments of the sample's document type.
pub(crate) const INVOICE: [&str; 2] = ["--document-type", "line-item-invoice"];

/// The binary, without the environment variables that it reads.
pub(crate) fn typless() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_typless"));
    command.env_remove("TYPLESS_API_KEY").stdin(Stdio::null());
    for proxy in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env_remove(proxy);
    }
    command
}

/// A command that uses this service, with the key set.
pub(crate) fn at(command: &str, url: &str, arguments: &[&str]) -> Command {
    let mut process = typless();
    process
        .args([command, "--base-url", url])
        .args(arguments)
        .env("TYPLESS_API_KEY", KEY);
    process
}

pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../emulator/samples/invoice.pdf")
}

/// A folder of so many copies of the sample: `0.pdf`, `1.pdf` and so on.
pub(crate) fn folder(documents: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..documents {
        std::fs::copy(sample(), folder.path().join(format!("{index}.pdf"))).unwrap();
    }
    folder
}

/// `typless extract --document-type line-item-invoice ...`
pub(crate) fn extract(arguments: &[&str]) -> Command {
    let mut command = typless();
    command.arg("extract").args(INVOICE).args(arguments);
    command
}

/// Runs it until it exits: exit status, standard output, standard error.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    read(command.output().unwrap())
}

/// Starts it, to be read.
pub(crate) fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs it while nothing reads its standard output: exit status, standard error.
pub(crate) fn run_with_stdout_closed(command: &mut Command) -> (i32, String) {
    let mut process = start(command);
    drop(process.stdout.take());
    let (code, _, err) = read(process.wait_with_output().unwrap());
    (code, err)
}

/// Waits until the service has accepted this many documents.
pub(crate) fn wait_for(listener: &Listener, documents: usize) {
    while listener.with_service(|service| service.accepted()) < documents {
        thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn read(output: Output) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = output;
    let (out, err) = (
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    );
    assert!(
        !out.contains(KEY) && !err.contains(KEY),
        "the key is in no output"
    );
    assert!(!err.contains("panicked"), "{err}");
    (status.code().unwrap(), out, err)
}

/// Parses lines of JSON.
pub(crate) fn lines(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The tickets among the lines of stderr.
pub(crate) fn tickets(err: &str) -> Vec<Value> {
    err.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Lines of JSON in the order of `index`; no index may be missing.
pub(crate) fn in_order(out: &str) -> Vec<Value> {
    let mut lines = lines(out);
    lines.sort_by_key(|line| line["index"].as_u64());
    assert!(
        lines
            .iter()
            .zip(0_u64..)
            .all(|(line, place)| line["index"] == place),
        "{out}"
    );
    lines
}

pub(crate) fn service(options: ServiceOptions) -> Listener {
    Listener::bind(([127, 0, 0, 1], 0).into(), Service::new(options)).unwrap()
}

/// The line with the ticket, as `typless submit` prints it.
pub(crate) fn submitted(url: &str, arguments: &[&str]) -> String {
    let (code, out, err) = run(at("submit", url, &INVOICE).args(arguments).arg(sample()));
    assert_eq!(code, 0, "{err}");
    out.trim_end().to_owned()
}

/// A server that responds to every request with the same bytes.
pub(crate) fn scripted(response: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // This server needs only the head. It reads the rest so that closing does not reset the
            // connection.
            stream
                .set_read_timeout(Some(Duration::from_millis(5)))
                .unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
            let _ = stream.write_all(response.as_bytes());
        }
    });
    url
}

/// An invoice that differs from those with other numbers: in a comment near its end.
pub(crate) fn numbered_invoice(number: usize) -> Vec<u8> {
    let invoice = std::fs::read(sample()).unwrap();
    let is_before = |window: &[u8]| window == b"startxref";
    let at = invoice.windows(9).rposition(is_before).unwrap();
    let (begin, end) = invoice.split_at(at);
    [begin, format!("% {number}\n").as_bytes(), end].concat()
}

/// A folder of so many different invoices: `0.pdf`, `1.pdf` and so on.
pub(crate) fn distinct_folder(documents: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..documents {
        let path = folder.path().join(format!("{index}.pdf"));
        std::fs::write(path, numbered_invoice(index)).unwrap();
    }
    folder
}
