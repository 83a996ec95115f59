//! Start and shutdown.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;
use typless::drive::Clock;
use typless::machine::{Batch, BatchOptions};
use typless::wire::Api;
use typless_transports::asynchronous::Driver;
use typless_transports::hyper::Hyper;
use typless_transports::{Handle, TokioClock};

use crate::Error;
use crate::add::Adder;
use crate::folder::Folder;
use crate::follow::{follow, restore};
use crate::routes::router;
use crate::store::{Opened, Store, StoreFailed};

/// How long clients that are connected may delay the shutdown.
const MAX_SHUTDOWN: Duration = Duration::from_secs(10);

pub(crate) struct Settings {
    pub(crate) api: Api,
    pub(crate) folder: PathBuf,
    pub(crate) document_type: String,
    pub(crate) options: BatchOptions,
}

/// The service while it runs.
pub(crate) struct Service {
    address: SocketAddr,
    batch: Handle<Batch>,
    follower: JoinHandle<Result<(), StoreFailed>>,
    server: JoinHandle<std::io::Result<()>>,
    stop: Option<oneshot::Sender<()>>,
    store_end: oneshot::Receiver<std::io::Result<()>>,
}

impl Service {
    /// Continues with what the last process left in the folder, and listens.
    pub(crate) async fn start(settings: Settings, listen: SocketAddr) -> Result<Self, Error> {
        // Nothing else runs yet, so this may wait for the disk.
        let (folder, lock) = Folder::open(&settings.folder)?;
        let Opened {
            store,
            throttle,
            end,
        } = Store::open(&folder, lock)?;
        let clock = TokioClock::new();
        let options = settings.options.with_confirmation();
        let mut batch = Batch::new(&settings.api, options, clock.now());
        if let Some(throttle) = throttle {
            batch = batch.with_throttle_state(&throttle, clock.now());
        }
        restore(&mut batch, &store.rows(), &folder, clock.now())?;
        let driver = Driver::new(batch, Hyper::new(), clock);

        let batch = driver.handle();
        let adder = Adder {
            folder,
            store: store.clone(),
            batch: batch.clone(),
            document_type: settings.document_type.into(),
            attempts: Arc::default(),
        };
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, router(adder)?).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        Ok(Self {
            address,
            batch,
            follower: tokio::spawn(follow(driver, store, clock)),
            server: tokio::spawn(server.into_future()),
            stop: Some(stop),
            store_end: end,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Completes if the service can't go on.
    pub(crate) async fn failed(&mut self) -> Error {
        let end = (&mut self.follower).await;
        self.cause(end).await
    }

    /// Ends without losing anything: no new connections, no new requests, and what has not finished
    /// is stored. Documents that clients send meanwhile are submitted after the next start.
    pub(crate) async fn shutdown(mut self) -> Result<(), Error> {
        self.batch.push(Batch::shutdown);
        // Its task may have ended.
        let _ = self.stop.take().map(|stop| stop.send(()));
        match (&mut self.follower).await {
            Ok(Ok(())) => {}
            end => return Err(self.cause(end).await),
        }
        // Nothing is lost if clients are not waited for: they have no response.
        let clients = async {
            let _ = self.server.await;
            self.store_end.await
        };
        if timeout(MAX_SHUTDOWN, clients).await.is_err() {
            eprintln!("some clients were still connected");
        }
        Ok(())
    }

    /// Why the follower ended before it was to.
    async fn cause(&mut self, end: Result<Result<(), StoreFailed>, JoinError>) -> Error {
        match end {
            Err(panic) => panic.into(),
            Ok(_) => match (&mut self.store_end).await {
                Ok(Err(error)) => format!("the log can't be written: {error}").into(),
                Ok(Ok(())) | Err(_) => "the store has ended".into(),
            },
        }
    }
}
