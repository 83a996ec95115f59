//! The document or a row of it, as something with fields.

use serde::de::{Deserializer, Visitor};

use super::super::{Extraction, Field, Row};
use super::Pass;
use super::access::{Access, Wanted};
use super::fault::Fault;
use super::notes::{Node, Shape};

/// The document or a row of it, as something with fields.
#[derive(Clone, Copy)]
pub(super) struct Record<'de, 'p> {
    pub(super) pass: &'p Pass<'p>,
    pub(super) place: Place,
    /// The document, where this is not a row.
    pub(super) document: Option<&'de Extraction>,
    pub(super) fields: &'de [Field],
    pub(super) shape: &'p Shape,
    pub(super) node: Option<&'p Node>,
}

/// Where a record is.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Document,
    Row(Table, usize),
}

/// The tables a document has.
#[derive(Clone, Copy)]
pub(super) enum Table {
    LineItems,
    VatRates,
}

impl<'de, 'p> Record<'de, 'p> {
    pub(super) fn of_document(document: &'de Extraction, pass: &'p Pass<'p>) -> Self {
        let (shape, node) = (pass.notes.of_document(), Some(pass.notes.tree()));
        Self {
            pass,
            place: Place::Document,
            document: Some(document),
            fields: document.fields(),
            shape,
            node,
        }
    }

    pub(super) fn of_row(
        row: &'de Row,
        table: Table,
        index: usize,
        node: Option<&'p Node>,
        pass: &'p Pass<'p>,
    ) -> Self {
        Self {
            pass,
            place: Place::Row(table, index),
            document: None,
            fields: row.fields(),
            shape: pass.notes.of_rows(table),
            node,
        }
    }

    fn visit<V: Visitor<'de>>(self, wanted: Wanted<'de>, visitor: V) -> Result<V::Value, Fault> {
        let mut access = Access::new(self, wanted);
        visitor
            .visit_map(&mut access)
            .map_err(|fault| fault.of_struct(access.last()))
    }
}

impl Place {
    /// The path of a field of the record; of one of its candidates, where an index is given.
    pub(super) fn path(self, name: &str, candidate: Option<usize>) -> String {
        let mut path = match self {
            Self::Document => name.to_owned(),
            Self::Row(table, index) => format!("{}[{index}].{name}", table.name()),
        };
        if let Some(index) = candidate {
            path.push_str(&format!("[{index}]"));
        }
        path
    }
}

impl Table {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LineItems => "line_items",
            Self::VatRates => "vat_rates",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::LineItems, Self::VatRates]
            .into_iter()
            .find(|table| table.name() == name)
    }

    pub(super) fn rows(self, document: &Extraction) -> &[Row] {
        match self {
            Self::LineItems => document.line_items(),
            Self::VatRates => document.vat_rates(),
        }
    }
}

impl<'de> Deserializer<'de> for Record<'de, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.visit(Wanted::everything(), visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.visit(Wanted::unknown(), visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        // A struct without fields, or a reader written by hand that does not say what it takes.
        let wanted = if fields.is_empty() {
            Wanted::unknown()
        } else {
            Wanted::names(fields)
        };
        self.visit(wanted, visitor)
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

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq tuple tuple_struct enum identifier
    }
}
