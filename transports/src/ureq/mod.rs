//! A blocking transport over an agent of ureq 3.

mod exchange;
mod failure;
#[cfg(feature = "ureq-late-reads")]
mod late_reads;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{BlockingTransport, Clock};
use typless::machine::{Failure, Job, JobError, JobOptions, Limits};
use typless::wire::{Api, Body, Document, Extraction};

use crate::blocking::Driver;
use crate::{SystemClock, one_line};

/// A blocking transport over an agent of ureq 3.
///
/// [`new`](Self::new) makes a new agent. `From<ureq::Agent>` takes your own agent, with its
/// proxies, certificates and resolver. With every configuration of the agent, redirects are not
/// followed, an error status is a response and not an error, and the limits of each exchange apply.
/// Cheap to clone: clones share the agent and its connections.
///
/// A process may be stopped until a limit has passed. A response that has arrived by then is read
/// with the feature `ureq-late-reads` and an agent of [`new`](Self::new). Otherwise it is lost, and
/// a submit is then of unknown outcome.
///
/// Its [limits](crate#limits) on responses are those of every transport here.
#[derive(Debug, Clone)]
pub struct Ureq {
    agent: ureq::Agent,
}

impl Ureq {
    /// A transport with a new agent: the resolver of the system, proxies from the environment, and
    /// up to 16 idle connections.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .max_idle_connections(16)
            .max_idle_connections_per_host(16)
            .build();
        Self {
            agent: agent(config),
        }
    }

    /// Submits a document and waits for its result, on the calling thread.
    ///
    /// For one document in a program that need not survive a crash. Otherwise, drive a [`Job`] with
    /// a [`Driver`] and store its events.
    ///
    /// ```no_run
    /// use typless::wire::Api;
    /// use typless_transports::document_from_path;
    /// use typless_transports::ureq::Ureq;
    ///
    /// let api = Api::new(Api::PRODUCTION, &std::env::var("TYPLESS_API_KEY")?)?;
    /// let document = document_from_path("invoice.pdf", "line-item-invoice")?;
    /// let extraction = Ureq::new().extract(&api, document)?;
    /// println!("{:?}", extraction.text("total_amount"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The outcome of a job without a result, with the ticket to resume it if there is one.
    pub fn extract(&self, api: &Api, document: Document) -> Result<Extraction, JobError> {
        let options = one_line::options(&document);
        self.extract_with(api, document, options)
    }

    /// As [`extract`](Self::extract), with options.
    ///
    /// # Errors
    ///
    /// As [`extract`](Self::extract). With options that need confirmations, the error is
    /// [`JobError::Abandoned`], because no confirmation can be given.
    pub fn extract_with(
        &self,
        api: &Api,
        document: Document,
        options: JobOptions,
    ) -> Result<Extraction, JobError> {
        let clock = SystemClock::new();
        let job = Job::submit(api, document, options, clock.now());
        one_line::or_abandoned(Driver::new(job, self, &clock).finish())
    }
}

impl Default for Ureq {
    fn default() -> Self {
        Self::new()
    }
}

impl From<ureq::Agent> for Ureq {
    fn from(agent: ureq::Agent) -> Self {
        Self { agent }
    }
}

impl BlockingTransport for Ureq {
    fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        let (parts, body) = request.into_parts();
        if body.is_empty() {
            exchange::perform(&self.agent, Request::from_parts(parts, ()), limits)
        } else {
            exchange::perform_with_body(&self.agent, Request::from_parts(parts, body), limits)
        }
    }
}

#[cfg(feature = "ureq-late-reads")]
fn agent(config: ureq::config::Config) -> ureq::Agent {
    use ureq::unversioned::resolver::DefaultResolver;
    use ureq::unversioned::transport::{Connector, DefaultConnector};

    let connector = DefaultConnector::new().chain(late_reads::LateReads);
    ureq::Agent::with_parts(config, connector, DefaultResolver::default())
}

#[cfg(not(feature = "ureq-late-reads"))]
fn agent(config: ureq::config::Config) -> ureq::Agent {
    config.new_agent()
}
