//! One row of a table: a line item or a VAT rate.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::super::lenient::{Flag, Scalar};
use super::candidates::Candidates;
use super::field::Field;

/// One row of a table: the fields of a line item or of a VAT rate.
#[derive(Debug, Clone, Default)]
pub struct Row {
    fields: Vec<Field>,
}

impl Row {
    /// The fields of the row, in the service's order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field with this name; if there are several, the first.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name() == name)
    }

    pub(super) fn field_mut(&mut self, index: usize) -> Option<&mut Field> {
        self.fields.get_mut(index)
    }

    /// The text of a field's best candidate; `None` if the field is absent, not found or null.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.text()
    }
}

/// A row is documented as a list of fields. Third parties describe an object for VAT rates, so a
/// single field and a map of names to values are accepted as well.
impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(RowVisitor)
    }
}

struct RowVisitor;

/// The keys of a row that is a single field.
const KEYS: [&str; 4] = ["name", "data_type", "multiple_values", "values"];

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row: a list of fields, or an object")
    }

    fn visit_none<E>(self) -> Result<Row, E> {
        Ok(Row::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, row: D) -> Result<Row, D::Error> {
        // A struct without names is a list or an object.
        row.deserialize_struct("Row", &[], self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Row, A::Error> {
        let mut fields = Vec::with_capacity(list.size_hint().unwrap_or(8));
        while let Some(field) = list.next_element()? {
            fields.push(field);
        }
        Ok(Row { fields })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
        let mut fields = Vec::new();
        let (mut name, mut data_type, mut multiple_values) = (None, None, None);
        let mut values: Option<Candidates> = None;
        let mut seen = [false; KEYS.len()];
        while let Some(key) = map.next_key::<String>()? {
            let known = KEYS.iter().zip(&mut seen).find(|(known, _)| **known == key);
            if let Some((known, seen)) = known {
                if std::mem::replace(seen, true) {
                    return Err(A::Error::duplicate_field(known));
                }
            }
            match key.as_str() {
                "name" => Scalar(name) = map.next_value()?,
                "data_type" => data_type = map.next_value::<Scalar<'_>>()?.to(),
                "multiple_values" => Flag(multiple_values) = map.next_value()?,
                "values" => values = Some(map.next_value()?),
                other => {
                    let Scalar(text) = map.next_value()?;
                    fields.push(Field::plain(other, text));
                }
            }
        }
        match (name, values) {
            (Some(name), Some(values)) => {
                fields = vec![Field::from_parts(&name, data_type, multiple_values, values)];
            }
            (Some(name), None) => fields.insert(0, Field::plain("name", Some(name))),
            (None, _) => {}
        }
        Ok(Row { fields })
    }
}
