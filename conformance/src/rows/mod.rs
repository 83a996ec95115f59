//! The rows, one file for each subject.

mod broken;
mod http2;
mod limits;
mod reach;
mod requests;
mod responses;
mod reuse;
mod sources;
mod statuses;
mod times;
#[cfg(feature = "tls")]
mod tls;
mod volume;

use crate::row::Row;

const ALL: &[&[Row]] = &[
    requests::ROWS,
    sources::ROWS,
    statuses::ROWS,
    responses::ROWS,
    limits::ROWS,
    reach::ROWS,
    broken::ROWS,
    times::ROWS,
    reuse::ROWS,
    volume::ROWS,
    #[cfg(feature = "tls")]
    tls::ROWS,
    http2::ROWS,
];

/// All rows, in the order in which they are run.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ALL.iter().copied().flatten()
}
