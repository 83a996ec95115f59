//! How a candidate is read: as its text, or as its parts (value, confidence and position).

use std::slice::Iter;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::super::Candidate;
use super::collector::{Node, Substitution};
use super::location::PART_NAMES;
use super::methods::{forward, methods};
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
    names: Iter<'static, &'static str>,
    last: &'static str,
    part: Option<Part<'de, 'p>>,
}

/// The value of one part.
enum Part<'de, 'p> {
    Value(CandidateValue<'de, 'p>),
    Number(f64),
    Placeholder(Placeholder),
}

impl<'de, 'p> Parts<'de, 'p> {
    /// The parts with these names.
    pub(super) fn new(candidate: CandidateValue<'de, 'p>, names: &'static [&'static str]) -> Self {
        Self {
            candidate,
            names: names.iter(),
            last: "",
            part: None,
        }
    }

    /// The name that was offered last.
    pub(super) fn last(&self) -> &'static str {
        self.last
    }

    fn part(&self, name: &str) -> Option<Part<'de, 'p>> {
        let node = self.candidate.node.and_then(|node| node.child(name));
        match node.and_then(|node| node.substitution) {
            Some(Substitution::Placeholder(attempt)) => {
                return Some(Part::Placeholder(Placeholder::new(
                    attempt,
                    self.candidate.is_date,
                )));
            }
            Some(Substitution::Skip) => return None,
            None => {}
        }
        if name == "value" {
            // Inside its own parts, the value is only text.
            return Some(Part::Value(CandidateValue {
                node,
                has_parts: false,
                ..self.candidate
            }));
        }
        number(self.candidate.candidate, name).map(Part::Number)
    }
}

fn number(candidate: &Candidate, name: &str) -> Option<f64> {
    let location = candidate.bounding_box();
    match name {
        "confidence_score" => candidate.confidence(),
        "page_number" => candidate.page().map(f64::from),
        "x" => location.map(|location| location.x),
        "y" => location.map(|location| location.y),
        "width" => location.map(|location| location.width),
        "height" => location.map(|location| location.height),
        _ => None,
    }
}

impl<'de> MapAccess<'de> for Parts<'de, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        while let Some(&name) = self.names.next() {
            self.part = self.part(name);
            if self.part.is_some() {
                self.last = name;
                return seed
                    .deserialize(BorrowedStrDeserializer::new(name))
                    .map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let outcome = match self.part.take() {
            Some(Part::Value(value)) => seed.deserialize(value),
            Some(Part::Number(number)) => seed.deserialize(NumberValue { number }),
            Some(Part::Placeholder(placeholder)) => seed.deserialize(placeholder),
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
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if !self.has_parts {
            return self.deserialize_any(visitor);
        }
        let mut parts = Parts::new(self, names);
        visitor
            .visit_map(&mut parts)
            .map_err(|error| error.in_struct(parts.last()))
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
        self.parts(&PART_NAMES, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.parts(fields, visitor)
    }

    serde::forward_to_deserialize_any! { unit_struct tuple tuple_struct }
}

/// A number from the service, such as a confidence. A whole number is also read as an integer.
#[derive(Clone, Copy)]
struct NumberValue {
    number: f64,
}

impl<'de> Deserializer<'de> for NumberValue {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        /// Up to 2^53 an f64 represents every integer exactly.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = self.number;
        let outcome = if number.fract() == 0.0 && (0.0..=EXACT).contains(&number) {
            visitor.visit_u64(number as u64)
        } else if number.fract() == 0.0 && (-EXACT..=0.0).contains(&number) {
            visitor.visit_i64(number as i64)
        } else {
            visitor.visit_f64(number)
        };
        outcome.map_err(|error: ReadError| error.about(&number.to_string()))
    }

    methods! { self, visitor:
        deserialize_option => visitor.visit_some(self);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_ignored_any => visitor.visit_unit();
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier
    }
}
