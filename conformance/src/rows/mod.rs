//! The rows, one file per subject.

mod answers;
mod broken;
mod http2;
mod limits;
mod reach;
mod requests;
mod reuse;
mod sources;
mod statuses;
mod times;
mod volume;

use crate::row::{Finding, Needs, Objection, Row};

pub(super) const ALL: &[&[Row]] = &[
    requests::ROWS,
    sources::ROWS,
    statuses::ROWS,
    answers::ROWS,
    limits::ROWS,
    reach::ROWS,
    broken::ROWS,
    times::ROWS,
    reuse::ROWS,
    volume::ROWS,
    http2::ROWS,
];
