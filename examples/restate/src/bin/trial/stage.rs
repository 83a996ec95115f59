//! The service, the engine's server, the workers, and documents.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use typless::machine::JobEvent;
use typless_emulator::{Listener, Service, ServiceOptions, WebhookOptions};

use crate::server::{Process, Server, free_address};

/// Submits in flight of a worker.
pub const MAX_SUBMITS: usize = 4;

pub struct Stage {
    pub emulator: Listener,
    pub server: Server,
    workers: Vec<Option<Process>>,
    listen: String,
    naive: bool,
    client: Client,
    folder: TempDir,
}

/// What an extraction is called by.
#[derive(Clone)]
pub struct Call {
    pub digest: String,
    url: String,
    order: Value,
    client: Client,
}

impl Stage {
    pub async fn new(workers: usize, naive: bool) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let program = std::env::var_os("RESTATE_SERVER").ok_or("RESTATE_SERVER is not set")?;
        let mut stage = Self {
            emulator: Listener::bind(([127, 0, 0, 1], 0).into(), Service::default())?,
            server: Server::start(&PathBuf::from(program), folder.path())?,
            workers: Vec::new(),
            listen: free_address()?,
            naive,
            client: Client::builder().http2_prior_knowledge().build()?,
            folder,
        };
        stage.workers.resize_with(workers, || None);
        for worker in 0..workers {
            stage.restart_worker(worker)?;
        }
        let workers = format!("http://{}", stage.listen);
        stage.server.register(&stage.client, &workers).await?;
        Ok(stage)
    }

    /// Begins with a new service.
    pub fn serve(&self, options: ServiceOptions) {
        let service = Service::new(options);
        self.emulator.with_service(|old| *old = service);
    }

    /// Has the service post its messages to the engine.
    pub fn webhook(&self) -> Result<WebhookOptions, Box<dyn Error>> {
        let url = format!("{}/Webhook/receive/send", self.server.ingress);
        Ok(WebhookOptions::new(&url)?)
    }

    /// Kills a worker if it runs, and starts another.
    pub fn restart_worker(&mut self, worker: usize) -> Result<(), Box<dyn Error>> {
        self.workers[worker] = None;
        let program = std::env::current_exe()?.with_file_name("worker");
        let mut command = Command::new(program);
        command
            .env("LISTEN", &self.listen)
            .env("TYPLESS_URL", self.emulator.base_url())
            .env("TYPLESS_API_KEY", "trial")
            .env("DOCUMENTS", self.folder.path())
            .env("MAX_SUBMITS", MAX_SUBMITS.to_string());
        if self.naive {
            command.env("NAIVE", "1");
        }
        let log = self.folder.path().join("worker.log");
        self.workers[worker] = Some(Process::start(&mut command, &log)?);
        Ok(())
    }

    /// Writes so many documents, which differ in a comment at their end.
    pub fn documents(&self, name: &str, count: usize) -> Result<Vec<Call>, Box<dyn Error>> {
        let invoice = include_bytes!("../../../../../emulator/samples/invoice.pdf");
        (0..count)
            .map(|number| {
                let content = [
                    &invoice[..],
                    format!("% {name} {number}\n%%EOF\n").as_bytes(),
                ]
                .concat();
                let digest: String = Sha256::digest(&content)
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                fs::write(self.folder.path().join(&digest), &content)?;
                Ok(Call {
                    url: format!("{}/Document/{digest}/extract", self.server.ingress),
                    digest,
                    order: json!({
                        "document_type": "line-item-invoice",
                        "bytes": content.len(),
                    }),
                    client: self.client.clone(),
                })
            })
            .collect()
    }

    /// How often the service accepted this document.
    pub fn accepted(&self, digest: &str) -> usize {
        let name = format!("{digest}.pdf");
        self.emulator
            .with_service(|service| service.accepted_named(&name))
    }
}

impl Call {
    /// Has it begun, and kills its invocation after this time.
    pub async fn kill_after(&self, stage: &Stage, time: Duration) -> Result<(), Box<dyn Error>> {
        let url = format!("{}/send", self.url);
        let response = self.client.post(url).json(&self.order).send().await?;
        let begun: Value = response.json().await?;
        tokio::time::sleep(time).await;
        let invocation = begun["invocationId"].as_str().ok_or("it has no id")?;
        stage.server.kill(&self.client, invocation).await
    }

    /// Calls, and calls again while the server is away, which is the same call.
    pub async fn outcome(&self) -> Result<JobEvent, String> {
        loop {
            let request = self
                .client
                .post(&self.url)
                .header("idempotency-key", &self.digest)
                .json(&self.order);
            if let Ok(response) = request.send().await {
                let status = response.status();
                match response.bytes().await {
                    Ok(body) if status.is_success() => {
                        return serde_json::from_slice(&body).map_err(|error| error.to_string());
                    }
                    Ok(body) if !status.is_server_error() || status == 500 => {
                        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)));
                    }
                    _ => {}
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
