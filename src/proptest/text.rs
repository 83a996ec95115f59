//! Texts by pattern.

use proptest::prelude::*;
use proptest::string::string_regex;

/// Texts that match a pattern, which is read once; a pattern as a strategy of its own would be read anew for each value, and that is slow.
pub(super) fn matching(pattern: &str) -> BoxedStrategy<String> {
    // The patterns are ours; a wrong one would be seen by the tests of the strategies.
    string_regex(pattern).map_or_else(|_| Just(String::new()).boxed(), Strategy::boxed)
}
