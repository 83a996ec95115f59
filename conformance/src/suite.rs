//! What is to be tested, and how; then the run.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use typless::drive::{AsyncTransport, BlockingTransport};

use crate::report::{Report, RowReport, Verdict};
use crate::row::{Needs, Objection, Row, rows};
use crate::runtime::Runtime;
use crate::scene::Scene;
use crate::subject::{Asynchronous, BlockOn, Blocking, Subject, run};

/// A suite for transports made by `make`, which block; each row gets a new one.
pub fn blocking<T>(make: impl Fn() -> T + Send + Sync + 'static) -> Suite<T>
where
    T: BlockingTransport + Send + Sync + 'static,
{
    Suite::new(make, |make, _| Box::new(Blocking(make())))
}

/// A suite for transports made by `make`, which do not block; each row gets a new one.
///
/// Made, run and dropped within a tokio runtime of the suite's own, unless another way is given by
/// [`with_block_on`](Suite::with_block_on).
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

/// What is to be tested, and how. Made by [`blocking`] or [`asynchronous`], consumed by
/// [`run`](Self::run).
#[must_use = "nothing is tested before it is run"]
pub struct Suite<T> {
    make: Make<T>,
    make_http2: Option<Make<T>>,
    subject: fn(&Make<T>, &BlockOn) -> Box<dyn Subject>,
    block_on: Option<BlockOn>,
    skipped: Vec<(&'static str, String)>,
    only: Option<Vec<&'static str>>,
    patience: Duration,
    large: u64,
}

type Make<T> = Arc<dyn Fn() -> T + Send + Sync>;

impl<T: 'static> Suite<T> {
    /// How long a row waits for what should have happened at once, unless another time is set: 10
    /// seconds.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// The size of the largest bodies unless another one is set: 100 MB.
    pub const LARGE: u64 = 100_000_000;

    fn new(
        make: impl Fn() -> T + Send + Sync + 'static,
        subject: fn(&Make<T>, &BlockOn) -> Box<dyn Subject>,
    ) -> Self {
        Self {
            make: Arc::new(make),
            make_http2: None,
            subject,
            block_on: None,
            skipped: Vec::new(),
            only: None,
            patience: Self::PATIENCE,
            large: Self::LARGE,
        }
    }

    /// Tests HTTP/2 as well, with transports that speak it without TLS and without asking first
    /// ("prior knowledge").
    pub fn with_http2(mut self, make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.make_http2 = Some(Arc::new(make));
        self
    }

    /// Leaves out the row of this id, for a reason that the report shows.
    ///
    /// # Panics
    ///
    /// There is no such row.
    #[track_caller]
    pub fn skip(mut self, id: &str, reason: impl Into<String>) -> Self {
        self.skipped.push((known(id), reason.into()));
        self
    }

    /// Runs the rows of these ids and no others, to poll into one of them.
    ///
    /// # Panics
    ///
    /// There is no such row.
    #[track_caller]
    pub fn only(mut self, ids: &[&str]) -> Self {
        self.only = Some(ids.iter().map(|id| known(id)).collect());
        self
    }

    /// Sets how long a row waits for what should have happened at once. Longer costs nothing where
    /// all is well; shorter tells sooner what is wrong.
    ///
    /// Held within 100 milliseconds to an hour.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience.clamp(Duration::from_millis(100), Duration::from_secs(3600));
        self
    }

    /// Sets the number of bytes of the largest bodies.
    ///
    /// Held within 50 MB, below which what the system buffers hides what a transport does, to 10
    /// GB.
    pub fn with_large(mut self, bytes: u64) -> Self {
        self.large = bytes.clamp(50_000_000, 10_000_000_000);
        self
    }

    /// Runs every row and reports what was found.
    ///
    /// Rows run one after the other, each against servers of its own on loopback. One whose
    /// transport never returns is given up on, and its thread left behind.
    pub fn run(self) -> Report {
        let block_on = match self.block_on.clone().map_or_else(on_tokio, Ok) {
            Ok(block_on) => block_on,
            Err(error) => {
                return Report::new(
                    rows()
                        .map(|row| RowReport::new(row, Verdict::Failed, error.to_string()))
                        .collect(),
                );
            }
        };
        let chosen =
            rows().filter(|row| self.only.as_ref().is_none_or(|only| only.contains(&row.id)));
        Report::new(chosen.map(|row| self.report(row, &block_on)).collect())
    }

    fn report(&self, row: &'static Row, block_on: &BlockOn) -> RowReport {
        if let Some((_, reason)) = self.skipped.iter().find(|(id, _)| *id == row.id) {
            return RowReport::new(row, Verdict::Skipped, reason.clone());
        }
        let make = match (row.needs, &self.make_http2) {
            (Needs::Http2, Some(make)) => make,
            (Needs::Http2, None) => {
                return RowReport::new(
                    row,
                    Verdict::NotApplicable,
                    "it speaks HTTP/1.1 only".into(),
                );
            }
            (Needs::Anything | Needs::Futures, _) => &self.make,
        };
        let (subject, make, block_on) = (self.subject, make.clone(), block_on.clone());
        let (patience, large, longest) =
            (self.patience, self.large, self.patience.saturating_mul(6));
        let (sender, receiver) = mpsc::channel();
        let began = std::thread::Builder::new()
            .name(format!("conformance {}", row.id))
            .spawn(move || {
                let found = catch_unwind(AssertUnwindSafe(|| {
                    (row.check)(&Scene::new(subject(&make, &block_on), patience, large)?)
                }));
                let _ = sender.send(found.unwrap_or_else(|panic| {
                    Objection::failed(format!("it panicked: {}", message(&*panic)))
                }));
            });
        let found = match began.map(|_| receiver.recv_timeout(longest)) {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Objection::failed(format!("it had not come to an end after {longest:?}")),
            Err(error) => Err(error.into()),
        };
        match found {
            Ok(observed) => RowReport::new(row, Verdict::Passed, observed),
            Err(Objection::Failed(observed)) => RowReport::new(row, Verdict::Failed, observed),
            Err(Objection::NotApplicable(reason)) => {
                RowReport::new(row, Verdict::NotApplicable, reason)
            }
        }
    }
}

impl<T: AsyncTransport + 'static> Suite<T> {
    /// Runs futures in another way than on a tokio runtime, such as `|future|
    /// smol::block_on(future)`.
    pub fn with_block_on(
        mut self,
        block_on: impl for<'a> Fn(Pin<Box<dyn Future<Output = ()> + Send + 'a>>) + Send + Sync + 'static,
    ) -> Self {
        self.block_on = Some(Arc::new(block_on));
        self
    }
}

impl<T> fmt::Debug for Suite<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("skipped", &self.skipped)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

fn on_tokio() -> io::Result<BlockOn> {
    let runtime = Runtime::new()?;
    Ok(Arc::new(move |future| runtime.block_on(future)))
}

#[track_caller]
fn known(id: &str) -> &'static str {
    let row = rows().find(|row| row.id == id);
    row.unwrap_or_else(|| panic!("there is no row {id:?} in the conformance suite"))
        .id
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a word")
}
