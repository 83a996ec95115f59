//! What a batch says of its pauses, compared with what it sends.

use std::collections::BTreeMap;
use std::time::Duration;

use typless::machine::{BatchEventKind, Pause, PauseReason, RequestId, Time};

/// The pauses that have begun, and what left since.
#[derive(Debug, Default)]
pub struct Pauses {
    open: BTreeMap<PauseReason, Open>,
    /// How often each has begun.
    pub begun: BTreeMap<PauseReason, usize>,
    /// How long the longest was that has ended.
    pub longest: BTreeMap<PauseReason, Duration>,
    /// What was wrong.
    pub problems: Vec<String>,
}

#[derive(Debug)]
struct Open {
    pause: Pause,
    /// The last request of those that the pause holds back.
    last: Option<RequestId>,
}

impl Pauses {
    /// The batch reports this event.
    pub fn event(&mut self, event: &BatchEventKind, now: Time) {
        match event {
            BatchEventKind::Paused(pause) => {
                *self.begun.entry(pause.reason).or_default() += 1;
                if pause.until < pause.since || pause.since > now {
                    self.problems.push(format!("{pause:?} at {now:?}"));
                }
                let (pause, last) = (pause.clone(), None);
                if let Some(before) = self.open.insert(pause.reason, Open { pause, last }) {
                    self.problems.push(format!("{before:?} begins twice"));
                }
            }
            BatchEventKind::Resumed { reason, since } => match self.open.remove(reason) {
                Some(open) if open.pause.since == *since => {
                    let longest = self.longest.entry(*reason).or_default();
                    *longest = (*longest).max(now.saturating_since(*since));
                }
                other => self.problems.push(format!(
                    "{reason:?} of {since:?} ends, but there is {other:?}"
                )),
            },
            _ => {}
        }
    }

    /// A request leaves; `is_out` says which others are out.
    pub fn sent(
        &mut self,
        id: RequestId,
        is_submit: bool,
        is_out: impl Fn(RequestId) -> bool,
        now: Time,
    ) {
        for (reason, open) in &mut self.open {
            let is_held = is_submit || *reason != PauseReason::Submits;
            if !is_held {
                continue;
            }
            let is_early = now < open.pause.until;
            let is_second = open.last.is_some_and(&is_out);
            if *reason == PauseReason::Throttled || is_early || is_second {
                let what = format!("{id:?} (submit: {is_submit}) leaves at {now:?} in {open:?}");
                self.problems.push(what);
            }
            open.last = Some(id);
        }
    }

    /// The reasons of those that are not over.
    pub fn open(&self) -> impl Iterator<Item = PauseReason> {
        self.open.keys().copied()
    }

    /// How many of this kind have begun.
    pub fn count(&self, reason: PauseReason) -> usize {
        self.begun.get(&reason).copied().unwrap_or_default()
    }
}
