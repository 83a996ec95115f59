//! How long a connection may be idle and still be good for a submit.

use std::time::Duration;

/// A server closes idle connections without notice; a submit written into one at that moment is lost without a trace. So submits
/// use only connections that were idle for less than the shortest time servers are known to keep them (5 s).
pub(crate) const SUBMIT_IDLE: Duration = Duration::from_secs(4);
