//! The suite and its options.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use typless::drive::{AsyncTransport, BlockingTransport};

use crate::check::{CheckError, CheckResult, fail};
use crate::context::TestContext;
use crate::report::{Report, RowOutcome, RowReport};
use crate::row::{Needs, Row};
use crate::rows::rows;
use crate::runtime::Runtime;
#[cfg(feature = "tls")]
use crate::server::Certificates;
use crate::subject::{Asynchronous, BlockOn, Blocking, Subject, run};

/// A suite for a blocking transport. `make` is called for each row.
pub fn blocking<T>(make: impl Fn() -> T + Send + Sync + 'static) -> Suite<T>
where
    T: BlockingTransport + Send + Sync + 'static,
{
    Suite::new(make, |make, _| Box::new(Blocking(make())))
}

/// A suite for an async transport. `make` is called for each row.
///
/// The transport is made, used and dropped within a tokio runtime of the suite.
/// [`with_block_on`](Suite::with_block_on) sets another executor.
pub fn asynchronous<T>(make: impl Fn() -> T + Send + Sync + 'static) -> Suite<T>
where
    T: AsyncTransport + 'static,
{
    Suite::new(make, |make, block_on| {
        let transport = run(block_on, async { make() });
        Box::new(Asynchronous {
            transport,
            block_on: block_on.clone(),
        })
    })
}

/// A suite for one transport, with its options. See [`blocking`] and [`asynchronous`].
#[must_use = "nothing is tested before `run`"]
pub struct Suite<T> {
    make: Make<T>,
    make_http2: Option<Make<T>>,
    #[cfg(feature = "tls")]
    make_tls: Option<MakeTls<T>>,
    subject: fn(&Make<T>, &BlockOn) -> Box<dyn Subject>,
    block_on: Option<BlockOn>,
    skipped: Vec<(&'static str, String)>,
    only: Option<Vec<&'static str>>,
    timeout: Duration,
    large_body_bytes: u64,
}

type Make<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// It is given the root that the transport is to trust.
#[cfg(feature = "tls")]
type MakeTls<T> = Arc<dyn Fn(&[u8]) -> T + Send + Sync>;

/// What a row is run with.
struct Setup<T> {
    make: Make<T>,
    #[cfg(feature = "tls")]
    certificates: Option<Certificates>,
}

impl<T: 'static> Suite<T> {
    /// The default of [`with_timeout`](Self::with_timeout): 10 seconds.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// The default of [`with_large_body`](Self::with_large_body): 100 MB.
    pub const DEFAULT_LARGE_BODY_BYTES: u64 = 100_000_000;

    fn new(
        make: impl Fn() -> T + Send + Sync + 'static,
        subject: fn(&Make<T>, &BlockOn) -> Box<dyn Subject>,
    ) -> Self {
        Self {
            make: Arc::new(make),
            make_http2: None,
            #[cfg(feature = "tls")]
            make_tls: None,
            subject,
            block_on: None,
            skipped: Vec::new(),
            only: None,
            timeout: Self::DEFAULT_TIMEOUT,
            large_body_bytes: Self::DEFAULT_LARGE_BODY_BYTES,
        }
    }

    /// Tests HTTP/2 too, with transports that speak it without TLS and without an upgrade ("prior
    /// knowledge").
    pub fn with_http2(mut self, make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.make_http2 = Some(Arc::new(make));
        self
    }

    /// Tests TLS too, with transports that trust one more root of trust: that of the servers of the
    /// suite, a certificate in DER. It is made when the suite runs.
    ///
    /// The servers show certificates for `127.0.0.1` and speak HTTP/1.1.
    #[cfg(feature = "tls")]
    pub fn with_tls(mut self, make: impl Fn(&[u8]) -> T + Send + Sync + 'static) -> Self {
        self.make_tls = Some(Arc::new(make));
        self
    }

    /// Skips the row with this id. The report shows the reason.
    ///
    /// # Panics
    ///
    /// No row has this id.
    #[track_caller]
    pub fn skip(mut self, id: &str, reason: impl Into<String>) -> Self {
        self.skipped.push((row_id(id), reason.into()));
        self
    }

    /// Runs only the rows with these ids.
    ///
    /// # Panics
    ///
    /// No row has this id.
    #[track_caller]
    pub fn only(mut self, ids: &[&str]) -> Self {
        self.only = Some(ids.iter().map(|id| row_id(id)).collect());
        self
    }

    /// Sets how long a row waits for something that should happen immediately.
    ///
    /// A longer timeout costs nothing if the transport passes. Clamped to 100 milliseconds to 1
    /// hour.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.clamp(Duration::from_millis(100), Duration::from_secs(3600));
        self
    }

    /// Sets the number of bytes of the largest bodies.
    ///
    /// Clamped to 50 MB to 10 GB. With less than 50 MB, the buffers of the system would hide what
    /// the transport does.
    pub fn with_large_body(mut self, bytes: u64) -> Self {
        self.large_body_bytes = bytes.clamp(50_000_000, 10_000_000_000);
        self
    }

    /// Runs the rows and returns the report.
    ///
    /// Rows run one after the other, each with its own servers on loopback. If the transport does
    /// not return, the row fails after six times the timeout, and its thread is leaked.
    pub fn run(self) -> Report {
        let block_on = match self.block_on.clone().map_or_else(on_tokio, Ok) {
            Ok(block_on) => block_on,
            Err(error) => {
                return Report::new(
                    rows()
                        .map(|row| RowReport::new(row, RowOutcome::Failed, error.to_string()))
                        .collect(),
                );
            }
        };
        let selected =
            rows().filter(|row| self.only.as_ref().is_none_or(|only| only.contains(&row.id)));
        Report::new(selected.map(|row| self.report(row, &block_on)).collect())
    }

    fn report(&self, row: &'static Row, block_on: &BlockOn) -> RowReport {
        if let Some((_, reason)) = self.skipped.iter().find(|(id, _)| *id == row.id) {
            return RowReport::new(row, RowOutcome::Skipped, reason.clone());
        }
        let setup = match self.set_up(row) {
            Ok(setup) => setup,
            Err(error) => return into_report(row, Err(error)),
        };
        let (subject, block_on) = (self.subject, block_on.clone());
        let (timeout, large_body_bytes) = (self.timeout, self.large_body_bytes);
        let max_wait = timeout.saturating_mul(6);
        let (sender, receiver) = mpsc::channel();
        let spawned = std::thread::Builder::new()
            .name(format!("conformance {}", row.id))
            .spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(|| {
                    let context = TestContext::new(
                        subject(&setup.make, &block_on),
                        timeout,
                        large_body_bytes,
                    )?;
                    #[cfg(feature = "tls")]
                    let context = context.with_certificates(setup.certificates);
                    (row.check)(&context)
                }));
                let _ = sender
                    .send(result.unwrap_or_else(|panic| {
                        fail(format!("it panicked: {}", message(&*panic)))
                    }));
            });
        let result = match spawned.map(|_| receiver.recv_timeout(max_wait)) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => fail(format!("it did not finish within {max_wait:?}")),
            Err(error) => Err(error.into()),
        };
        into_report(row, result)
    }

    fn set_up(&self, row: &Row) -> Result<Setup<T>, CheckError> {
        let make = match row.needs {
            Needs::Nothing | Needs::Futures => self.make.clone(),
            Needs::Http2 => self
                .make_http2
                .clone()
                .ok_or_else(|| CheckError::NotApplicable("it speaks HTTP/1.1 only".into()))?,
            #[cfg(feature = "tls")]
            Needs::Tls => {
                let make = self.make_tls.clone().ok_or_else(|| {
                    CheckError::NotApplicable("no transport with TLS was given to the suite".into())
                })?;
                let certificates = Certificates::new()?;
                let root = certificates.root().to_vec();
                return Ok(Setup {
                    make: Arc::new(move || make(&root)),
                    certificates: Some(certificates),
                });
            }
        };
        Ok(Setup {
            make,
            #[cfg(feature = "tls")]
            certificates: None,
        })
    }
}

fn into_report(row: &'static Row, result: CheckResult) -> RowReport {
    match result {
        Ok(observed) => RowReport::new(row, RowOutcome::Passed, observed),
        Err(CheckError::Failed(observed)) => RowReport::new(row, RowOutcome::Failed, observed),
        Err(CheckError::NotApplicable(reason)) => {
            RowReport::new(row, RowOutcome::NotApplicable, reason)
        }
    }
}

impl<T: AsyncTransport + 'static> Suite<T> {
    /// Sets the executor, such as `|future| smol::block_on(future)`, instead of a tokio runtime.
    pub fn with_block_on<F>(mut self, block_on: F) -> Self
    where
        F: for<'a> Fn(Pin<Box<dyn Future<Output = ()> + Send + 'a>>) + Send + Sync + 'static,
    {
        self.block_on = Some(Arc::new(block_on));
        self
    }
}

impl<T> fmt::Debug for Suite<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("skipped", &self.skipped)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn on_tokio() -> io::Result<BlockOn> {
    let runtime = Runtime::new()?;
    Ok(Arc::new(move |future| runtime.block_on(future)))
}

#[track_caller]
fn row_id(id: &str) -> &'static str {
    let row = rows().find(|row| row.id == id);
    row.unwrap_or_else(|| panic!("there is no row {id:?} in the conformance suite"))
        .id
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}
