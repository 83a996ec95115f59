//! A web service (axum) that loses no document and submits none twice, whenever it ends.
//!
//! Without arguments it shows itself, with the emulator as the service of Typless:
//!
//! ```sh
//! cargo run -p typless-transports --features hyper-rustls --example durable_service
//! ```
//!
//! With arguments it is the service. The key comes from `TYPLESS_API_KEY`:
//!
//! ```sh
//! durable_service --folder DIR [--listen ADDRESS] [--api URL] [--document-type NAME] [--rate N]
//!
//! curl --data-binary @invoice.pdf http://127.0.0.1:8080/documents/invoice.pdf
//! curl http://127.0.0.1:8080/documents/ID
//! ```
//!
//! | module | what it does |
//! | --- | --- |
//! | `routes` | HTTP: takes documents and webhooks, shows results |
//! | `add` | makes a document durable before it is acknowledged |
//! | `follow` | the batch: stores each step before the next one is taken |
//! | `row`, `store`, `log` | what is known of each document; a database would do it |
//! | `folder` | the files of the documents |
//! | `service` | start and shutdown |
//!
//! `typless::machine::storing` says what is stored, and when. To copy this into a program that has
//! a database, leave out `store` and `log`.

mod add;
mod arguments;
mod demo;
mod folder;
mod follow;
mod log;
mod routes;
mod row;
mod service;
mod store;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use arguments::Arguments;
use service::Service;

/// Why it ends.
type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let result = if std::env::args().len() == 1 {
        demo::run().await
    } else {
        run().await
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("durable_service: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until Ctrl-C or SIGTERM. An error of the store ends it, too: what is on the disk is not
/// known then, and the next start reads it.
async fn run() -> Result<(), Error> {
    let Arguments { listen, settings } = Arguments::from_env()?;
    let stopped = stop_signal()?;
    let mut service = Service::start(settings, listen).await?;
    println!("listening on http://{}", service.address());
    tokio::select! {
        () = stopped => service.shutdown().await,
        error = service.failed() => Err(error),
    }
}

/// Completes at Ctrl-C or SIGTERM. From this call on they do not end the process.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
