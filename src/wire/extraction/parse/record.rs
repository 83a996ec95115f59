//! The document or one row of a table, as data. `access` reads it.

use super::super::{Extraction, Field, Row};
use super::collector::{Node, TypeInfo};
use super::location::{Location, Table};
use super::pass::Pass;

/// The document or one row of a table: its fields, and what is known of its type.
#[derive(Clone, Copy)]
pub(super) struct Record<'de, 'p> {
    pub(super) pass: &'p Pass<'p>,
    pub(super) location: Location,
    /// The document, unless this is a row.
    pub(super) document: Option<&'de Extraction>,
    pub(super) fields: &'de [Field],
    pub(super) info: &'p TypeInfo,
    pub(super) node: Option<&'p Node>,
}

impl<'de, 'p> Record<'de, 'p> {
    pub(super) fn from_document(document: &'de Extraction, pass: &'p Pass<'p>) -> Self {
        let (info, node) = (pass.collector.document_info(), Some(pass.collector.tree()));
        Self {
            pass,
            location: Location::Document,
            document: Some(document),
            fields: document.fields(),
            info,
            node,
        }
    }

    pub(super) fn from_row(
        row: &'de Row,
        table: Table,
        index: usize,
        node: Option<&'p Node>,
        pass: &'p Pass<'p>,
    ) -> Self {
        Self {
            pass,
            location: Location::Row(table, index),
            document: None,
            fields: row.fields(),
            info: pass.collector.row_info(table),
            node,
        }
    }

    /// The texts that a type gets which asks for no kind, with their names.
    pub(super) fn texts(self) -> impl Iterator<Item = (&'de str, &'de str)> {
        let extras = self.document.into_iter().flat_map(|document| {
            [
                ("object_id", document.object_id()),
                ("file_name", document.file_name()),
                ("customer", document.customer()),
            ]
        });
        let fields = self.fields.iter().map(|field| (field.name(), field.text()));
        fields
            .chain(extras)
            .filter_map(|(name, text)| Some((name, text?)))
    }
}
