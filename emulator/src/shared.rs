//! A service that several threads use.

use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;
use typless::machine::Time;

use crate::Service;
use crate::service::Arrival;

/// A service behind a lock, which is never held for long.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Service>>);

impl Shared {
    pub(crate) fn new(service: Service) -> Self {
        Self(Arc::new(Mutex::new(service)))
    }

    /// Poisoning is ignored: the methods of the service leave nothing half done that would matter
    /// to a test.
    pub(crate) fn with<R>(&self, access: impl FnOnce(&mut Service) -> R) -> R {
        access(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins an exchange; it counts as in flight until the returned value is dropped.
    pub(crate) fn begin(&self, uri: &Uri, now: Time) -> InFlight {
        InFlight {
            arrival: self.with(|service| service.arrive(uri, now)),
            service: self.clone(),
        }
    }
}

/// An exchange in flight, even if the client has abandoned it, until this is dropped.
pub(crate) struct InFlight {
    arrival: Arrival,
    service: Shared,
}

impl InFlight {
    pub(crate) fn arrival(&self) -> Arrival {
        self.arrival
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.service.with(|service| service.leave(self.arrival));
    }
}
