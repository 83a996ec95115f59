//! The scenario: documents, faults and limits.

use std::error::Error;
use std::iter;
use std::time::Duration;

use bytes::Bytes;
use typless::machine::{BatchOptions, PollPolicy, RetryPolicy};
use typless::wire::{ConfigError, Document};
use typless_emulator::{
    Fault, Faults, Listener, Pace, QueueAfterReading, QueueOptions, RateLimit, RetryAfterForm,
    Service, ServiceOptions, WebhookOptions,
};

/// The invoice that all documents are copies of, and two of its values.
const INVOICE: &[u8] = include_bytes!("../../../emulator/samples/invoice.pdf");
pub(super) const VALUES: [(&str, &str); 2] = [
    ("invoice_number", "LPW-2026-0417"),
    ("total_amount", "2484.6000"),
];

/// The content of a broken document, and one in how many is broken.
const BROKEN_DOCUMENT: &[u8] = b"This is not a PDF.";
const BROKEN_INTERVAL: usize = 97;

/// Half of the documents belong to one customer, a quarter to none, and a quarter to a smaller one.
const CUSTOMERS: [Option<&str>; 4] = [Some("large"), Some("large"), None, Some("small")];

/// The client's limits. The emulator's rate limit allows exactly that.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Limits {
    /// Requests in flight.
    pub in_flight: usize,
    /// Submits in flight.
    pub submits: usize,
    /// Requests per second.
    pub rate: u32,
    /// The burst: requests at once after a pause.
    pub burst: u32,
}

impl Limits {
    /// The maximum number of requests that can arrive within a second. Requests that were sent just
    /// before may arrive in it too, but no more than may be in flight.
    pub fn max_in_a_second(&self) -> usize {
        self.rate as usize + self.arriving_at_once() as usize
    }

    fn arriving_at_once(&self) -> u32 {
        self.burst + u32::try_from(self.in_flight).unwrap_or(u32::MAX)
    }
}

/// A scenario: the number of documents, the service's behaviour, and the client's options.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(super) documents: usize,
    pub(super) limits: Limits,
    service: ServiceOptions,
    client: BatchOptions,
    webhooks: WebhookDelivery,
    /// Whether each kind of fault happens to the first submits, so that none is missing by chance.
    fail_first_submits: bool,
}

/// The delivery of webhook messages.
#[derive(Debug, Clone, Copy)]
struct WebhookDelivery {
    lost: f64,
    delay: Duration,
}

impl Scenario {
    /// Documents that take about a second, where 5 % of all requests fail.
    pub fn long(documents: usize) -> Self {
        let second = Duration::from_secs(1);
        let faults = Faults::new(0.05)
            .with_kinds(kinds())
            .with_delay(second / 4)
            .with_stall(second);
        Self {
            documents,
            limits: Limits {
                in_flight: 16,
                submits: 8,
                rate: 1000,
                burst: 50,
            },
            service: ServiceOptions::new()
                .with_pace(Pace::lognormal(second, 0.7))
                .with_faults(faults)
                .with_seed(5),
            client: BatchOptions::new()
                .with_poll_policy(PollPolicy::eager())
                .with_deadline(600 * second)
                .with_max_unfinished(2000),
            webhooks: WebhookDelivery {
                lost: 0.02,
                delay: second / 20,
            },
            fail_first_submits: false,
        }
    }

    /// The same within a second or two, for a test: everything is faster, and fails more often.
    pub fn short(documents: usize) -> Self {
        let millisecond = Duration::from_millis(1);
        let faults = Faults::new(0.05)
            .with_delay(5 * millisecond)
            .with_stall(20 * millisecond);
        let service = ServiceOptions::new()
            .with_pace(Pace::lognormal(20 * millisecond, 0.7))
            .with_faults(faults)
            .with_seed(5);
        let poll = PollPolicy::eager()
            .with_price(5 * millisecond)
            .with_gaps(5 * millisecond, 200 * millisecond);
        let retry = RetryPolicy::new().with_delays(2 * millisecond, 50 * millisecond);
        Self {
            documents,
            limits: Limits {
                in_flight: 8,
                submits: 4,
                rate: 400,
                burst: 10,
            },
            // A pause from `Retry-After` lasts at least a second.
            service: service.with_retry_after_form(RetryAfterForm::None),
            client: BatchOptions::new()
                .with_poll_policy(poll)
                .with_retry_policy(retry)
                .with_deadline(60_000 * millisecond),
            webhooks: WebhookDelivery {
                lost: 0.0,
                delay: millisecond,
            },
            fail_first_submits: true,
        }
    }

    /// The client's options.
    pub(super) fn client(&self) -> BatchOptions {
        let Limits {
            in_flight,
            submits,
            rate,
            burst,
        } = self.limits;
        let client = self
            .client
            .clone()
            .with_seed(7)
            .with_max_in_flight(in_flight)
            .with_max_submits(submits);
        client
            .with_rate(rate, Duration::from_secs(1))
            .with_burst(burst)
    }

    /// A service that keeps fetched results in the queue, omits some results there, and sends no
    /// webhooks.
    pub(super) fn service_without_webhooks(&self) -> Result<Listener, Box<dyn Error>> {
        let queue = QueueOptions::new().with_omitted(0.01);
        self.listen(
            self.service
                .clone()
                .with_queue_after_reading(QueueAfterReading::Kept)
                .with_queue(queue),
        )
    }

    /// A service that sends webhooks to this address, loses some, and removes fetched results from
    /// the queue.
    pub(super) fn service_with_webhooks(&self, url: &str) -> Result<Listener, Box<dyn Error>> {
        let WebhookDelivery { lost, delay } = self.webhooks;
        let webhook = WebhookOptions::new(url)?
            .with_lost(lost)
            .with_duplicated(0.05)
            .with_held_back(0.05, 10 * delay);
        let webhook = webhook.with_delay(Pace::lognormal(delay, 0.7));
        self.listen(
            self.service
                .clone()
                .with_queue_after_reading(QueueAfterReading::Removed)
                .with_webhook(webhook),
        )
    }

    fn listen(&self, service: ServiceOptions) -> Result<Listener, Box<dyn Error>> {
        let limit =
            RateLimit::per_second(self.limits.rate).with_burst(self.limits.arriving_at_once());
        let mut service = Service::new(service.with_rate_limit(limit));
        if self.fail_first_submits {
            // Some succeed in between: submits that all fail would be an outage, in which one at a
            // time is tried, minutes apart.
            for fault in Fault::USUAL {
                service.fail_next_submits(1, fault);
                service.fail_next_submits(3, Fault::ResponseDelayed);
            }
        }
        Ok(Listener::bind(([127, 0, 0, 1], 0).into(), service)?)
    }

    /// The documents, each with its own name, which is also its reference.
    pub(super) fn documents(&self) -> impl Iterator<Item = Document> + Send + use<> {
        (0..self.documents).map_while(|number| document(number).ok())
    }
}

/// The name of a document.
pub(super) fn name(number: usize) -> String {
    format!("invoice-{number:05}.pdf")
}

/// The customer of a document.
pub(super) fn customer(number: usize) -> Option<&'static str> {
    CUSTOMERS[number % CUSTOMERS.len()]
}

/// Whether a document is broken.
pub(super) fn is_broken(number: usize) -> bool {
    number % BROKEN_INTERVAL == BROKEN_INTERVAL / 2
}

fn document(number: usize) -> Result<Document, ConfigError> {
    let content = Bytes::from_static(if is_broken(number) {
        BROKEN_DOCUMENT
    } else {
        INVOICE
    });
    let document = Document::new(&name(number), "line-item-invoice", content)?
        .with_reference(&name(number))?;
    customer(number).map_or(Ok(document.clone()), |customer| {
        document.with_customer(customer)
    })
}

/// Every kind of fault. Those that may ask for a pause are rarer: each stops everything for a
/// second or halves the rate, which would slow the run down too much.
fn kinds() -> impl Iterator<Item = Fault> {
    let weight = |fault| {
        if matches!(fault, Fault::TooManyRequests | Fault::Unavailable) {
            1
        } else {
            8
        }
    };
    Fault::USUAL
        .into_iter()
        .flat_map(move |fault| iter::repeat_n(fault, weight(fault)))
}
