//! The candidates of a field.

use std::{fmt, slice};

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::candidate::Candidate;

/// The candidates of a field. Most fields have one, which needs no allocation.
#[derive(Clone)]
pub(super) enum Candidates {
    One(Candidate),
    Many(Vec<Candidate>),
}

impl Candidates {
    pub(super) fn as_slice(&self) -> &[Candidate] {
        match self {
            Self::One(candidate) => slice::from_ref(candidate),
            Self::Many(candidates) => candidates,
        }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [Candidate] {
        match self {
            Self::One(candidate) => slice::from_mut(candidate),
            Self::Many(candidates) => candidates,
        }
    }
}

impl Default for Candidates {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// Reads a list; null is an empty list.
impl<'de> Deserialize<'de> for Candidates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Candidates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E>(self) -> Result<Candidates, E> {
        Ok(Candidates::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, list: D) -> Result<Candidates, D::Error> {
        list.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Candidates, A::Error> {
        let Some(first) = list.next_element()? else {
            return Ok(Candidates::default());
        };
        let Some(second) = list.next_element()? else {
            return Ok(Candidates::One(first));
        };
        let mut candidates = vec![first, second];
        while let Some(candidate) = list.next_element()? {
            candidates.push(candidate);
        }
        Ok(Candidates::Many(candidates))
    }
}
