//! The end of a batch before its jobs have finished.
//!
//! Once it is shut down, nothing is decided by `dispatch` any more: jobs are visited one by one and
//! handed back. Those whose request is out are handed back, or finish, when it is over.

use super::jobs::Jobs;
use crate::machine::collections::slab::Key;
use crate::machine::job::record::State;

/// The slot of the next job to visit, once the batch is shut down.
#[derive(Debug, Default)]
pub(super) struct Shutdown(Option<u32>);

impl Shutdown {
    pub(super) fn begin(&mut self) {
        self.0.get_or_insert(0);
    }

    /// The next job to visit, and its state.
    pub(super) fn next(&mut self, jobs: &Jobs) -> Option<(Key, State)> {
        let (key, state) = jobs.next_from(self.0?)?;
        self.0 = Some(key.slot.saturating_add(1));
        Some((key, state))
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.is_some()
    }
}
