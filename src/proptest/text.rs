//! Strategies for text.

use proptest::prelude::*;
use proptest::string::string_regex;

/// Text that matches a pattern. The pattern is parsed once; a `&str` as a strategy is parsed for
/// each value, which is slow.
pub(super) fn matching(pattern: &str) -> BoxedStrategy<String> {
    // The patterns are constants. The tests of the strategies would show an invalid one.
    string_regex(pattern).map_or_else(|_| Just(String::new()).boxed(), Strategy::boxed)
}
