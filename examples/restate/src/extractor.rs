//! The handler: one document, from its submit to its outcome.

use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use restate_sdk::context::DurableFuture;
use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use typless::drive::{AsyncTransport, Clock};
use typless::machine::{
    ExchangeResult, Failure, FailureKind, Job, JobEvent, JobEventKind, JobOptions, Machine, Output,
    Snapshot, Time, Transmit,
};
use typless::wire::{Api, ConfigError, Document, DocumentSource, ExtractionId, Notification};
use typless_transports::{BoxedTransport, TokioClock};

use crate::webhook::NotificationsClient;

/// Extracts documents. Its key is the digest of a document, so that the same document is one
/// extraction, however often it is called.
pub struct Extractor {
    /// The service, and the key to it.
    pub api: Api,
    /// Performs the exchanges with it.
    pub transport: BoxedTransport,
    /// The clock of this process.
    pub clock: TokioClock,
    /// The folder with the documents, each named by its digest, which all workers can read.
    pub documents: PathBuf,
    /// Submits in flight: no more than these are unknown if the process dies.
    pub submits: Semaphore,
    /// Sends submits as a first try would. For comparison: never do that.
    pub naive: bool,
}

/// What is called for. The journal has it, so it has no document.
#[derive(Serialize, Deserialize)]
pub struct Order {
    /// The document type.
    pub document_type: String,
    /// The length of the document.
    pub bytes: u64,
}

/// What an exchange brought, and when: a step of the journal.
type Brought = (ExchangeResult, Time);

/// A webhook's message, once there is one.
type Message<'ctx> =
    Pin<Box<dyn DurableFuture<Output = Result<Vec<u8>, TerminalError>> + Send + 'ctx>>;

// A large document may take long to send: without a sign of life for so long, a step is aborted.
#[restate_sdk::object(name = "Document", inactivity_timeout = "1m", abort_timeout = "1h")]
impl Extractor {
    /// Extracts the document. Returns the last event of its job, now or when it is called again.
    #[handler]
    async fn extract(
        &self,
        ctx: ObjectContext<'_>,
        Json(order): Json<Order>,
    ) -> HandlerResult<Json<JobEvent>> {
        if let Some(outcome) = ctx.get("outcome").await? {
            return Ok(outcome);
        }
        let mut now = self.now(&ctx).await?;
        let mut job = match ctx.get::<Json<Snapshot>>("snapshot").await? {
            None => Job::submit(
                &self.api,
                self.document(ctx.key(), &order)?,
                options(&ctx),
                now,
            ),
            // An earlier invocation was cancelled or killed.
            Some(Json(snapshot)) => {
                let needed = snapshot.needs_document();
                let document = needed
                    .then(|| self.document(ctx.key(), &order))
                    .transpose()?;
                Job::restore(&self.api, &snapshot, document, options(&ctx), now).terminal()?
            }
        };
        let mut message = None;
        loop {
            match job.next_output(now) {
                Output::Event(event) => match &event.kind {
                    JobEventKind::Finished(_) => {
                        if let Some(ticket) = job.ticket() {
                            expect_no_more(&ctx, ticket.extraction_id());
                        }
                        ctx.clear("snapshot");
                        ctx.set("outcome", Json(event.clone()));
                        return Ok(Json(event));
                    }
                    // Stored when it is sent: until then it may wait for its turn.
                    JobEventKind::Submitting { .. } => {}
                    kind if kind.must_be_stored() => store(&ctx, &job),
                    _ => {}
                },
                Output::Send(transmit) => {
                    let id = transmit.id;
                    let (brought, at) = if transmit.may_be_billed() && !self.naive {
                        self.submit(&ctx, &job, transmit).await?
                    } else {
                        self.exchange(&ctx, transmit).await?
                    };
                    now = at;
                    brought.pass_to(&mut job, id, now);
                }
                Output::Wait(until) => {
                    let pause = until.saturating_since(now);
                    let notification = wait(&ctx, &job, &mut message, pause).await?;
                    now = self.now(&ctx).await?;
                    match notification {
                        Some(notification) => job.handle_notification(&notification, now),
                        // The clock that woke us is not the one that we read.
                        None => now = now.max(until),
                    }
                }
                Output::NeedInput | Output::Done => {
                    return Err(TerminalError::new("a job ends with its outcome").into());
                }
            }
        }
    }
}

impl Extractor {
    /// How long one step waits for its turn. The engine suspends an invocation that shows no sign
    /// of life for longer, and one that was suspended after its intent may not submit.
    const MAX_QUEUED: Duration = Duration::from_secs(30);

    /// Submits, at most once whatever dies. A closure whose process died is run again, so that it
    /// is run does not say that it is run for the first time. What does is the permit: it exists
    /// in the execution that wrote the intent, and in no other.
    async fn submit(
        &self,
        ctx: &ObjectContext<'_>,
        job: &Job,
        transmit: Transmit,
    ) -> Result<Brought, TerminalError> {
        let permit = OnceLock::new();
        let has_turn = || async {
            if permit.get().is_none() {
                let acquired = timeout(Self::MAX_QUEUED, self.submits.acquire()).await;
                return Ok(acquired.is_ok_and(|own| own.is_ok_and(|own| permit.set(own).is_ok())));
            }
            Ok(true)
        };
        while !ctx.run(has_turn).name("turn").await? {}
        store(ctx, job);
        // When this step is in the journal, so is what was stored.
        while !ctx.run(has_turn).name("intent").await? {}
        let brought = ctx.run(|| async {
            if permit.get().is_some() {
                return Ok(Json(self.send(transmit).await));
            }
            let lost = "the process ended that was about to submit";
            let failure = Failure::new(FailureKind::Interrupted, lost);
            Ok(Json((ExchangeResult::Failure(failure), self.clock.now())))
        });
        // Until it is in the journal, what was brought can be lost: the permit is held.
        let Json(brought) = brought.name("submit").await?;
        Ok(brought)
    }

    /// Performs an exchange that can be repeated. It is a single attempt, and yet it is made once
    /// more if the process dies.
    async fn exchange(
        &self,
        ctx: &ObjectContext<'_>,
        transmit: Transmit,
    ) -> Result<Brought, TerminalError> {
        let Json(brought) = ctx
            .run(|| async { Ok(Json(self.send(transmit).await)) })
            .retry_policy(RunRetryPolicy::new().max_attempts(1))
            .name("exchange")
            .await?;
        Ok(brought)
    }

    async fn send(&self, transmit: Transmit) -> Brought {
        let brought = self.transport.send(transmit.request, transmit.limits).await;
        (brought.into(), self.clock.now())
    }

    /// The time, as a step of the journal: a replay sees the same.
    async fn now(&self, ctx: &ObjectContext<'_>) -> Result<Time, TerminalError> {
        let now = ctx.run(|| async { Ok(Json(self.clock.now())) });
        Ok(now.name("now").await?.into_inner())
    }

    fn document(&self, digest: &str, order: &Order) -> HandlerResult<Document> {
        // A key is what a caller says, and becomes a path.
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(TerminalError::new_with_code(400, "the key is no SHA-256 digest").into());
        }
        let stored = Stored {
            path: self.documents.join(digest),
            len: order.bytes,
        };
        let name = format!("{digest}.pdf");
        Document::from_source(&name, &order.document_type, stored)
            .and_then(|document| document.with_reference(digest)?.with_digest(digest))
            .map_err(|error: ConfigError| TerminalError::from_error(error).into())
    }
}

/// The options: nothing in them may change between an execution and its replay.
fn options(ctx: &ObjectContext<'_>) -> JobOptions {
    let seed = ctx.key().get(..16).unwrap_or_default();
    JobOptions::new().with_seed(u64::from_str_radix(seed, 16).unwrap_or_default())
}

/// Stores what the job knows, for an invocation after this one.
fn store(ctx: &ObjectContext<'_>, job: &Job) {
    if let Some(snapshot) = job.snapshot() {
        ctx.set("snapshot", Json(snapshot));
    }
}

/// Waits for a webhook's message about this job, for so long at most.
async fn wait<'ctx>(
    ctx: &ObjectContext<'ctx>,
    job: &Job,
    message: &mut Option<Message<'ctx>>,
    pause: Duration,
) -> Result<Option<Notification>, TerminalError> {
    let Some(ticket) = job.ticket() else {
        ctx.sleep(pause).await?;
        return Ok(None);
    };
    let expected = message.get_or_insert_with(|| expect(ctx, ticket.extraction_id()));
    restate_sdk::select! {
        received = &mut *expected => {
            *message = None;
            Ok(Notification::decode(&received?).ok())
        },
        _ = ctx.sleep(pause) => Ok(None),
    }
}

/// Has the next message about this extraction sent here.
fn expect<'ctx>(ctx: &ObjectContext<'ctx>, id: &ExtractionId) -> Message<'ctx> {
    let (awakeable, message) = ctx.awakeable();
    ctx.object_client::<NotificationsClient>(id.as_str())
        .expect(awakeable)
        .send();
    Box::pin(message)
}

fn expect_no_more(ctx: &ObjectContext<'_>, id: &ExtractionId) {
    ctx.object_client::<NotificationsClient>(id.as_str())
        .forget()
        .send();
}

/// A document in the folder of the workers. It is opened when it is sent: a replay long after that
/// needs no file.
struct Stored {
    path: PathBuf,
    len: u64,
}

impl DocumentSource for Stored {
    fn len(&self) -> u64 {
        self.len
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(std::fs::File::open(&self.path)?))
    }
}
