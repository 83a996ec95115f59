//! A field of the document or of a row: its best candidate, or all of them.

use std::iter::Enumerate;
use std::slice::Iter;

use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::super::{Candidate, Field};
use super::Pass;
use super::fault::{Absent, Cause, Fault, Step};
use super::notes::{Node, Treatment};
use super::options::is_below;
use super::parsed::ReviewItem;
use super::parts::{self, Parts};
use super::record::Place;
use super::text_value::TextValue;

/// A field that has a value: its best candidate, or all of them for a type that wants a list.
#[derive(Clone, Copy)]
pub(super) struct FieldValue<'de, 'p> {
    pub(super) best: CandidateValue<'de, 'p>,
    pub(super) list: List<'de, 'p>,
}

/// A field that is asked for although it has no value: an empty list, or an error.
#[derive(Clone, Copy)]
pub(super) struct AbsentValue<'de, 'p> {
    pub(super) reason: Absent,
    /// The value that is below the floor.
    pub(super) text: Option<&'de str>,
    /// The candidates, of which some may reach the floor although the best does not.
    pub(super) list: Option<List<'de, 'p>>,
}

/// One candidate: its text, or its parts for a type that wants a struct.
#[derive(Clone, Copy)]
pub(super) struct CandidateValue<'de, 'p> {
    pub(super) candidate: &'de Candidate,
    pub(super) text: &'de str,
    pub(super) is_date: bool,
    pub(super) has_parts: bool,
    pub(super) node: Option<&'p Node>,
}

/// The candidates of a field that have a value and reach the floor.
#[derive(Clone, Copy)]
pub(super) struct List<'de, 'p> {
    pub(super) pass: &'p Pass<'p>,
    pub(super) place: Place,
    pub(super) field: &'de Field,
    pub(super) is_date: bool,
    pub(super) floor: f64,
    pub(super) node: Option<&'p Node>,
}

/// The methods that pass on to something else; what fails is about its text.
macro_rules! forward {
    (|$this:ident| $target:expr; $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let $this = self;
            $target.$method(visitor).map_err(|fault| fault.about($this.text()))
        }
    )*};
}

impl<'de> FieldValue<'de, '_> {
    fn text(&self) -> &'de str {
        self.best.text
    }
}

impl<'de> Deserializer<'de> for FieldValue<'de, '_> {
    type Error = Fault;

    forward! { |this| this.best;
        deserialize_any deserialize_bool deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_unit deserialize_identifier deserialize_ignored_any deserialize_map
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

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(self.list.candidates())
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.best.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.best.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.best.deserialize_enum(name, variants, visitor)
    }
}

impl<'de> Deserializer<'de> for AbsentValue<'de, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        let fault = Fault::new(Cause::Absent(self.reason));
        Err(match self.text {
            Some(text) => fault.about(text),
            None => fault,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.list {
            Some(list) => visitor.visit_seq(list.candidates()),
            None => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<&str>())),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct enum
        identifier
    }
}

impl<'de> CandidateValue<'de, '_> {
    fn text(&self) -> &'de str {
        self.text
    }

    fn parts<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if !self.has_parts {
            return self.deserialize_any(visitor);
        }
        let mut parts = Parts::new(self, names);
        visitor
            .visit_map(&mut parts)
            .map_err(|fault| fault.of_struct(parts.last()))
    }
}

impl<'de> Deserializer<'de> for CandidateValue<'de, '_> {
    type Error = Fault;

    forward! { |this| TextValue::new(this.text);
        deserialize_any deserialize_bool deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_unit deserialize_identifier deserialize_ignored_any deserialize_seq
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

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.parts(&parts::NAMES, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.parts(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        TextValue::new(self.text)
            .deserialize_enum(name, variants, visitor)
            .map_err(|fault| fault.about(self.text))
    }

    serde::forward_to_deserialize_any! { unit_struct tuple tuple_struct }
}

impl<'de, 'p> List<'de, 'p> {
    fn candidates(self) -> Candidates<'de, 'p> {
        Candidates {
            list: self,
            candidates: self.field.candidates().iter().enumerate(),
        }
    }
}

struct Candidates<'de, 'p> {
    list: List<'de, 'p>,
    candidates: Enumerate<Iter<'de, Candidate>>,
}

impl<'de> SeqAccess<'de> for Candidates<'de, '_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let List {
            pass,
            place,
            field,
            is_date,
            floor,
            node,
        } = self.list;
        for (index, candidate) in self.candidates.by_ref() {
            let node = node.and_then(|node| node.item(index));
            let is_skipped = node.and_then(|node| node.treatment) == Some(Treatment::Skip);
            let Some(text) = candidate.text().filter(|_| !is_skipped) else {
                continue;
            };
            if is_below(candidate.confidence(), floor) {
                let path = place.path(field.name(), Some(index));
                pass.review.borrow_mut().push(ReviewItem::new(
                    path,
                    candidate.confidence(),
                    floor,
                    text,
                ));
                continue;
            }
            let value = CandidateValue {
                candidate,
                text,
                is_date,
                has_parts: true,
                node,
            };
            return match seed.deserialize(value) {
                Ok(value) => Ok(Some(value)),
                Err(fault) => Err(fault.expecting::<S::Value>().inside(Step::Index(index))),
            };
        }
        Ok(None)
    }
}
