//! Reads a result into a type of the caller.
//!
//! The modules are in two layers, and imports go down only. The upper one reads: a record
//! (`access`) has fields (`field_value`, of `candidate_value`s) and other values (`extra`, of which
//! some are a `table`). The lower one knows what is read (`record`, `location`, `text_value`,
//! `number_value`, `repair_effect`, `wanted`), what was found before (`pass`, `collector`,
//! `known_names`, `placeholder`, `read_error`), and what the caller sees (`options`, `parsed`,
//! `parse_error`). `methods` has the signatures that the readers of both share.

mod access;
mod candidate_value;
mod collector;
mod extra;
mod field_value;
mod known_names;
mod location;
mod methods;
mod number_value;
mod options;
mod parse_error;
mod parsed;
mod pass;
mod placeholder;
mod read_error;
mod record;
mod repair_effect;
mod table;
mod text_value;
mod wanted;

use serde::Deserialize;

use super::Extraction;
use collector::Collector;
use known_names::KnownNames;
use pass::Pass;
use record::Record;

pub use options::ParseOptions;
pub use parse_error::{ParseError, ParseProblem, ParseProblemKind};
pub use parsed::{Parsed, ReviewItem, ReviewReason};

impl Extraction {
    /// Reads the result into a type of yours, usually a struct with the fields of the document
    /// type.
    ///
    /// It replaces many [`text`](Self::text) calls, and reports all problems together.
    ///
    /// ```
    /// use serde::Deserialize;
    /// use typless::wire::Extraction;
    ///
    /// #[derive(Deserialize)]
    /// struct Invoice {
    ///     invoice_number: String,
    ///     total_amount: f64, // or a decimal type, which gets the digits as they stand
    ///     due_date: Option<String>,
    ///     line_items: Vec<LineItem>,
    /// }
    ///
    /// #[derive(Deserialize)]
    /// struct LineItem {
    ///     #[serde(rename = "line_item_description")]
    ///     description: String,
    ///     quantity: u32,
    /// }
    ///
    /// # let json = r#"{"extracted_fields": [
    /// #     {"name": "invoice_number", "data_type": "STRING",
    /// #      "values": [{"value": "123-123", "confidence_score": 0.95}]},
    /// #     {"name": "total_amount", "data_type": "NUMBER",
    /// #      "values": [{"value": "440.0000", "confidence_score": 0.99}]},
    /// #     {"name": "due_date", "data_type": "DATE", "values": [{"value": null}]}],
    /// #   "line_items": [[
    /// #     {"name": "line_item_description", "data_type": "STRING",
    /// #      "values": [{"value": "Queso Cabrales", "confidence_score": 0.9}]},
    /// #     {"name": "quantity", "data_type": "NUMBER",
    /// #      "values": [{"value": "12.0000", "confidence_score": 0.9}]}]]}"#;
    /// # let extraction = Extraction::from_json(json)?;
    /// let invoice: Invoice = extraction.parse()?;
    ///
    /// assert_eq!(invoice.invoice_number, "123-123");
    /// assert_eq!((invoice.total_amount, invoice.due_date), (440.0, None));
    /// assert_eq!(invoice.line_items[0].description, "Queso Cabrales");
    /// assert_eq!(invoice.line_items[0].quantity, 12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// | a field of this type | is read from |
    /// | --- | --- |
    /// | `String`, `&str` | the text of the best candidate, as the service wrote it |
    /// | an integer | that text as a number without a fraction: `12.0000` is 12 |
    /// | `f32`, `f64` | that text as a number |
    /// | a decimal or date type | that text, never a float, by the serde support of its crate |
    /// | `bool`, `char`, a plain enum | `true` or `false`, one character, a variant's name |
    /// | `Option` | `None` if the field is absent, not found or null |
    /// | `Vec` | every candidate that has a value, best first; may be empty |
    /// | a struct | the parts of the best candidate, see below |
    /// | `line_items`, `vat_rates` | a `Vec` of structs, one for each row, with the same rules |
    /// | `object_id`, `file_name`, `customer` | as the accessors with these names |
    /// | a map (the whole) | the fields that have a value, by name |
    ///
    /// The parts of a candidate are `value`, `confidence_score`, `page_number` (from 0), `x`, `y`,
    /// `width` and `height` (see [`BoundingBox`](super::BoundingBox)). Unknown parts are absent. A
    /// `String` or a decimal type gets the digits of these numbers as the service wrote them.
    ///
    /// If the document type itself has a field named `line_items`, `vat_rates`, `object_id`,
    /// `file_name` or `customer`, that field is read. If several fields have the same name, the
    /// first is read. All serde attributes work; `deny_unknown_fields` rejects fields of the
    /// document type that the struct does not name, found or not.
    ///
    /// # Limits
    ///
    /// Inside `flatten`, and in untagged and internally tagged enums, serde does not say which type
    /// it wants, so each field is the text of its best candidate there. Texts, decimals and dates
    /// can be read from that. Numbers and `Vec` can't: give them a `deserialize_with`, or move them
    /// out of the flattened part. The errors of serde's own types, and of others that report what
    /// they found, have the path of the field; others have that of the whole.
    ///
    /// In a struct with a flattened part, `line_items` and the other names of its row in the table
    /// are read into lists, texts and `Option`s only. A `serde_json::Value` with a default stays
    /// empty.
    ///
    /// # Repaired values
    ///
    /// A value that was [repaired](Self::repairs) is no number and no date: it is a
    /// [`ParseProblemKind::Repaired`], also for an `Option`, if that is the data type of the field,
    /// or if the value was `NaN` and the field has no known data type. A text is read as it was
    /// repaired, and [`parse_with`](Self::parse_with) lists it for review, `customer` and the other
    /// texts of the result itself included. It also lists, of any type, values whose key came
    /// several times, and fields whose name was repaired.
    ///
    /// # Errors
    ///
    /// A [`ParseError`] with all required fields that are missing and all values that can't be read
    /// as their type.
    pub fn parse<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ParseError> {
        self.parse_with(&ParseOptions::new())
            .map(|parsed| parsed.value)
    }

    /// Like [`parse`](Self::parse), with a minimum confidence: values below it count as absent and
    /// are listed for review. So are values that were repaired, but these are read.
    ///
    /// ```
    /// use serde::Deserialize;
    /// use typless::wire::{Extraction, ParseOptions};
    ///
    /// #[derive(Deserialize)]
    /// struct Invoice {
    ///     invoice_number: Option<String>,
    ///     total_amount: Option<f64>,
    /// }
    ///
    /// # let json = r#"{"extracted_fields": [
    /// #     {"name": "invoice_number",
    /// #      "values": [{"value": "123-123", "confidence_score": 0.95}]},
    /// #     {"name": "total_amount",
    /// #      "values": [{"value": "440.0000", "confidence_score": 0.91}]}]}"#;
    /// # let extraction = Extraction::from_json(json)?;
    /// let options = ParseOptions::new()
    ///     .with_min_confidence(0.8)
    ///     .with_field_min_confidence("total_amount", 0.95);
    /// let parsed = extraction.parse_with::<Invoice>(&options)?;
    ///
    /// assert_eq!(parsed.value.invoice_number.as_deref(), Some("123-123"));
    /// assert_eq!(parsed.value.total_amount, None);
    /// assert_eq!(parsed.review[0].path(), "total_amount");
    /// assert_eq!(parsed.review[0].text(), "440.0000");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Like [`parse`](Self::parse). A required field whose value is below its minimum confidence is
    /// a [`ParseProblemKind::BelowMinConfidence`], and a minimum confidence for a field that does
    /// not exist a [`ParseProblemKind::UnknownMinConfidence`].
    pub fn parse_with<'de, T: Deserialize<'de>>(
        &'de self,
        options: &ParseOptions,
    ) -> Result<Parsed<T>, ParseError> {
        // Serde stops at the first error. So after each error the result is read again, with a
        // placeholder for everything that is known to be wrong, until no new error appears.
        let mut collector = Collector::default();
        let names = KnownNames::new(options);
        loop {
            let pass = Pass::new(options, &collector, &names);
            let record = Record::from_document(self, &pass);
            let outcome = T::deserialize(record)
                .map_err(|error| error.at_text(record.texts()).expecting::<T>());
            let review = pass.review.into_inner();
            match outcome {
                Ok(value) => {
                    collector.add_unknown_names(names);
                    return if collector.has_problems() {
                        Err(collector.into_error())
                    } else {
                        Ok(Parsed { value, review })
                    };
                }
                Err(error) => {
                    if !collector.learn(error) {
                        return Err(collector.into_error());
                    }
                }
            }
        }
    }
}
