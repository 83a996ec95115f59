//! Which names with a minimum confidence of their own are those of fields.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::options::ParseOptions;

/// The names with a minimum confidence of their own, as far as no field of that name was seen. A
/// misspelt one would have no effect, and nobody would notice.
pub(super) struct KnownNames {
    unknown: RefCell<BTreeSet<Box<str>>>,
    /// Whether the type reads a table without rows, or rows as maps: their columns are not known,
    /// so any name may be one.
    has_unknown_columns: Cell<bool>,
}

impl KnownNames {
    pub(super) fn new(options: &ParseOptions) -> Self {
        Self {
            unknown: RefCell::new(options.field_names().map(Box::from).collect()),
            has_unknown_columns: Cell::new(false),
        }
    }

    /// Takes note of the names that satisfy `is_known`.
    pub(super) fn see(&self, is_known: impl Fn(&str) -> bool) {
        let mut unknown = self.unknown.borrow_mut();
        // Most options have no such names.
        if !unknown.is_empty() {
            unknown.retain(|name| !is_known(name));
        }
    }

    /// Takes note of columns whose names are not known.
    pub(super) fn see_unknown_columns(&self) {
        self.has_unknown_columns.set(true);
    }

    /// The names that are no field's.
    pub(super) fn into_unknown(self) -> BTreeSet<Box<str>> {
        if self.has_unknown_columns.get() {
            BTreeSet::new()
        } else {
            self.unknown.into_inner()
        }
    }
}
