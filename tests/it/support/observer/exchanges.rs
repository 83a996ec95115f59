//! The requests that a machine has sent, as its transport sees them.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use typless::machine::{RequestId, Time, Transmit};

use super::{CLOCK_BACK, CLOCK_JUMP, MARK, Whom};

/// All requests of a machine, each for a job or an extraction `K`, and the latest time.
pub(super) struct Exchanges<K> {
    sent: BTreeMap<RequestId, Exchange<K>>,
    latest: Time,
}

struct Exchange<K> {
    whom: Whom,
    about: K,
    until: Time,
    is_over: bool,
}

impl<K: Clone> Exchanges<K> {
    pub(super) fn new(now: Time) -> Self {
        Self {
            sent: BTreeMap::new(),
            latest: now,
        }
    }

    /// The request that is sent is about this.
    pub(super) fn sent(&mut self, transmit: &Transmit, about: K, now: Time) {
        let exchange = Exchange {
            whom: whom(transmit),
            about,
            until: now.max(self.latest) + transmit.limits.total,
            is_over: false,
        };
        self.sent.insert(transmit.id, exchange);
    }

    /// It is this time: what is odd about the clock, and what got no response in time.
    pub(super) fn time(&mut self, now: Time) -> (Option<&'static str>, Vec<(Whom, K)>) {
        let odd = if now < self.latest {
            Some(CLOCK_BACK)
        } else {
            let is_jump = now.saturating_since(self.latest) >= Duration::from_secs(3600);
            is_jump.then_some(CLOCK_JUMP)
        };
        self.latest = self.latest.max(now);
        let mut late = Vec::new();
        for exchange in self.sent.values_mut() {
            if !exchange.is_over && exchange.until <= self.latest {
                exchange.is_over = true;
                late.push((exchange.whom, exchange.about.clone()));
            }
        }
        (odd, late)
    }

    /// This request gets a reply: what it asked for, its letter, and what it is about.
    pub(super) fn replied(&mut self, id: RequestId) -> (Option<Whom>, char, Option<K>) {
        let Some(exchange) = self.sent.get_mut(&id) else {
            return (None, MARK, None);
        };
        let is_in_flight = !std::mem::replace(&mut exchange.is_over, true);
        let letter = exchange.whom.letter(is_in_flight);
        (Some(exchange.whom), letter, Some(exchange.about.clone()))
    }

    /// Whether a request for this is in flight, besides the one with this id.
    pub(super) fn is_out(&self, whom: Whom, besides: Option<RequestId>) -> bool {
        let mut others = self.sent.iter().filter(|(id, _)| Some(**id) != besides);
        others.any(|(_, exchange)| exchange.whom == whom && !exchange.is_over)
    }
}

/// What a request asks for.
pub(super) fn whom(transmit: &Transmit) -> Whom {
    if transmit.request.method() == Method::POST {
        Whom::Submit
    } else if transmit.request.uri().path().ends_with("awaiting-poll") {
        Whom::Listing
    } else {
        Whom::Poll
    }
}
