//! A service that several use at once.

use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;
use typless::machine::Time;

use crate::Service;
use crate::service::Arrival;

/// A service that several use at once, each for moments only.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Service>>);

impl Shared {
    pub(crate) fn new(service: Service) -> Self {
        Self(Arc::new(Mutex::new(service)))
    }

    /// A panic while the service was locked is that thread's problem: the service's own methods leave nothing half done that would matter to a test.
    pub(crate) fn with<R>(&self, poll: impl FnOnce(&mut Service) -> R) -> R {
        poll(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins an exchange; it counts as under way until what is given back is dropped.
    pub(crate) fn begin(&self, uri: &Uri, now: Time) -> UnderWay {
        UnderWay {
            arrival: self.with(|service| service.arrive(uri, now)),
            service: self.clone(),
        }
    }
}

/// An exchange that is under way, even if the client has given up on it, until this is dropped.
pub(crate) struct UnderWay {
    arrival: Arrival,
    service: Shared,
}

impl UnderWay {
    pub(crate) fn arrival(&self) -> Arrival {
        self.arrival
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.service.with(|service| service.leave(self.arrival));
    }
}
