//! The service shows itself: it ends while documents are at the emulator, and starts again.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::time::sleep;
use typless::machine::{BatchOptions, PollPolicy};
use typless_emulator::{Listener, WebhookOptions};

use crate::service::{Service, Settings};
use crate::{Error, support};

pub(crate) async fn run() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let listen = free_address().await?;
    let documents = format!("http://{listen}/documents");
    let webhook = WebhookOptions::new(&format!("http://{listen}/typless"))?;
    let (emulator, api) = support::emulator_with(support::options().with_webhook(webhook))
        .map_err(|error| error.to_string())?;
    let settings = || Settings {
        api: api.clone(),
        folder: folder.path().to_owned(),
        document_type: "line-item-invoice".to_owned(),
        options: BatchOptions::new().with_poll_policy(PollPolicy::eager()),
    };

    let service = Service::start(settings(), listen).await?;
    for number in [1, 2, 3, 3] {
        let content = support::numbered_invoice(number);
        let name = format!("{documents}/invoice-{number}.pdf");
        let response = reqwest::Client::new().post(name).body(content).send();
        println!("added: {}", response.await?.text().await?);
    }
    sleep(Duration::from_millis(100)).await;
    service.shutdown().await?;
    println!(
        "shut down; the service of Typless has accepted {}",
        accepted(&emulator)
    );

    let service = Service::start(settings(), listen).await?;
    while get(&documents)
        .await?
        .as_array()
        .is_some_and(|all| all.iter().any(is_pending))
    {
        sleep(Duration::from_millis(50)).await;
    }
    for document in get(&documents).await?.as_array().into_iter().flatten() {
        let id = document["id"].as_str().unwrap_or_default();
        let shown = get(&format!("{documents}/{id}")).await?;
        let number = &shown["result"]["extracted_fields"][0]["values"][0]["value"];
        println!("{}: {}, {number}", shown["name"], shown["status"]);
    }
    service.shutdown().await?;
    println!(
        "the service of Typless has accepted {}",
        accepted(&emulator)
    );
    Ok(())
}

/// An address that nobody listens at.
async fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").await?.local_addr()
}

async fn get(url: &str) -> Result<Value, Error> {
    let text = reqwest::get(url).await?.text().await?;
    Ok(serde_json::from_str(&text)?)
}

fn is_pending(document: &Value) -> bool {
    document["status"] == "pending"
}

fn accepted(emulator: &Listener) -> usize {
    emulator.with_service(|service| service.accepted())
}
