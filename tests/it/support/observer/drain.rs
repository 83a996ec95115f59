//! What arrives at a drain.

use std::collections::{BTreeMap, BTreeSet};

use typless::machine::{Drain, DrainEvent, DrainEventKind, Output, PauseReason, RequestId, Time};
use typless::wire::ExtractionId;

use super::exchanges::{Exchanges, whom};
use super::{MARK, NO_RESPONSE, Observe, Reply, Whom, reply_name};
use crate::support::reached::Reached;

/// The states of an extraction in the table. `due*`: its event was emitted, and the request is not
/// sent yet.
pub(crate) const EXTRACTION_STATES: [&str; 7] = [
    "not fetched",
    "due*",
    "in flight",
    "failed",
    "delivered",
    "acknowledged",
    "set aside",
];

/// The conditions of a drain in the table; several may hold at once.
pub(crate) const DRAIN_STATES: [&str; 7] = [
    "works",
    "throttled",
    "outage",
    "key refused",
    "listing out",
    "fetch out",
    "done",
];

/// Notes what arrives at a drain: by the state of the extraction that it is about, and by the state
/// of the drain.
pub(crate) struct DrainObserver {
    reached: Reached,
    exchanges: Exchanges<Option<ExtractionId>>,
    states: BTreeMap<ExtractionId, &'static str>,
    /// The event was emitted, and the request is not sent yet.
    emitted: Option<ExtractionId>,
    pauses: BTreeSet<PauseReason>,
    is_done: bool,
}

impl DrainObserver {
    /// For a drain that begins now.
    pub(crate) fn new(reached: &Reached, now: Time) -> Self {
        Self {
            reached: reached.clone(),
            exchanges: Exchanges::new(now),
            states: BTreeMap::new(),
            emitted: None,
            pauses: BTreeSet::new(),
            is_done: false,
        }
    }

    /// The drain gets this input, about an extraction or about none.
    pub(crate) fn input(&mut self, name: &str, id: Option<&ExtractionId>) {
        self.note(name, MARK, id, None);
        if let (Some(id), "acknowledged") = (id, name) {
            self.states.insert(id.clone(), "acknowledged");
        }
    }

    fn note(
        &self,
        fault: &str,
        letter: char,
        extraction: Option<&ExtractionId>,
        id: Option<RequestId>,
    ) {
        if let Some(extraction) = extraction {
            let state = self.states.get(extraction).unwrap_or(&"not fetched");
            self.reached.note(fault, state, letter);
        }
        let is_paused = |reason| self.pauses.contains(&reason);
        let holds = [
            self.pauses.is_empty() && !self.is_done,
            is_paused(PauseReason::Throttled),
            is_paused(PauseReason::Outage),
            is_paused(PauseReason::KeyRefused),
            self.exchanges.is_out(Whom::Listing, id),
            self.exchanges.is_out(Whom::Poll, id),
            self.is_done,
        ];
        for (state, _) in DRAIN_STATES.into_iter().zip(holds).filter(|(_, it)| *it) {
            self.reached.note(fault, state, letter);
        }
    }

    fn event(&mut self, event: &DrainEventKind) {
        let (id, state) = match event {
            DrainEventKind::FetchDue { extraction_id, .. } => {
                self.emitted = Some(extraction_id.clone());
                (extraction_id, "due*")
            }
            DrainEventKind::Extracted { extraction_id, .. } => (extraction_id, "delivered"),
            DrainEventKind::FetchFailed { extraction_id, .. } => (extraction_id, "failed"),
            DrainEventKind::SetAside { extraction_id, .. } => (extraction_id, "set aside"),
            DrainEventKind::Paused(pause) => {
                self.pauses.insert(pause.reason);
                return;
            }
            DrainEventKind::Resumed { reason, .. } => {
                self.pauses.remove(reason);
                return;
            }
            _ => return,
        };
        self.states.insert(id.clone(), state);
    }
}

impl Observe<Drain> for DrainObserver {
    fn time(&mut self, _: &Drain, now: Time) {
        let (odd, late) = self.exchanges.time(now);
        if let Some(odd) = odd {
            self.note(odd, MARK, None, None);
        }
        for (whom, id) in late {
            self.note(NO_RESPONSE, whom.letter(true), id.as_ref(), None);
        }
    }

    fn reply(&mut self, _: &Drain, id: RequestId, reply: Reply<'_>, _: Time) {
        let (whom, letter, extraction) = self.exchanges.replied(id);
        let name = reply_name(reply, whom, letter);
        self.note(name, letter, extraction.flatten().as_ref(), Some(id));
    }

    fn output(&mut self, output: &Output<DrainEvent>, now: Time) {
        match output {
            Output::Send(transmit) => {
                let fetched = match whom(transmit) {
                    Whom::Poll => self.emitted.take(),
                    Whom::Submit | Whom::Listing => None,
                };
                if let Some(id) = &fetched {
                    self.states.insert(id.clone(), "in flight");
                }
                self.exchanges.sent(transmit, fetched, now);
            }
            Output::Event(event) => self.event(&event.kind),
            Output::Done => self.is_done = true,
            _ => {}
        }
    }
}
