//! The exchanges that a driver has in flight, by when their time is over.

use std::collections::BTreeMap;
use std::time::Duration;

use typless::machine::{RequestId, Time};

/// How long a driver waits for an exchange to report after its total limit: 5 s.
///
/// The transport applies the limits, and the machine does so only for one that never reports. A
/// process that was stopped continues when the limits of both have passed, and a response may have
/// arrived by then: the transport needs a moment to read it.
const MAX_REPORT_DELAY: Duration = Duration::from_secs(5);

/// The exchanges in flight whose limit has not passed, or that still may report.
#[derive(Debug)]
pub(crate) struct InFlight {
    ends: BTreeMap<RequestId, Time>,
    /// No exchange ends before this time.
    next_end: Time,
    /// Until when those whose limit has passed may report.
    reports_until: Option<Time>,
}

impl InFlight {
    pub(crate) fn new() -> Self {
        Self {
            ends: BTreeMap::new(),
            next_end: Time::MAX,
            reports_until: None,
        }
    }

    /// An exchange starts, and its limit passes at `end`.
    pub(crate) fn start(&mut self, id: RequestId, end: Time) {
        self.next_end = self.next_end.min(end);
        self.ends.insert(id, end);
    }

    pub(crate) fn finish(&mut self, id: RequestId) {
        self.ends.remove(&id);
    }

    /// Until when to wait for reports, before the machine sees this time. `None` if no limit has
    /// passed, or if those whose limit has passed had their time to report.
    pub(crate) fn reports_until(&mut self, now: Time) -> Option<Time> {
        if now >= self.next_end {
            self.find_next_end();
        }
        if now < self.next_end {
            self.reports_until = None;
            return None;
        }
        let until = *self.reports_until.get_or_insert(now + MAX_REPORT_DELAY);
        if now >= until {
            self.reports_until = None;
            self.ends.retain(|_, end| *end > now);
            self.find_next_end();
            return None;
        }
        Some(until)
    }

    fn find_next_end(&mut self) {
        self.next_end = self.ends.values().min().copied().unwrap_or(Time::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix_seconds(1_700_000_000);

    fn later(seconds: u64) -> Time {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn an_exchange_may_report_for_a_while_after_its_limit_and_once() {
        let mut in_flight = InFlight::new();
        let id = RequestId::new;
        assert_eq!(in_flight.reports_until(Time::MAX), None);
        in_flight.start(id(1), later(60));
        in_flight.start(id(2), later(80));
        assert_eq!(in_flight.reports_until(later(59)), None);
        // However late it is.
        assert_eq!(in_flight.reports_until(later(70)), Some(later(75)));
        assert_eq!(in_flight.reports_until(later(74)), Some(later(75)));
        assert_eq!(in_flight.reports_until(later(75)), None);
        assert_eq!(in_flight.reports_until(later(79)), None, "it had its time");
        assert_eq!(in_flight.reports_until(later(80)), Some(later(85)));
        in_flight.finish(id(2));
        assert_eq!(in_flight.reports_until(later(81)), None, "it has reported");
        // Each has its own time.
        in_flight.start(id(3), later(90));
        assert_eq!(in_flight.reports_until(later(90)), Some(later(95)));
    }
}
