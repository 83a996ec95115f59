//! Which fault happens when.

use std::collections::{BTreeMap, VecDeque};

use typless::machine::Time;

use super::fault::{Fault, Faults};
use super::rng::{Purpose, Rng};
use super::route::Endpoint;

/// The faults that were requested, and random ones.
pub(super) struct FaultPlan {
    rng: Rng,
    /// The fault of all requests until this time.
    until: Option<(Time, Fault)>,
    /// The fault of all submits until this time.
    submits_until: Option<(Time, Fault)>,
    /// The faults of the next requests.
    scripted: VecDeque<Scripted>,
    happened: BTreeMap<Fault, usize>,
    happened_to_submits: BTreeMap<Fault, usize>,
}

struct Scripted {
    fault: Fault,
    submits_only: bool,
    left: usize,
}

impl FaultPlan {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::for_purpose(Purpose::Faults, seed),
            until: None,
            submits_until: None,
            scripted: VecDeque::new(),
            happened: BTreeMap::new(),
            happened_to_submits: BTreeMap::new(),
        }
    }

    pub(super) fn fail_next(&mut self, count: usize, fault: Fault, submits_only: bool) {
        self.scripted.push_back(Scripted {
            fault,
            submits_only,
            left: count,
        });
    }

    pub(super) fn fail_until(&mut self, time: Time, fault: Fault) {
        self.until = Some((time, fault));
    }

    pub(super) fn fail_submits_until(&mut self, time: Time, fault: Fault) {
        self.submits_until = Some((time, fault));
    }

    /// How often this one has happened.
    pub(super) fn fault_count(&self, fault: Fault) -> usize {
        self.happened.get(&fault).copied().unwrap_or_default()
    }

    /// How often this one has happened to submits of the asynchronous call.
    pub(super) fn submit_fault_count(&self, fault: Fault) -> usize {
        self.happened_to_submits
            .get(&fault)
            .copied()
            .unwrap_or_default()
    }

    /// How many faults there were.
    pub(super) fn total(&self) -> usize {
        self.happened.values().sum()
    }

    /// The fault of this request. Requested faults come before random ones.
    pub(super) fn next(
        &mut self,
        options: &Faults,
        endpoint: Option<Endpoint>,
        now: Time,
    ) -> Option<Fault> {
        let fault = self
            .requested_until(endpoint, now)
            .or_else(|| self.requested_next(endpoint))
            .or_else(|| {
                self.rng
                    .draw_bool(options.share)
                    .then(|| self.rng.pick(&options.kinds))
                    .flatten()
            })?;
        *self.happened.entry(fault).or_default() += 1;
        if endpoint == Some(Endpoint::Submit) {
            *self.happened_to_submits.entry(fault).or_default() += 1;
        }
        Some(fault)
    }

    fn requested_until(&mut self, endpoint: Option<Endpoint>, now: Time) -> Option<Fault> {
        self.until.take_if(|(time, _)| *time <= now);
        self.submits_until.take_if(|(time, _)| *time <= now);
        let of_submits = self
            .submits_until
            .filter(|_| endpoint == Some(Endpoint::Submit));
        self.until.or(of_submits).map(|(_, fault)| fault)
    }

    fn requested_next(&mut self, endpoint: Option<Endpoint>) -> Option<Fault> {
        self.scripted.retain(|scripted| scripted.left > 0);
        let fits =
            |scripted: &&mut Scripted| !scripted.submits_only || endpoint == Some(Endpoint::Submit);
        let scripted = self.scripted.iter_mut().find(fits)?;
        scripted.left -= 1;
        Some(scripted.fault)
    }
}
