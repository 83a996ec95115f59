//! One pass over a result.

use std::cell::RefCell;

use super::collector::Collector;
use super::known_names::KnownNames;
use super::options::ParseOptions;
use super::parsed::ReviewItem;

/// What one pass over a result needs and collects.
pub(super) struct Pass<'p> {
    pub(super) options: &'p ParseOptions,
    /// From the passes before.
    pub(super) collector: &'p Collector,
    /// Of all passes.
    pub(super) names: &'p KnownNames,
    pub(super) review: RefCell<Vec<ReviewItem>>,
}

impl<'p> Pass<'p> {
    pub(super) fn new(
        options: &'p ParseOptions,
        collector: &'p Collector,
        names: &'p KnownNames,
    ) -> Self {
        Self {
            options,
            collector,
            names,
            review: RefCell::default(),
        }
    }
}
