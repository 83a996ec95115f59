//! The memory a process needs to submit a large file: ours over ureq and hyper, and what a user
//! writes without the client.
//!
//! Each client is a separate process, so that the kernel reports its peak: this program, started
//! again with another argument.

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::{env, fs, io, str, thread};

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Builder;
use typless::drive::{AsyncTransport, BlockingTransport};
use typless::machine::Limits;
use typless::wire::{Api, Document, SubmitRequest, SubmitResponse};
use typless_benches::bounds::Bounds;
use typless_benches::noise::Noise;
use typless_benches::server::Server;
use typless_benches::submission::{DOCUMENT_TYPE, FILE_NAME, body_len};
use typless_benches::table::{Table, size};
use typless_benches::{naive, process};
use typless_transports::FileSource;
use typless_transports::hyper::Hyper;
use typless_transports::ureq::Ureq;

const LENGTH: u64 = 200_000_000;
const QUICK_LENGTH: u64 = 20_000_000;

/// The maximum resident memory of a client, in bytes, for any length of the file.
const LIMIT: u64 = 12_000_000;

/// The argument that makes this program a client.
const CLIENT: &str = "client";

/// The clients, by argument, with a description.
const CLIENTS: [(&str, &str); 6] = [
    ("idle", "nothing: starts and ends"),
    ("file", "ours over ureq, from the file"),
    ("hyper-file", "ours over hyper, from the file"),
    ("memory", "ours over ureq, the file in memory"),
    ("hyper-memory", "ours over hyper, the file in memory"),
    ("naive", "naive: fs::read, String, to_vec"),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [CLIENT, client, url, path] => {
            report(client, url, Path::new(path)).map(|()| ExitCode::SUCCESS)
        }
        ref options => compare(if options.contains(&"--quick") {
            QUICK_LENGTH
        } else {
            LENGTH
        }),
    }
}

/// Runs one client after the other and prints their reports.
fn compare(length: u64) -> Result<ExitCode, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(FILE_NAME);
    write_noise(&path, length)?;
    let server = Arc::new(Server::new()?);
    let mut reports = Vec::new();
    for (client, _) in CLIENTS {
        reports.push(run(client, &server, &path, length)?);
    }
    let [_, over_ureq, over_hyper, _, _, naive] = &reports[..] else {
        return Err("a report is missing".into());
    };
    let [ureq, hyper] = [over_ureq, over_hyper].map(|ours| naive.peak as f64 / ours.peak as f64);

    println!(
        "A file of {}, a body of {}, over loopback\n",
        size(length),
        size(body_len(length))
    );
    let mut table = Table::new(&["client", "peak resident MB", "x file", "CPU ms"]);
    for ((_, name), report) in CLIENTS.iter().zip(&reports) {
        let (peak, file) = (report.peak as f64, length as f64);
        table.row(vec![
            (*name).to_owned(),
            format!("{:.1}", peak / 1e6),
            format!("{:.3}", peak / file),
            report.cpu_ms.to_string(),
        ]);
    }
    table.print();
    println!(
        "\nours from the file needs {ureq:.0} times less than naive over ureq, {hyper:.0} times \
         less over hyper"
    );
    let mut bounds = Bounds::new();
    for (name, ours) in [("ureq", over_ureq), ("hyper", over_hyper)] {
        let text = format!(
            "ours over {name} from the file peaks at {}, at most {}",
            size(ours.peak),
            size(LIMIT)
        );
        bounds.bound(&text, ours.peak <= LIMIT);
    }
    Ok(bounds.finish())
}

/// What a client reports when it ends.
struct Report {
    peak: u64,
    cpu_ms: u64,
}

/// Runs one client to its end, against the server if it submits.
fn run(
    client: &str,
    server: &Arc<Server>,
    path: &Path,
    length: u64,
) -> Result<Report, Box<dyn Error>> {
    let url = format!("http://{}", server.address()?);
    let child = Command::new(env::current_exe()?)
        .args([CLIENT, client, &url])
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()?;
    let submit = (client != "idle").then(|| {
        let server = Arc::clone(server);
        thread::spawn(move || server.accept(body_len(length)))
    });
    let output = child.wait_with_output()?;
    // If the server ended early, its error is the cause; if it still waits, it would wait forever
    // for a client that failed.
    if let Some(submit) = submit.filter(|submit| submit.is_finished() || output.status.success()) {
        submit.join().map_err(|_| "the server panicked")??;
    }
    if !output.status.success() {
        return Err(format!("the client {client} failed").into());
    }
    let numbers = str::from_utf8(&output.stdout)?
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<Vec<u64>, _>>()?;
    let [peak, cpu_ms] = numbers[..] else {
        return Err(format!("the client {client} reported nothing").into());
    };
    Ok(Report { peak, cpu_ms })
}

/// Runs as a client, and prints its memory and CPU time.
fn report(client: &str, url: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    match client {
        "idle" => {}
        "file" => submit(url, from_file(path)?)?,
        "hyper-file" => submit_over_hyper(url, from_file(path)?)?,
        "memory" => submit(url, in_memory(path)?)?,
        "hyper-memory" => submit_over_hyper(url, in_memory(path)?)?,
        "naive" => submit_naively(url, path)?,
        _ => return Err("no such client".into()),
    }
    println!(
        "{} {}",
        process::peak_memory()?,
        process::process_cpu().as_millis()
    );
    Ok(())
}

fn from_file(path: &Path) -> Result<Document, Box<dyn Error>> {
    Ok(Document::from_source(
        FILE_NAME,
        DOCUMENT_TYPE,
        FileSource::new(path)?,
    )?)
}

fn in_memory(path: &Path) -> Result<Document, Box<dyn Error>> {
    Ok(Document::new(FILE_NAME, DOCUMENT_TYPE, fs::read(path)?)?)
}

fn submit(url: &str, document: Document) -> Result<(), Box<dyn Error>> {
    let request = SubmitRequest::new(document).request(&Api::new(url, "key")?);
    let limits = Limits::for_body(request.body().len());
    let response = Ureq::from(agent()).send(request, limits)?;
    SubmitResponse::decode(&response)?;
    Ok(())
}

fn submit_over_hyper(url: &str, document: Document) -> Result<(), Box<dyn Error>> {
    let request = SubmitRequest::new(document).request(&Api::new(url, "key")?);
    let limits = Limits::for_body(request.body().len());
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let transport = Hyper::from(Client::builder(TokioExecutor::new()).build(connector));
    let response = Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(transport.send(request, limits))?;
    SubmitResponse::decode(&response)?;
    Ok(())
}

fn submit_naively(url: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let body = naive::to_vec(&fs::read(path)?);
    let request = agent().post(format!("{url}/api/extract-data-async"));
    let request = request
        .header("authorization", "Token key")
        .header("content-type", "application/json");
    let response = request.send(&body)?.into_body().read_to_string()?;
    serde_json::from_str::<serde_json::Value>(&response)?;
    Ok(())
}

/// An agent that ignores proxy settings.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .build()
        .new_agent()
}

fn write_noise(path: &Path, length: u64) -> io::Result<()> {
    let mut file = io::BufWriter::with_capacity(1 << 20, fs::File::create(path)?);
    let mut noise = Noise::new(length);
    let mut block = vec![0; 64 * 1024];
    let mut left = length;
    while left > 0 {
        let count = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        noise.fill(&mut block[..count]);
        io::Write::write_all(&mut file, &block[..count])?;
        left -= count as u64;
    }
    io::Write::flush(&mut file)
}
