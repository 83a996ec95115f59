//! The names that a type takes, and which of them were offered.

use std::collections::BTreeSet;

/// The names that a type takes.
pub(super) enum Wanted<'de> {
    /// Those of a struct, and which of them were offered.
    Names {
        names: &'static [&'static str],
        seen: Flags,
    },
    /// Not known in advance. The type is a map, which takes every name, or a struct with a
    /// flattened part, which takes some names and passes the others on.
    Unknown { seen: BTreeSet<&'de str> },
    /// Every name.
    Everything { seen: BTreeSet<&'de str> },
}

impl<'de> Wanted<'de> {
    pub(super) fn names(names: &'static [&'static str]) -> Self {
        Self::Names {
            names,
            seen: Flags::default(),
        }
    }

    pub(super) fn unknown() -> Self {
        Self::Unknown {
            seen: BTreeSet::new(),
        }
    }

    pub(super) fn everything() -> Self {
        Self::Everything {
            seen: BTreeSet::new(),
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// Marks a name as offered.
    pub(super) fn take(&mut self, name: &'de str) -> Take {
        let is_first = match self {
            Self::Names { names, seen } => match names.iter().position(|wanted| *wanted == name) {
                Some(position) => seen.set(position),
                None => return Take::Unwanted,
            },
            Self::Unknown { seen } | Self::Everything { seen } => seen.insert(name),
        };
        if is_first { Take::First } else { Take::Again }
    }
}

/// Whether the type takes a name, and whether it was offered before.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Take {
    First,
    Again,
    /// A struct has no such field. It is offered nevertheless: the struct may deny unknown fields.
    Unwanted,
}

/// One flag for each field of a struct. Uses the heap only beyond 128 fields.
#[derive(Default)]
pub(super) struct Flags {
    low: u128,
    high: BTreeSet<usize>,
}

impl Flags {
    /// Sets a flag and returns whether it was unset.
    fn set(&mut self, position: usize) -> bool {
        match u32::try_from(position)
            .ok()
            .and_then(|position| 1_u128.checked_shl(position))
        {
            Some(bit) => {
                let is_new = self.low & bit == 0;
                self.low |= bit;
                is_new
            }
            None => self.high.insert(position),
        }
    }
}
