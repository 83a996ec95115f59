//! A process that is stopped, by a signal or by its machine, while responses arrive.
//!
//! Each client is a separate process, which submits 16 documents at once. When all are uploaded it
//! is stopped, the server sends its responses, and the client continues when all its limits have
//! passed. The responses are in the sockets by then, so each submit must count as accepted.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, process, str, thread};

use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tokio::runtime::Builder;
use typless::drive::Clock;
use typless::machine::{Batch, BatchEvent, BatchEventKind, BatchOptions, JobEventKind, Limits};
use typless::wire::{Api, Document};
use typless_benches::bounds::Bounds;
use typless_benches::server::{accept_with_202, read_request};
use typless_benches::submission::{DOCUMENT_TYPE, FILE_NAME};
use typless_benches::table::Table;
use typless_transports::hyper::{EarlyResponses, Hyper, client_builder};
use typless_transports::ureq::Ureq;
use typless_transports::{SystemClock, TokioClock, asynchronous, blocking};

const DOCUMENTS: usize = 16;
const DOCUMENT: &[u8] = b"%PDF-1.4 a document that is small enough to need no more time";

/// How long after their limit the clients continue.
const AFTER_LIMIT: Duration = Duration::from_secs(12);

/// Much longer than an upload takes, or what a client does when it continues; then something hangs.
const HANG_TIMEOUT: Duration = Duration::from_secs(30);

/// The argument that makes this program a client.
const CLIENT: &str = "client";

/// The clients, by argument: what each is, and whether all its submits must count.
const CLIENTS: [(&str, &str, bool); 4] = [
    ("ureq", "ureq, 16 threads", true),
    ("hyper", "hyper, one thread", true),
    ("hyper-threads", "hyper, two threads", true),
    ("own-agent", "ureq, with your own agent", false),
];

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<ExitCode> {
    match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [argument, client, url] if argument == CLIENT => {
            submit(client, url).map(|()| ExitCode::SUCCESS)
        }
        _ => compare(),
    }
}

/// Stops all clients at the same time and prints what became of their submits.
fn compare() -> Outcome<ExitCode> {
    let runs = CLIENTS.map(|(client, ..)| thread::spawn(move || run(client)));
    let mut table = Table::new(&["client", "accepted", "unknown"]);
    let mut bounds = Bounds::new();
    for ((_, name, must_count), run) in CLIENTS.into_iter().zip(runs) {
        let counts = run.join().map_err(|_| "a run panicked")??;
        table.row(vec![
            name.to_owned(),
            counts.accepted.to_string(),
            counts.unknown.to_string(),
        ]);
        if must_count {
            bounds.bound(
                &format!("{name}: {DOCUMENTS} accepted"),
                counts.accepted == DOCUMENTS,
            );
        }
    }
    println!("{DOCUMENTS} submits each, whose responses arrived while the client was stopped");
    table.print();
    Ok(bounds.finish())
}

/// What became of a client's submits.
#[derive(Default)]
struct Counts {
    accepted: usize,
    unknown: usize,
}

/// Starts a client, stops it when its documents are uploaded, and lets it continue when its limits
/// have passed.
fn run(client: &str) -> Outcome<Counts> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let child = Command::new(env::current_exe()?)
        .args([
            CLIENT,
            client,
            &format!("http://{}", listener.local_addr()?),
        ])
        .stdout(Stdio::piped())
        .spawn()?;
    let began = Instant::now();
    let uploaded = receive(&listener)?;
    stop(&child)?;
    for (number, stream) in uploaded.iter().enumerate() {
        accept_with_202(stream, number)?;
    }
    let limit = Limits::for_body(DOCUMENT.len() as u64).total;
    thread::sleep((limit + AFTER_LIMIT).saturating_sub(began.elapsed()));
    kill_process(Pid::from_child(&child), Signal::CONT)?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("the client {client} failed").into());
    }
    let numbers = str::from_utf8(&output.stdout)?
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<Vec<usize>, _>>()?;
    let [accepted, unknown] = numbers[..] else {
        return Err(format!("the client {client} reported nothing").into());
    };
    Ok(Counts { accepted, unknown })
}

/// Accepts a connection for each document, and reads its request.
fn receive(listener: &TcpListener) -> Outcome<Vec<TcpStream>> {
    let (sender, received) = mpsc::channel();
    for _ in 0..DOCUMENTS {
        let (stream, _) = listener.accept()?;
        let sender = sender.clone();
        thread::spawn(move || {
            let read = read_request(&stream).map(|()| stream);
            let _ = sender.send(read);
        });
    }
    (0..DOCUMENTS)
        .map(|_| Ok(received.recv_timeout(HANG_TIMEOUT)??))
        .collect()
}

/// Stops a process, and waits until it is stopped.
fn stop(child: &Child) -> Outcome<()> {
    let pid = Pid::from_child(child);
    kill_process(pid, Signal::STOP)?;
    match waitpid(Some(pid), WaitOptions::UNTRACED)? {
        Some((_, status)) if status.stopped() => Ok(()),
        _ => Err("the client ended before it was stopped".into()),
    }
}

/// The client: submits all documents, and prints how many were accepted and how many are unknown.
fn submit(client: &str, url: &str) -> Outcome<()> {
    thread::spawn(|| {
        let limit = Limits::for_body(DOCUMENT.len() as u64).total;
        thread::sleep(limit + AFTER_LIMIT + HANG_TIMEOUT);
        process::exit(1);
    });
    let mut counts = Counts::default();
    match client {
        "ureq" => over_ureq(Ureq::new(), url, &mut counts)?,
        "own-agent" => over_ureq(Ureq::from(ureq::agent()), url, &mut counts)?,
        "hyper" => over_hyper(Builder::new_current_thread(), url, &mut counts)?,
        _ => over_hyper(Builder::new_multi_thread(), url, &mut counts)?,
    }
    println!("{} {}", counts.accepted, counts.unknown);
    Ok(())
}

fn over_ureq(transport: Ureq, url: &str, counts: &mut Counts) -> Outcome<()> {
    let clock = SystemClock::new();
    let batch = batch(url, &clock)?;
    let mut driver = blocking::Driver::new(batch, transport, clock).with_threads(DOCUMENTS);
    while counts.are_missing() {
        counts.count(driver.next_event()?)?;
    }
    Ok(())
}

fn over_hyper(mut runtime: Builder, url: &str, counts: &mut Counts) -> Outcome<()> {
    let runtime = runtime.worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let connector = EarlyResponses::new(HttpConnector::new());
        let transport = Hyper::from(client_builder().build(connector));
        let clock = TokioClock::new();
        let batch = batch(url, &clock)?;
        let mut driver = asynchronous::Driver::new(batch, transport, clock);
        while counts.are_missing() {
            counts.count(driver.next_event().await)?;
        }
        Ok(())
    })
}

fn batch(url: &str, clock: &impl Clock) -> Outcome<Batch> {
    let api = Api::new(url, "any-key")?;
    let options = BatchOptions::new()
        .with_max_in_flight(DOCUMENTS)
        .with_max_submits(DOCUMENTS);
    let mut batch = Batch::new(&api, options, clock.now());
    for _ in 0..DOCUMENTS {
        batch.add(
            Document::new(FILE_NAME, DOCUMENT_TYPE, DOCUMENT)?,
            clock.now(),
        );
    }
    Ok(batch)
}

impl Counts {
    fn are_missing(&self) -> bool {
        self.accepted + self.unknown < DOCUMENTS
    }

    fn count(&mut self, event: Option<BatchEvent>) -> Outcome<()> {
        match event.ok_or("the batch ended early")?.kind {
            BatchEventKind::Job {
                event: JobEventKind::Submitted(_),
                ..
            } => self.accepted += 1,
            BatchEventKind::Job {
                event: JobEventKind::Finished(_),
                ..
            } => self.unknown += 1,
            _ => (),
        }
        Ok(())
    }
}
