//! How a candidate is read: as its text, or as its parts (value, confidence and position).

use std::slice::Iter;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::super::candidate::{Candidate, Part};
use super::super::found;
use super::collector::{Node, Substitution};
use super::methods::{forward, methods};
use super::number_value::NumberValue;
use super::placeholder::Placeholder;
use super::read_error::{ReadError, Step};
use super::text_value::TextValue;

/// One candidate: its text, or its parts if the type is a struct.
#[derive(Clone, Copy)]
pub(super) struct CandidateValue<'de, 'p> {
    pub(super) candidate: &'de Candidate,
    pub(super) text: &'de str,
    pub(super) is_date: bool,
    pub(super) has_parts: bool,
    pub(super) node: Option<&'p Node>,
}

/// The known parts of a candidate, as a map.
pub(super) struct Parts<'de, 'p> {
    candidate: CandidateValue<'de, 'p>,
    /// Whether the type is [`Found`](super::super::Found), whose numbers are floats.
    is_found: bool,
    names: Iter<'static, &'static str>,
    last: &'static str,
    value: Option<PartValue<'de, 'p>>,
}

/// The value of one part.
enum PartValue<'de, 'p> {
    Text(CandidateValue<'de, 'p>),
    Number(NumberValue<'de>),
    Placeholder(Placeholder),
}

impl<'de, 'p> Parts<'de, 'p> {
    /// The parts with these names.
    pub(super) fn new(candidate: CandidateValue<'de, 'p>, names: &'static [&'static str]) -> Self {
        Self {
            candidate,
            is_found: false,
            names: names.iter(),
            last: "",
            value: None,
        }
    }

    /// The name that was offered last.
    pub(super) fn last(&self) -> &'static str {
        self.last
    }

    fn value(&self, name: &str) -> Option<PartValue<'de, 'p>> {
        let node = self.candidate.node.and_then(|node| node.child(name));
        match node.and_then(|node| node.substitution) {
            Some(Substitution::Placeholder(attempt)) => {
                return Some(PartValue::Placeholder(Placeholder::new(
                    attempt,
                    self.candidate.is_date,
                )));
            }
            Some(Substitution::Skip) => return None,
            None => {}
        }
        let candidate = self.candidate.candidate;
        let part = Part::from_name(name);
        let is_known = match part {
            // Inside its own parts, the value is only text.
            Part::Value => {
                return Some(PartValue::Text(CandidateValue {
                    node,
                    has_parts: false,
                    ..self.candidate
                }));
            }
            Part::ConfidenceScore => !self.is_found || candidate.confidence().is_some(),
            Part::PageNumber => candidate.page().is_some(),
            Part::X | Part::Y | Part::Width | Part::Height if self.is_found => {
                candidate.bounding_box().is_some()
            }
            Part::X | Part::Y | Part::Width | Part::Height => candidate.is_located(),
            Part::Unknown => false,
        };
        let number = candidate.written(part).filter(|_| is_known)?;
        Some(PartValue::Number(NumberValue::new(number)))
    }
}

impl<'de> MapAccess<'de> for Parts<'de, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        while let Some(&name) = self.names.next() {
            self.value = self.value(name);
            if self.value.is_some() {
                self.last = name;
                return seed
                    .deserialize(BorrowedStrDeserializer::new(name))
                    .map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let outcome = match self.value.take() {
            Some(PartValue::Text(value)) => seed.deserialize(value),
            Some(PartValue::Number(number)) => seed.deserialize(number),
            Some(PartValue::Placeholder(placeholder)) => seed.deserialize(placeholder),
            None => Err(ReadError::unreadable("a key before its value")),
        };
        outcome.map_err(|error| {
            error
                .expecting::<S::Value>()
                .inside(Step::Name(self.last.into()))
        })
    }
}

impl<'de> CandidateValue<'de, '_> {
    fn parts<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        is_found: bool,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if !self.has_parts {
            return self.deserialize_any(visitor);
        }
        let mut parts = Parts::new(self, names);
        parts.is_found = is_found;
        visitor.visit_map(&mut parts).map_err(|error| {
            error
                .in_struct(parts.last())
                .at_text([("value", self.text)])
        })
    }
}

impl<'de> Deserializer<'de> for CandidateValue<'de, '_> {
    type Error = ReadError;

    forward! { self => TextValue::new(self.text), about self.text;
        deserialize_any deserialize_bool deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_unit
        deserialize_identifier deserialize_ignored_any deserialize_seq deserialize_enum
    }

    methods! { self, visitor:
        deserialize_option => visitor.visit_some(self);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.parts(&Part::NAMES, false, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.parts(fields, name == found::NAME, visitor)
    }

    serde::forward_to_deserialize_any! { unit_struct tuple tuple_struct }
}
