//! How long a connection may be idle and still be used for a submit.

use std::time::Duration;

/// The longest time that a connection for a submit may have been idle.
///
/// A server closes idle connections without notice. A submit that is written at that moment is
/// lost, and nothing shows whether it was processed. Servers are known to keep idle connections for
/// 5 s or longer, so this is shorter.
pub(crate) const SUBMIT_IDLE: Duration = Duration::from_secs(4);
