//! How the values of a document other than its fields are read.

use serde::de::{Deserializer, Visitor};

use super::methods::methods;
use super::read_error::{Cause, ReadError};
use super::table::TableValue;
use super::text_value::TextValue;

/// The names of the values of a document other than its fields.
pub(super) const NAMES: [&str; 5] = [
    "object_id",
    "file_name",
    "customer",
    "line_items",
    "vat_rates",
];

/// A value of a document other than its fields.
#[derive(Clone, Copy)]
pub(super) struct Extra<'de, 'p> {
    pub(super) name: &'static str,
    pub(super) content: Content<'de, 'p>,
    /// Whether the type must ask for it by kind. A struct with a flattened part asks so for the
    /// names that it knows, and passes the others on to a part that may expect only fields.
    pub(super) must_be_claimed: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Content<'de, 'p> {
    Text(&'de str),
    Table(TableValue<'de, 'p>),
}

impl Extra<'_, '_> {
    fn claimed(self) -> Self {
        Self {
            must_be_claimed: false,
            ..self
        }
    }
}

/// Forwards to the content.
macro_rules! forward_to_content {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.content {
                Content::Text(text) => TextValue::new(text)
                    .$method(visitor)
                    .map_err(|error| error.about(text)),
                Content::Table(table) => table.$method(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Extra<'de, '_> {
    type Error = ReadError;

    forward_to_content! {
        deserialize_bool deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_unit deserialize_seq
        deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.must_be_claimed {
            return Err(ReadError::new(Cause::Unclaimed(self.name)));
        }
        match self.content {
            Content::Text(text) => TextValue::new(text)
                .deserialize_any(visitor)
                .map_err(|error| error.about(text)),
            Content::Table(table) => table.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.content {
            Content::Table(table) if table.rows.is_empty() => visitor.visit_none(),
            Content::Table(_) | Content::Text(_) => visitor.visit_some(self.claimed()),
        }
    }

    methods! { self, visitor:
        deserialize_newtype_struct => visitor.visit_newtype_struct(self.claimed());
        // A table has its own rule for tuples.
        deserialize_tuple deserialize_tuple_struct => match self.content {
            Content::Table(table) => table.deserialize_tuple(table.rows.len(), visitor),
            Content::Text(_) => self.deserialize_seq(visitor),
        };
        deserialize_unit_struct => self.deserialize_unit(visitor);
        deserialize_struct => self.deserialize_map(visitor);
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.content {
            Content::Text(text) => TextValue::new(text)
                .deserialize_enum(name, variants, visitor)
                .map_err(|error| error.about(text)),
            Content::Table(table) => table.deserialize_enum(name, variants, visitor),
        }
    }
}
