//! From a result to the caller's own struct.

mod access;
mod candidate_value;
mod collector;
mod extra;
mod field_value;
mod location;
mod options;
mod parse_error;
mod parsed;
mod pass;
mod placeholder;
mod read_error;
mod record;
mod table;
mod text_value;
mod wanted;

use serde::Deserialize;

use super::Extraction;
use collector::Collector;
use pass::Pass;
use read_error::ReadError;
use record::Record;

pub use options::ParseOptions;
pub use parse_error::{ParseError, ParseProblem, ParseProblemKind};
pub use parsed::{Parsed, ReviewItem};

impl Extraction {
    /// Reads the result into the caller's own type, usually a struct with a field for each field of the document type.
    ///
    /// Consumed by the application, in the location of many [`text`](Self::text) calls: it names what it wants once, and is told of everything that does not fit at once.
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
    /// # let json = r#"{"object_id": "14a5", "extracted_fields": [
    /// #     {"name": "invoice_number", "data_type": "STRING", "values": [{"value": "123-123", "confidence_score": 0.95}]},
    /// #     {"name": "total_amount", "data_type": "NUMBER", "values": [{"value": "440.0000", "confidence_score": 0.99}]},
    /// #     {"name": "due_date", "data_type": "DATE", "values": [{"value": null, "confidence_score": 0.0}]}],
    /// #   "line_items": [[
    /// #     {"name": "line_item_description", "data_type": "STRING", "values": [{"value": "Queso Cabrales", "confidence_score": 0.9}]},
    /// #     {"name": "quantity", "data_type": "NUMBER", "values": [{"value": "12.0000", "confidence_score": 0.9}]}]]}"#;
    /// # let extraction = Extraction::from_json(json)?;
    /// let invoice: Invoice = extraction.parse()?;
    ///
    /// assert_eq!((invoice.invoice_number.as_str(), invoice.total_amount, invoice.due_date), ("123-123", 440.0, None));
    /// assert_eq!((invoice.line_items[0].description.as_str(), invoice.line_items[0].quantity), ("Queso Cabrales", 12));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// | of the type | gets |
    /// | --- | --- |
    /// | a text, `&str` included | the text of the field's best candidate, as the service wrote it |
    /// | an integer | the text read as a number, which must be whole: `12.0000` is 12 |
    /// | `f32`, `f64` | the text read as a number |
    /// | a type that reads itself from text, such as a decimal or a date | the text, never a float: through the serde support of its own crate |
    /// | `bool`, `char`, an enum of plain variants | `true` or `false`, a single character, a variant's name |
    /// | `Option` | `None` where the field is absent, not found or null |
    /// | `Vec` | every candidate with a value, best first; there may be none |
    /// | a struct, for a field | the parts `value`, `confidence_score`, `page_number` (from 0), `x`, `y`, `width` and `height` of the best candidate (see [`BoundingBox`](super::BoundingBox)); those that are unknown count as absent |
    /// | `line_items`, `vat_rates` | a `Vec` of structs, one for each row, whose fields follow the same rules |
    /// | `object_id`, `file_name`, `customer` | what the accessors of the same names say |
    /// | a map | the fields that have a value, by name |
    ///
    /// A field of the document with one of the last names goes before it. Of several fields with one name the first counts. All attributes of serde work;
    /// `deny_unknown_fields` refuses fields of the document type that the struct does not name, found or not.
    ///
    /// Limits: inside `flatten`, and in untagged and internally tagged enums, serde shows no types, so each field is the text of its best candidate there. Texts, decimals
    /// and dates read that, numbers and `Vec` don't: give them a `deserialize_with`, or name them outside. Errors inside these have the path of the whole.
    /// In a struct with something flattened into it, `line_items` and its like are for fields of a list, text or `Option` type; a `serde_json::Value` with a default does not get them.
    ///
    /// # Errors
    ///
    /// All fields at once that are required and missing, or whose value can't be read as their type: see [`ParseError`].
    pub fn parse<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ParseError> {
        self.parse_with(&ParseOptions::new())
            .map(|parsed| parsed.value)
    }

    /// As [`parse`](Self::parse), with a min_confidence of confidence: weaker values count as absent and are listed for review.
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
    /// #     {"name": "invoice_number", "values": [{"value": "123-123", "confidence_score": 0.95}]},
    /// #     {"name": "total_amount", "values": [{"value": "440.0000", "confidence_score": 0.91}]}]}"#;
    /// # let extraction = Extraction::from_json(json)?;
    /// let options = ParseOptions::new().with_min_confidence(0.8).with_field_min_confidence("total_amount", 0.95);
    /// let parsed = extraction.parse_with::<Invoice>(&options)?;
    ///
    /// assert_eq!((parsed.value.invoice_number.as_deref(), parsed.value.total_amount), (Some("123-123"), None));
    /// assert_eq!((parsed.review[0].path(), parsed.review[0].text()), ("total_amount", "440.0000"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse); a required field whose value is below its min_confidence is a problem of its own kind.
    pub fn parse_with<'de, T: Deserialize<'de>>(
        &'de self,
        options: &ParseOptions,
    ) -> Result<Parsed<T>, ParseError> {
        // Serde stops at the first error. So after each the result is read again, with something harmless in the location of what is known to be wrong, until no new error appears.
        let mut collector = Collector::default();
        loop {
            let pass = Pass::new(options, &collector);
            let outcome = T::deserialize(Record::from_document(self, &pass))
                .map_err(ReadError::expecting::<T>);
            let review = pass.review.into_inner();
            match outcome {
                Ok(value) if collector.found_nothing() => return Ok(Parsed { value, review }),
                Ok(_) => return Err(collector.into_error()),
                Err(error) => {
                    if !collector.learn(error) {
                        return Err(collector.into_error());
                    }
                }
            }
        }
    }
}
