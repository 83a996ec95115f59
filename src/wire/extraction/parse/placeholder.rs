//! A harmless value in place of one that is known to be wrong.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::methods::{forward, methods};
use super::read_error::ReadError;
use super::text_value::TextValue;

/// A harmless value in place of one that is known to be wrong. It lets serde go on and report the
/// next error; a value that was read from one is never returned.
#[derive(Clone, Copy)]
pub(super) struct Placeholder {
    text: &'static str,
    /// Whether a type that asks for no kind gets a number.
    is_number: bool,
    /// How many structs it is inside of. Bounds recursive types.
    depth: u8,
}

impl Placeholder {
    /// The number of placeholders; each fits other types.
    pub(super) const COUNT: u8 = 3;

    /// The placeholder to begin with for a value that serde reads before it knows the type. What
    /// such a type rejects is text, and what it wants is nearly always a number.
    pub(super) const UNTYPED: u8 = 2;

    /// The placeholder with number `attempt`; for a date field, the first one is a date.
    pub(super) fn new(attempt: u8, is_date: bool) -> Self {
        Self {
            text: if attempt < Self::UNTYPED && (attempt == 0) == is_date {
                "1970-01-01"
            } else {
                "0"
            },
            is_number: attempt == Self::UNTYPED,
            depth: 0,
        }
    }
}

impl<'de> Deserializer<'de> for Placeholder {
    type Error = ReadError;

    methods! { self, visitor:
        deserialize_bool => visitor.visit_bool(false);
        deserialize_char => visitor.visit_char('0');
        deserialize_i8 => visitor.visit_i8(0);
        deserialize_i16 => visitor.visit_i16(0);
        deserialize_i32 => visitor.visit_i32(0);
        deserialize_i64 => visitor.visit_i64(0);
        deserialize_i128 => visitor.visit_i128(0);
        deserialize_u8 => visitor.visit_u8(0);
        deserialize_u16 => visitor.visit_u16(0);
        deserialize_u32 => visitor.visit_u32(0);
        deserialize_u64 => visitor.visit_u64(0);
        deserialize_u128 => visitor.visit_u128(0);
        deserialize_f32 => visitor.visit_f32(0.0);
        deserialize_f64 => visitor.visit_f64(0.0);
        deserialize_option => visitor.visit_none();
        deserialize_unit deserialize_unit_struct deserialize_ignored_any => visitor.visit_unit();
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
    }

    forward! { self => TextValue::new(self.text);
        deserialize_str deserialize_string deserialize_identifier deserialize_bytes
        deserialize_byte_buf
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_number {
            visitor.visit_u64(0)
        } else {
            TextValue::new(self.text).deserialize_any(visitor)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<Self>()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::repeat_n(self, length)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, Self)>()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        const MAX_DEPTH: u8 = 8;
        if self.depth == MAX_DEPTH {
            return Err(ReadError::unreadable("a less deeply nested struct"));
        }
        let inner = Self {
            depth: self.depth + 1,
            ..self
        };
        visitor.visit_map(MapDeserializer::new(
            fields.iter().map(|name| (*name, inner)),
        ))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        TextValue::new(variants.first().copied().unwrap_or_default())
            .deserialize_enum(name, variants, visitor)
    }
}

impl IntoDeserializer<'_, ReadError> for Placeholder {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
