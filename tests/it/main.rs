//! The integration tests of `typless`, in one binary: it links the crate once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dependencies;
mod docs;
mod laws;
mod layers;
mod support;
mod transcripts;
mod words;

/// Requests, and what the responses are read into.
mod wire {
    mod api;
    mod body;
    mod extraction_id;
    mod open_points;
    mod parse;
    mod parse_errors;
    mod parse_places;
    mod parse_repairs;
    mod places;
    mod responses;
    mod stored;
}

/// The state machines when all is well, and the tables and texts of their outcomes.
mod machine {
    mod batch;
    mod batch_discovery;
    mod batch_health;
    mod batch_many;
    mod batch_progress;
    mod batch_shutdown;
    mod call;
    mod decision_table;
    mod delays;
    mod drain;
    mod drain_snapshot;
    mod errors;
    mod job;
    mod snapshot;
    mod stored;
    mod stored_events;
    mod storing;
    mod throttle_state;
    mod time;
}

/// The rows of `docs/faults.md`: each test has the name of its row.
mod faults {
    mod batch;
    mod clocks;
    mod drain;
    mod drain_outages;
    mod hangs;
    mod input;
    mod poll;
    mod redirects;
    mod submit;
    mod time;
    mod webhook;
}
