//! A worker: the services behind HTTP. Any number of them listen at the same address.

use std::env::{self, VarError};
use std::error::Error;
use std::net::SocketAddr;

use restate_sdk::prelude::*;
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use typless::wire::Api;
use typless_restate_example::{Extractor, Notifications, Webhook};
use typless_transports::hyper::Hyper;
use typless_transports::{BoxedTransport, TokioClock};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name: &str| env::var(name).map_err(|error: VarError| format!("{name}: {error}"));
    let extractor = Extractor {
        api: Api::new(&setting("TYPLESS_URL")?, &setting("TYPLESS_API_KEY")?)?,
        transport: BoxedTransport::new(Hyper::new()),
        clock: TokioClock::new(),
        documents: setting("DOCUMENTS")?.into(),
        submits: Semaphore::new(setting("MAX_SUBMITS")?.parse()?),
        naive: env::var_os("NAIVE").is_some(),
    };
    let endpoint = Endpoint::builder()
        .bind(extractor)
        .bind(Webhook)
        .bind(Notifications)
        .build();

    let socket = TcpSocket::new_v4()?;
    // The system spreads the connections over the workers that listen here.
    socket.set_reuseport(true)?;
    socket.bind(setting("LISTEN")?.parse::<SocketAddr>()?)?;
    HttpServer::new(endpoint).serve(socket.listen(1024)?).await;
    Ok(())
}
