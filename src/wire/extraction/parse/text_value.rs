//! How a value is read from its text.

use std::str::FromStr;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, Visitor};

use super::methods::{forward, methods};
use super::read_error::ReadError;

/// The text of a value: read as text, number, boolean, character, or name of a variant.
#[derive(Clone, Copy)]
pub(super) struct TextValue<'de> {
    text: &'de str,
}

impl<'de> TextValue<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text }
    }
}

/// The methods that read an integer.
macro_rules! whole_numbers {
    ($($method:ident $visit:ident $number:ty),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match whole::<$number>(self.text) {
                Some(number) => visitor.$visit(number),
                None => Err(ReadError::unreadable(format!(
                    "a whole number from {} to {}",
                    <$number>::MIN,
                    <$number>::MAX
                ))),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for TextValue<'de> {
    type Error = ReadError;

    whole_numbers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self
            .text
            .trim()
            .parse()
            .ok()
            .filter(|number: &f32| number.is_finite())
        {
            Some(number) => visitor.visit_f32(number),
            None => Err(ReadError::unreadable("a number")),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self
            .text
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
        {
            Some(number) => visitor.visit_f64(number),
            None => Err(ReadError::unreadable("a number")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let text = self.text.trim();
        if text.eq_ignore_ascii_case("true") {
            visitor.visit_bool(true)
        } else if text.eq_ignore_ascii_case("false") {
            visitor.visit_bool(false)
        } else {
            Err(ReadError::unreadable("true or false"))
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let mut characters = self.text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => visitor.visit_char(character),
            _ => Err(ReadError::unreadable("a single character")),
        }
    }

    /// Also for types that ask for no kind, as decimals and some dates do.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_str(self.text)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_bytes(self.text.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_bytes(visitor)
    }

    methods! { self, visitor:
        deserialize_option => visitor.visit_some(self);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_unit deserialize_unit_struct deserialize_ignored_any => visitor.visit_unit();
    }

    forward! { self => BorrowedStrDeserializer::new(self.text); deserialize_enum }

    serde::forward_to_deserialize_any! { str string identifier seq tuple tuple_struct map struct }
}

/// An integer, which the service writes with decimals: `12.0000`.
fn whole<T: FromStr>(text: &str) -> Option<T> {
    let text = text.trim();
    let integer = match text.split_once('.') {
        Some((integer, decimals))
            if !decimals.is_empty() && decimals.bytes().all(|digit| digit == b'0') =>
        {
            integer
        }
        Some(_) => return None,
        None => text,
    };
    integer.parse().ok().or_else(|| {
        // `-0` is zero, also for unsigned types.
        let zero = integer
            .strip_prefix('-')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit == b'0'));
        if zero { "0".parse().ok() } else { None }
    })
}
