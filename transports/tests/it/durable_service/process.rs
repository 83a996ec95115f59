//! The example as a process, and a client of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use typless::machine::Snapshot;
use typless_emulator::{Listener, Service, ServiceOptions, WebhookOptions};

/// The emulator, and the example's folder and address.
pub(super) struct Setup {
    pub(super) emulator: Listener,
    pub(super) address: SocketAddr,
    folder: tempfile::TempDir,
}

/// A process that runs, and is killed when it is dropped.
pub(super) struct Process(Child);

/// With an emulator that is fast and has no faults.
pub(super) fn setup() -> Setup {
    Setup::new(ServiceOptions::new().with_pace(Duration::from_millis(1)))
}

impl Setup {
    pub(super) fn new(options: ServiceOptions) -> Self {
        let address = free_address();
        let webhook = WebhookOptions::new(&format!("http://{address}/typless")).unwrap();
        let service = Service::new(options.with_webhook(webhook));
        Self {
            emulator: Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), service).unwrap(),
            address,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("log.jsonl")
    }

    pub(super) fn start(&self) -> Process {
        Process(self.command().stdout(Stdio::piped()).spawn().unwrap())
    }

    /// The exit code and the message of a process that ends by itself.
    pub(super) fn refusal(&self) -> (Option<i32>, String) {
        let mut process = Process(self.command().stderr(Stdio::piped()).spawn().unwrap());
        let status = wait_for("its end", || process.0.try_wait().unwrap());
        let mut message = String::new();
        let mut stderr = process.0.stderr.take().unwrap();
        stderr.read_to_string(&mut message).unwrap();
        (status.code(), message)
    }

    fn command(&self) -> Command {
        let path = example();
        assert!(
            path.exists(),
            "{} was not built: run cargo build -p typless-transports --all-features --examples",
            path.display(),
        );
        let mut command = Command::new(path);
        command
            .args(["--api", &self.emulator.base_url(), "--rate", "200"])
            .args(["--listen", &self.address.to_string(), "--folder"])
            .arg(self.folder.path())
            .env("TYPLESS_API_KEY", "any-key");
        command
    }

    /// Adds a document, until it is acknowledged. Returns its id.
    pub(super) fn add(&self, number: usize) -> String {
        let path = format!("/documents/{number}.pdf");
        wait_for("a 202", || {
            match self.request("POST", &path, &invoice(number)) {
                Some((202, body)) => Some(body["id"].as_str().unwrap().to_owned()),
                _ => None,
            }
        })
    }

    /// The statuses of all documents, by id.
    pub(super) fn statuses(&self) -> BTreeMap<String, String> {
        let (_, all) = self.request("GET", "/documents", b"").unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let all = all.as_array().unwrap().iter();
        all.map(|document| (text(&document["id"]), text(&document["status"])))
            .collect()
    }

    /// Waits until no document is pending.
    pub(super) fn wait(&self) -> BTreeMap<String, String> {
        wait_for("all outcomes", || {
            let statuses = self.statuses();
            let all_are = statuses.values().all(|status| status != "pending");
            all_are.then_some(statuses)
        })
    }

    /// Sends a request. Returns the status, and the JSON if there is any; `None` if there is no
    /// complete response.
    pub(super) fn request(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        let limit = Duration::from_secs(10);
        stream.set_read_timeout(Some(limit)).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        write!(head, "content-length: {}\r\n", body.len()).unwrap();
        head.push_str("connection: close\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        let (head, body) = response.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).unwrap_or_default()))
    }

    /// The snapshots in the log.
    pub(super) fn snapshots(&self) -> BTreeMap<String, Snapshot> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let mut snapshots = BTreeMap::new();
        for line in log.lines() {
            // The last line may be torn.
            let group: Vec<Value> = serde_json::from_str(line).unwrap_or_default();
            for row in group.iter().map(|entry| &entry["row"]) {
                if let Some(id) = row["document"]["id"].as_str() {
                    let snapshot = serde_json::from_value(row["state"]["unfinished"].clone());
                    snapshots.insert(id.to_owned(), snapshot.ok());
                }
            }
        }
        let unfinished = snapshots.into_iter();
        unfinished
            .filter_map(|(id, snapshot)| Some((id, snapshot?)))
            .collect()
    }

    /// The documents that may have been submitted without a known response.
    pub(super) fn submitting(&self) -> Vec<String> {
        let mut snapshots = self.snapshots();
        snapshots.retain(|_, snapshot| snapshot.may_be_submitted());
        snapshots.into_keys().collect()
    }
}

impl Process {
    /// Waits until it listens.
    pub(super) fn listening(mut self) -> Self {
        let mut line = String::new();
        let out = self.0.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on "), "{line}");
        self
    }

    /// Kills it: it has no chance to do anything.
    pub(super) fn kill(mut self) {
        let ended = self.0.try_wait().unwrap();
        assert!(ended.is_none(), "it ended by itself: {ended:?}");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to end, as a container does.
    pub(super) fn terminate(mut self) -> ExitStatus {
        let id = self.0.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(status.success());
        self.0.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tries again until there is something. For some minutes: after several submits of unknown outcome
/// in a row, a batch pauses for 10 s or more.
pub(super) fn wait_for<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        let is_late = started.elapsed() > Duration::from_secs(300);
        assert!(!is_late, "waited too long for {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Cargo puts examples beside the folder of this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    profile.join("examples/durable_service")
}

/// An address that nobody listens at, and that no other test has. Not of those that the system
/// gives to connections: a client that connects to such a port while nobody listens may be
/// connected to itself.
fn free_address() -> SocketAddr {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    loop {
        let port = first + TAKEN.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// An invoice with a comment in it, so that no two are the same document.
fn invoice(number: usize) -> Vec<u8> {
    let invoice = include_bytes!("../../../../emulator/samples/invoice.pdf");
    let (begin, end) = invoice.split_at(invoice.len() - b"startxref\n1878\n%%EOF".len());
    [begin, format!("% {number}\n").as_bytes(), end].concat()
}
