//! What a drain reports.

use super::{Drain, DrainEvent, DrainEventKind};
use crate::machine::Output;
use crate::machine::cause::Cause;
use crate::machine::pause::{Pause, PauseReason};
use crate::machine::throttle::Change;
use crate::machine::time::Time;

impl Drain {
    pub(super) fn emit(&mut self, kind: DrainEventKind) {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.saturating_add(1);
        self.outputs
            .push_back(Output::Event(DrainEvent { sequence, kind }));
    }

    /// Reports pauses that began or ended.
    pub(super) fn report_pauses(&mut self, now: Time) {
        while let Some(change) = self.throttle.next_change(now) {
            self.emit(match change {
                Change::Paused(pause) => DrainEventKind::Paused(pause),
                Change::Resumed { reason, since } => DrainEventKind::Resumed { reason, since },
            });
        }
    }

    /// Reports that no fetch leaves until this time.
    pub(super) fn report_fetches_paused(&mut self, until: Time, cause: Cause, now: Time) {
        self.emit(DrainEventKind::Paused(Pause {
            reason: PauseReason::Fetches,
            since: now,
            until,
            cause,
        }));
    }

    /// Reports that fetches leave again, if it was reported that they did not.
    pub(super) fn report_fetches_resumed(&mut self, paused_since: Option<Time>) {
        if let Some(since) = paused_since {
            let reason = PauseReason::Fetches;
            self.emit(DrainEventKind::Resumed { reason, since });
        }
    }
}
