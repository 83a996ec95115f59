//! One field: its name, its kind, and the values it may have.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::super::lenient;

/// One field of a document or of a row: its name, its kind, and the values it may have, best first.
#[derive(Clone, Deserialize)]
pub struct Field {
    name: Box<str>,
    #[serde(default, deserialize_with = "lenient::text")]
    data_type: Option<Box<str>>,
    #[serde(default, deserialize_with = "lenient::flag")]
    multiple_values: Option<bool>,
    #[serde(default, deserialize_with = "lenient::list")]
    values: Vec<Candidate>,
}

impl Field {
    /// A field of which no more is known than a name and a text.
    pub(super) fn plain(name: &str, text: Option<Box<str>>) -> Self {
        let candidate = Candidate { value: text, confidence_score: None, page_number: None, bounding_box: None };
        Self { name: name.into(), data_type: None, multiple_values: None, values: vec![candidate] }
    }

    pub(super) fn from_parts(name: Box<str>, data_type: Option<Box<str>>, multiple_values: Option<bool>, values: Vec<Candidate>) -> Self {
        Self { name, data_type, multiple_values, values }
    }

    /// The field's name, as the document type has it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of its values, where the service says it.
    pub fn data_type(&self) -> Option<DataType<'_>> {
        self.data_type.as_deref().map(DataType::of)
    }

    /// Whether several candidates may be right at once; absent in older results.
    pub fn multiple_values(&self) -> Option<bool> {
        self.multiple_values
    }

    /// The candidates, best first; may be empty.
    pub fn candidates(&self) -> &[Candidate] {
        &self.values
    }

    /// The best candidate that has a value; `None` where the field is not on the document.
    pub fn best(&self) -> Option<&Candidate> {
        self.values.iter().find(|candidate| candidate.value.is_some())
    }

    /// The text of the best candidate. An empty text is a value; a field that was not found has none.
    pub fn text(&self) -> Option<&str> {
        self.best().and_then(Candidate::text)
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.name)
            .field("data_type", &self.data_type)
            .field("candidates", &self.values.len())
            .finish()
    }
}

/// The kind of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataType<'a> {
    /// `STRING`: text as it was read.
    String,
    /// `NUMBER`: a decimal number with `.`, usually with four decimals.
    Number,
    /// `DATE`: `YYYY-MM-DD`.
    Date,
    /// `AUTHOR`: who wrote the document; without a place on the page.
    Author,
    /// Another kind, by the service's name: the set is open.
    Other(&'a str),
}

impl<'a> DataType<'a> {
    fn of(name: &'a str) -> Self {
        match name {
            "STRING" => Self::String,
            "NUMBER" => Self::Number,
            "DATE" => Self::Date,
            "AUTHOR" => Self::Author,
            other => Self::Other(other),
        }
    }
}

/// One value a field may have, how sure the service is of it, and where it stands.
#[derive(Clone)]
pub struct Candidate {
    value: Option<Box<str>>,
    confidence_score: Option<f64>,
    page_number: Option<u32>,
    bounding_box: Option<BoundingBox>,
}

impl Candidate {
    /// The value as the service wrote it. Numbers and dates are text as well (see [`DataType`]), so money never passes through a float.
    pub fn text(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// How sure the service is, from 0 to 1.
    pub fn confidence(&self) -> Option<f64> {
        self.confidence_score
    }

    /// The page it stands on, from 0; `None` where it was not located.
    pub fn page(&self) -> Option<u32> {
        self.page_number
    }

    /// Where it stands on its page; `None` where it was not located.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        self.bounding_box
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("confidence", &self.confidence_score)
            .field("page", &self.page_number)
            .field("bounding_box", &self.bounding_box)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Candidate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(default)]
        #[derive(Default)]
        struct Wire {
            #[serde(deserialize_with = "lenient::text")]
            value: Option<Box<str>>,
            #[serde(deserialize_with = "lenient::score")]
            confidence_score: Option<f64>,
            #[serde(deserialize_with = "lenient::page")]
            page_number: Option<u32>,
            #[serde(deserialize_with = "lenient::coordinate")]
            x: Option<f64>,
            #[serde(deserialize_with = "lenient::coordinate")]
            y: Option<f64>,
            #[serde(deserialize_with = "lenient::coordinate")]
            width: Option<f64>,
            #[serde(deserialize_with = "lenient::coordinate")]
            height: Option<f64>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let bounding_box = match (wire.x, wire.y, wire.width, wire.height) {
            // The service writes -1 in all four for "not located"; a width or height below zero is no box either.
            (Some(x), Some(y), Some(width), Some(height)) if width >= 0.0 && height >= 0.0 => Some(BoundingBox { x, y, width, height }),
            _ => None,
        };
        Ok(Self { value: wire.value, confidence_score: wire.confidence_score, page_number: wire.page_number, bounding_box })
    }
}

/// A rectangle on a page, in pixels of the page at [`DPI`](Self::DPI) dots per inch, from the page's top left corner.
///
/// The unit is not documented; it was measured on a captured answer and its document. The box is that of the run of text in which the value stands, its label
/// included where both are one run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a rectangle has four numbers and will have no fifth")]
pub struct BoundingBox {
    /// From the left edge of the page to the left edge of the box.
    pub x: f64,
    /// From the top edge of the page to the top edge of the box.
    pub y: f64,
    /// The box's width.
    pub width: f64,
    /// The box's height.
    pub height: f64,
}

impl BoundingBox {
    /// The resolution in which coordinates are given.
    pub const DPI: f64 = 300.0;

    /// The same box in points (1/72 inch), the unit of PDF, still from the top left.
    pub fn to_points(self) -> Self {
        let scale = 72.0 / Self::DPI;
        Self { x: self.x * scale, y: self.y * scale, width: self.width * scale, height: self.height * scale }
    }
}
