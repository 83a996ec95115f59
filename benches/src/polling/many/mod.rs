//! Many jobs at once: our batch against per-job pollers, in virtual time, within the same limits.

pub mod load;
pub mod ours;
pub mod rate;
pub mod report;
pub mod rivals;
pub mod service;
