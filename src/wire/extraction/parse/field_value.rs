//! How a field is read: as its best candidate, or as a list of candidates.

use std::iter::Enumerate;
use std::slice::Iter;

use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::super::{Candidate, Field};
use super::candidate_value::CandidateValue;
use super::collector::{Node, Substitution};
use super::location::Location;
use super::methods::{forward, methods};
use super::options::is_below;
use super::parsed::{ReviewItem, ReviewReason};
use super::pass::Pass;
use super::read_error::{Absent, Cause, ReadError, Step};
use super::repair_effect::RepairEffect;

/// A field that has a value: its best candidate, or all candidates if the type is a list.
#[derive(Clone, Copy)]
pub(super) struct FieldValue<'de, 'p> {
    pub(super) best: CandidateValue<'de, 'p>,
    pub(super) list: List<'de, 'p>,
}

/// A field without a value that it requires, or with one that was repaired: the candidates for a
/// list type, otherwise an error.
#[derive(Clone, Copy)]
pub(super) struct AbsentValue<'de, 'p> {
    pub(super) reason: Absent,
    /// The value whose confidence is too low, or that was repaired.
    pub(super) text: Option<&'de str>,
    /// The candidates: some may be good enough although the best is not.
    pub(super) list: Option<List<'de, 'p>>,
}

/// The candidates of a field that have a value and enough confidence.
#[derive(Clone, Copy)]
pub(super) struct List<'de, 'p> {
    pub(super) pass: &'p Pass<'p>,
    pub(super) location: Location,
    pub(super) field: &'de Field,
    pub(super) is_date: bool,
    pub(super) min_confidence: f64,
    pub(super) node: Option<&'p Node>,
}

impl<'de, 'p> FieldValue<'de, 'p> {
    /// The best candidate, and lists it for review if it was repaired.
    fn best(self) -> CandidateValue<'de, 'p> {
        self.list.review(None);
        self.best
    }
}

impl<'de> Deserializer<'de> for FieldValue<'de, '_> {
    type Error = ReadError;

    forward! { self => self.best();
        deserialize_any deserialize_bool deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_unit
        deserialize_identifier deserialize_unit_struct deserialize_struct deserialize_enum
    }

    forward! { self => self.best; deserialize_ignored_any }

    methods! { self, visitor:
        deserialize_option => visitor.visit_some(self);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_tuple deserialize_tuple_struct => self.deserialize_seq(visitor);
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.best()
            .deserialize_map(visitor)
            .map_err(|error| error.about(self.best.text))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_seq(self.list.candidates())
    }
}

impl<'de> Deserializer<'de> for AbsentValue<'de, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ReadError> {
        let error = ReadError::new(Cause::Absent(self.reason));
        Err(match self.text {
            Some(text) => error.about(text),
            None => error,
        })
    }

    methods! { self, visitor:
        deserialize_option => match self.reason {
            // It is not absent, so `None` would be wrong.
            Absent::Repaired => visitor.visit_some(self),
            _ => visitor.visit_none(),
        };
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_ignored_any => visitor.visit_unit();
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.list {
            Some(list) => visitor.visit_seq(list.candidates()),
            None => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<&str>())),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct map struct enum identifier
    }
}

impl<'de, 'p> List<'de, 'p> {
    fn candidates(self) -> Candidates<'de, 'p> {
        Candidates {
            list: self,
            candidates: self.field.candidates().iter().enumerate(),
        }
    }

    /// Lists the field for review if its name was repaired: the type may take it under the right
    /// one.
    pub(super) fn review_name(self) {
        let candidates = self.field.candidates();
        let best = self.field.best().or_else(|| candidates.first());
        if let Some(candidate) = best.filter(|_| self.field.damage().name) {
            self.push(None, ReviewReason::Repaired, candidate);
        }
    }

    /// Lists the best candidate, or the one at this index, for review if it was repaired.
    pub(super) fn review(self, index: Option<usize>) {
        let candidates = self.field.candidates();
        let (effect, candidate) = match index.and_then(|index| candidates.get(index)) {
            Some(candidate) => (
                RepairEffect::for_candidate(candidate, self.field),
                Some(candidate),
            ),
            None => (
                RepairEffect::for_best(self.field),
                self.field.best().or_else(|| candidates.first()),
            ),
        };
        if let (RepairEffect::Review(reason), Some(candidate)) = (effect, candidate) {
            self.push(index, reason, candidate);
        }
    }

    fn push(self, index: Option<usize>, reason: ReviewReason, candidate: &Candidate) {
        self.pass.review.borrow_mut().push(ReviewItem::new(
            self.location.path(self.field.name(), index),
            reason,
            self.min_confidence,
            candidate,
        ));
    }
}

struct Candidates<'de, 'p> {
    list: List<'de, 'p>,
    candidates: Enumerate<Iter<'de, Candidate>>,
}

impl<'de> SeqAccess<'de> for Candidates<'de, '_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let list = self.list;
        for (index, candidate) in self.candidates.by_ref() {
            let node = list.node.and_then(|node| node.item(index));
            if node.and_then(|node| node.substitution) == Some(Substitution::Skip) {
                continue;
            }
            let inside =
                |error: ReadError| error.expecting::<S::Value>().inside(Step::Index(index));
            if RepairEffect::for_candidate(candidate, list.field) == RepairEffect::Problem {
                let mut error = ReadError::new(Cause::Absent(Absent::Repaired));
                if let Some(text) = candidate.text() {
                    error = error.about(text);
                }
                return Err(inside(error));
            }
            let is_below = is_below(candidate, list.min_confidence);
            if !is_below || candidate.text().is_none() {
                list.review(Some(index));
            }
            let Some(text) = candidate.text() else {
                continue;
            };
            if is_below {
                list.push(Some(index), ReviewReason::BelowMinConfidence, candidate);
                continue;
            }
            let value = CandidateValue {
                candidate,
                text,
                is_date: list.is_date,
                has_parts: true,
                node,
            };
            return seed.deserialize(value).map(Some).map_err(inside);
        }
        Ok(None)
    }
}
