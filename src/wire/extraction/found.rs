//! A value of the caller's type, with its confidence and its place.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::BoundingBox;

/// A value that was found, with its confidence, page and box: a type for the fields of your own
/// struct.
///
/// ```
/// use serde::Deserialize;
/// use typless::wire::{Extraction, Found};
///
/// #[derive(Deserialize)]
/// struct Invoice {
///     invoice_number: Found<String>,
///     due_date: Option<Found<String>>,
///     line_items: Vec<LineItem>,
/// }
///
/// #[derive(Deserialize)]
/// struct LineItem {
///     quantity: Found<u32>,
/// }
///
/// # let json = r#"{"extracted_fields": [
/// #     {"name": "invoice_number", "data_type": "STRING", "values": [
/// #      {"value": "123-123", "confidence_score": 0.95, "page_number": 0,
/// #       "x": 358, "y": 737, "width": 557, "height": 33}]},
/// #     {"name": "due_date", "data_type": "DATE", "values": [{"value": null}]}],
/// #   "line_items": [[
/// #     {"name": "quantity", "data_type": "NUMBER", "values": [
/// #      {"value": "12.0000", "confidence_score": 0.5, "page_number": 1,
/// #       "x": -1, "y": -1, "width": -1, "height": -1}]}]]}"#;
/// # let extraction = Extraction::from_json(json)?;
/// let invoice: Invoice = extraction.parse()?;
///
/// assert_eq!(invoice.invoice_number.value, "123-123");
/// assert_eq!(invoice.invoice_number.confidence, Some(0.95));
/// assert_eq!(invoice.invoice_number.bounding_box.map(|found| found.width), Some(557.0));
/// assert!(invoice.due_date.is_none());
/// assert_eq!(invoice.line_items[0].quantity.value, 12);
/// assert_eq!(invoice.line_items[0].quantity.page, Some(1));
/// assert_eq!(invoice.line_items[0].quantity.bounding_box, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The value is read as [`parse`](super::Extraction::parse) reads a field of type `T`. A
/// `Vec<Found<T>>` is every candidate that has a value. What can't be read has the path of the
/// value, such as `line_items[0].quantity.value`. Inside serde's flattened parts and untagged enums
/// it can't be read, since they ask for texts only.
///
/// Stored with serde it has the names of the service: `value`, `confidence_score`, `page_number`
/// from 0, `x`, `y`, `width` and `height`, each null if unknown.
///
/// `Debug` does not show the value.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// The service's confidence, from 0 to 1; `None` if unknown.
    pub confidence: Option<f64>,
    /// The page, counted from 0; `None` if the value was not located.
    pub page: Option<u32>,
    /// The position on the page; `None` if the value was not located.
    pub bounding_box: Option<BoundingBox>,
}

/// The name by which the reader of a result knows a [`Found`].
pub(super) const NAME: &str = "$typless::Found";

impl<T> Found<T> {
    /// A value of which nothing else is known, such as one that a person gave.
    pub fn new(value: T) -> Self {
        Self {
            value,
            confidence: None,
            page: None,
            bounding_box: None,
        }
    }
}

impl<T> fmt::Debug for Found<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found")
            .field("confidence", &self.confidence)
            .field("page", &self.page)
            .field("bounding_box", &self.bounding_box)
            .finish_non_exhaustive()
    }
}

/// The parts as the service names them.
#[derive(Serialize, Deserialize)]
#[serde(
    rename = "$typless::Found",
    expecting = "a value with its confidence and place"
)]
struct Parts<T> {
    value: T,
    #[serde(default)]
    confidence_score: Option<f64>,
    #[serde(default)]
    page_number: Option<u32>,
    #[serde(default)]
    x: Option<f64>,
    #[serde(default)]
    y: Option<f64>,
    #[serde(default)]
    width: Option<f64>,
    #[serde(default)]
    height: Option<f64>,
}

impl<T: Serialize> Serialize for Found<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let side = |side: fn(BoundingBox) -> f64| self.bounding_box.map(side);
        let parts = Parts {
            value: &self.value,
            confidence_score: self.confidence,
            page_number: self.page,
            x: side(|found| found.x),
            y: side(|found| found.y),
            width: side(|found| found.width),
            height: side(|found| found.height),
        };
        parts.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Found<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Parts::deserialize(deserializer)?;
        Ok(Self {
            value: parts.value,
            confidence: parts.confidence_score,
            page: parts.page_number,
            bounding_box: BoundingBox::new([parts.x, parts.y, parts.width, parts.height]),
        })
    }
}
