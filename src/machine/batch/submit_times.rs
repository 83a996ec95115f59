//! When the jobs that have not finished were submitted.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::machine::time::Time;

/// How many jobs were submitted in which second.
#[derive(Debug, Default)]
pub(super) struct SubmitTimes(BTreeMap<u64, u32>);

impl SubmitTimes {
    pub(super) fn add(&mut self, submitted_at: Option<Time>) {
        if let Some(second) = submitted_at.map(second) {
            let jobs = self.0.get(&second).copied().unwrap_or_default();
            self.0.insert(second, jobs + 1);
        }
    }

    /// One that was added has finished.
    pub(super) fn remove(&mut self, submitted_at: Option<Time>) {
        let Some(second) = submitted_at.map(second) else {
            return;
        };
        if let Some(jobs) = self.0.get_mut(&second) {
            *jobs -= 1;
            if *jobs == 0 {
                self.0.remove(&second);
            }
        }
    }

    /// The second of the first.
    pub(super) fn oldest(&self) -> Option<Time> {
        let (second, _) = self.0.first_key_value()?;
        Some(Time::EPOCH + Duration::from_secs(*second))
    }
}

fn second(at: Time) -> u64 {
    at.since_epoch().as_secs()
}
