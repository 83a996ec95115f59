//! The engine's server as a child process, with its data in a folder of its own.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::json;

/// A child process that ends with this.
pub struct Process(Child);

impl Process {
    /// Starts a program whose output goes to a file.
    pub fn start(command: &mut Command, log: &Path) -> std::io::Result<Self> {
        let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        command.spawn().map(Self)
    }
}

impl Drop for Process {
    /// `SIGKILL`, and nothing before it.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    pub ingress: String,
    admin: String,
    process: Option<Process>,
}

impl Server {
    /// Writes the settings, on loopback and without telemetry, and starts the server.
    pub fn start(program: &Path, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let [ingress, admin, node] = [free_address()?, free_address()?, free_address()?];
        let settings = format!(
            r#"
            node-name = "trial"
            listen-mode = "tcp"
            bind-address = "{node}"
            advertised-address = "http://{node}/"
            disable-telemetry = true
            log-filter = "warn"
            default-num-partitions = 4
            rocksdb-total-memory-size = "256.0 MiB"
            [ingress]
            bind-address = "{ingress}"
            [admin]
            bind-address = "{admin}"
            disable-web-ui = true
            [worker.invoker]
            # Many connections, since it is they that are spread over the workers.
            http2-streams-per-connection-limit = 1
            "#
        );
        fs::write(folder.join("restate.toml"), settings)?;
        let mut server = Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            ingress: format!("http://{ingress}"),
            admin: format!("http://{admin}"),
            process: None,
        };
        server.restart()?;
        Ok(server)
    }

    /// Kills it if it runs, and starts it with what it has stored.
    pub fn restart(&mut self) -> std::io::Result<()> {
        self.process = None;
        let mut command = Command::new(&self.program);
        command
            .arg("--no-logo")
            .arg("--config-file")
            .arg(self.folder.join("restate.toml"))
            .arg("--base-dir")
            .arg(self.folder.join("restate-data"))
            .env("DO_NOT_TRACK", "1");
        self.process = Some(Process::start(
            &mut command,
            &self.folder.join("restate.log"),
        )?);
        Ok(())
    }

    /// Makes the workers at this address known, once both sides are there.
    pub async fn register(&self, client: &Client, workers: &str) -> Result<(), Box<dyn Error>> {
        let mut last = String::new();
        for _ in 0..600 {
            let request = client
                .post(format!("{}/deployments", self.admin))
                .json(&json!({ "uri": workers, "force": true }));
            match request.send().await {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => last = response.text().await?,
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("the workers cannot be registered: {last}").into())
    }

    /// Ends an invocation, wherever it is. One that has completed is left alone.
    pub async fn kill(&self, client: &Client, invocation: &str) -> Result<(), Box<dyn Error>> {
        let url = format!("{}/invocations/{invocation}/kill", self.admin);
        let response = client.patch(url).send().await?;
        if response.status() != StatusCode::CONFLICT {
            response.error_for_status()?;
        }
        Ok(())
    }
}

/// An address of this machine where nothing listens.
pub fn free_address() -> std::io::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
