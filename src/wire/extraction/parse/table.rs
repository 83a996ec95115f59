//! How a table is read: as a list of records.

use std::iter::{Enumerate, Skip};
use std::slice::Iter;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::super::Row;
use super::collector::{Node, Substitution};
use super::location::Table;
use super::methods::methods;
use super::pass::Pass;
use super::read_error::{ReadError, Step};
use super::record::Record;

/// The rows of a table, as a list of records.
#[derive(Clone, Copy)]
pub(super) struct TableValue<'de, 'p> {
    pub(super) pass: &'p Pass<'p>,
    pub(super) table: Table,
    pub(super) rows: &'de [Row],
    pub(super) node: Option<&'p Node>,
}

impl<'de, 'p> TableValue<'de, 'p> {
    fn rows_from(self, first: usize) -> Rows<'de, 'p> {
        Rows {
            table: self,
            rows: self.rows.iter().enumerate().skip(first),
        }
    }
}

impl<'de> Deserializer<'de> for TableValue<'de, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_seq(self.rows_from(self.pass.collector.row_info(self.table).settled_rows))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.rows.is_empty() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    methods! { self, visitor:
        // A tuple counts its rows, so none may be skipped.
        deserialize_tuple deserialize_tuple_struct => visitor.visit_seq(self.rows_from(0));
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_ignored_any => visitor.visit_unit();
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct map struct enum identifier
    }
}

struct Rows<'de, 'p> {
    table: TableValue<'de, 'p>,
    rows: Skip<Enumerate<Iter<'de, Row>>>,
}

impl<'de> SeqAccess<'de> for Rows<'de, '_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let TableValue {
            pass, table, node, ..
        } = self.table;
        for (index, row) in self.rows.by_ref() {
            let node = node.and_then(|node| node.item(index));
            if node.and_then(|node| node.substitution) == Some(Substitution::Skip) {
                continue;
            }
            let record = Record::from_row(row, table, index, node, pass);
            return match seed.deserialize(record) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(error
                    .at_text(record.texts())
                    .expecting::<S::Value>()
                    .inside(Step::Index(index))),
            };
        }
        Ok(None)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rows.len())
    }
}
