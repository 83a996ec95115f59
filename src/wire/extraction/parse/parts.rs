//! The parts of a candidate: its value, how sure the service is of it, and where it stands.

use std::slice::Iter;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::super::Candidate;
use super::fault::{Fault, Step};
use super::field_value::CandidateValue;
use super::notes::Treatment;
use super::stand_in::StandIn;

/// The names of the parts, as the service has them.
pub(super) const NAMES: [&str; 7] = [
    "value",
    "confidence_score",
    "page_number",
    "x",
    "y",
    "width",
    "height",
];

/// The parts of a candidate that are known, as something with fields.
pub(super) struct Parts<'de, 'p> {
    candidate: CandidateValue<'de, 'p>,
    names: Iter<'static, &'static str>,
    last: &'static str,
    part: Option<Part<'de, 'p>>,
}

/// One part.
enum Part<'de, 'p> {
    Value(CandidateValue<'de, 'p>),
    Number(f64),
    StandIn(StandIn),
}

impl<'de, 'p> Parts<'de, 'p> {
    /// The parts of these names.
    pub(super) fn new(candidate: CandidateValue<'de, 'p>, names: &'static [&'static str]) -> Self {
        Self {
            candidate,
            names: names.iter(),
            last: "",
            part: None,
        }
    }

    /// The name that came last.
    pub(super) fn last(&self) -> &'static str {
        self.last
    }

    fn part(&self, name: &str) -> Option<Part<'de, 'p>> {
        let node = self.candidate.node.and_then(|node| node.child(name));
        match node.and_then(|node| node.treatment) {
            Some(Treatment::StandIn(attempt)) => {
                return Some(Part::StandIn(StandIn::new(attempt, self.candidate.is_date)));
            }
            Some(Treatment::Skip) => return None,
            None => {}
        }
        if name == "value" {
            // Its own parts are not its parts again: a text, and no more.
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
    let place = candidate.bounding_box();
    match name {
        "confidence_score" => candidate.confidence(),
        "page_number" => candidate.page().map(f64::from),
        "x" => place.map(|place| place.x),
        "y" => place.map(|place| place.y),
        "width" => place.map(|place| place.width),
        "height" => place.map(|place| place.height),
        _ => None,
    }
}

impl<'de> MapAccess<'de> for Parts<'de, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
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

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let outcome = match self.part.take() {
            Some(Part::Value(value)) => seed.deserialize(value),
            Some(Part::Number(number)) => seed.deserialize(NumberValue { number }),
            Some(Part::StandIn(stand_in)) => seed.deserialize(stand_in),
            None => Err(Fault::unreadable("a name before its value")),
        };
        outcome.map_err(|fault| {
            fault
                .expecting::<S::Value>()
                .inside(Step::Name(self.last.into()))
        })
    }
}

/// A number the service gives about a value; whole ones fit integers too.
#[derive(Clone, Copy)]
struct NumberValue {
    number: f64,
}

impl<'de> Deserializer<'de> for NumberValue {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        /// Up to here a double holds every whole number.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = self.number;
        let outcome = if number.fract() == 0.0 && (0.0..=EXACT).contains(&number) {
            visitor.visit_u64(number as u64)
        } else if number.fract() == 0.0 && (-EXACT..=0.0).contains(&number) {
            visitor.visit_i64(number as i64)
        } else {
            visitor.visit_f64(number)
        };
        outcome.map_err(|fault: Fault| fault.about(&number.to_string()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct enum
        identifier
    }
}
