//! What was found in a document, as the service writes it.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use crate::{ConfidenceForm, Findings, FoundField, FoundValue, MissingField};

/// A result as the service returns it: what was found, and the names that the client gave.
///
/// Serialise it to get the JSON, with the keys in the vendor's order. It is made from [`Findings`],
/// which the function `read` returns (feature `reader`); an example is there.
#[derive(Debug, Clone, Copy)]
pub struct ExtractionResult<'a> {
    findings: &'a Findings,
    object_id: &'a str,
    file_name: &'a str,
    customer: Option<&'a str>,
    form: Form,
}

/// Where the vendor's pages and captured responses show more than one form.
#[derive(Debug, Clone, Copy, Default)]
struct Form {
    confidence: ConfidenceForm,
    missing: MissingField,
}

impl<'a> ExtractionResult<'a> {
    /// A result of this id, for a file of this name.
    pub fn new(findings: &'a Findings, object_id: &'a str, file_name: &'a str) -> Self {
        Self {
            findings,
            object_id,
            file_name,
            customer: None,
            form: Form::default(),
        }
    }

    /// Names the customer; without one, it is written as null.
    #[must_use]
    pub fn with_customer(mut self, customer: Option<&'a str>) -> Self {
        self.customer = customer;
        self
    }

    /// Sets how scores are written.
    #[must_use]
    pub fn with_confidence_form(mut self, confidence: ConfidenceForm) -> Self {
        self.form.confidence = confidence;
        self
    }

    /// Sets how a field that is not on the document is written.
    #[must_use]
    pub fn with_missing_field(mut self, missing: MissingField) -> Self {
        self.form.missing = missing;
        self
    }
}

impl Serialize for ExtractionResult<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Findings {
            extracted_fields,
            line_items,
            vat_rates,
        } = self.findings;
        let mut object = serializer.serialize_struct("ExtractionResult", 6)?;
        object.serialize_field("object_id", self.object_id)?;
        object.serialize_field("file_name", self.file_name)?;
        object.serialize_field("customer", &self.customer)?;
        object.serialize_field("extracted_fields", &Written(extracted_fields, self.form))?;
        object.serialize_field("line_items", &Written(line_items, self.form))?;
        object.serialize_field("vat_rates", &Written(vat_rates, self.form))?;
        object.end()
    }
}

/// A part of the findings, and the form it is written in.
struct Written<'a, T>(&'a T, Form);

impl<T> Serialize for Written<'_, Vec<T>>
where
    for<'a> Written<'a, T>: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for entry in self.0 {
            list.serialize_element(&Written(entry, self.1))?;
        }
        list.end()
    }
}

impl Serialize for Written<'_, FoundField> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(
            FoundField {
                name,
                data_type,
                multiple_values,
                values,
            },
            form,
        ) = self;
        let found = values.iter().any(|value| value.value.is_some());
        let mut object =
            serializer.serialize_struct("Field", 3 + usize::from(multiple_values.is_some()))?;
        object.serialize_field("name", name)?;
        object.serialize_field("data_type", data_type)?;
        match multiple_values {
            Some(multiple_values) => object.serialize_field("multiple_values", multiple_values)?,
            None => object.skip_field("multiple_values")?,
        }
        match form.missing {
            MissingField::EmptyList if !found => object.serialize_field("values", &[(); 0])?,
            MissingField::Null if !found => object.serialize_field("values", &())?,
            _ => object.serialize_field("values", &Written(values, *form))?,
        }
        object.end()
    }
}

/// The service writes a value that is not located with `-1` everywhere.
impl Serialize for Written<'_, FoundValue> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(
            FoundValue {
                value,
                confidence_score,
                location,
            },
            form,
        ) = self;
        let place = location.map_or([-1; 4], |location| {
            [location.x, location.y, location.width, location.height]
        });
        let page = location.map_or(-1, |location| {
            i64::try_from(location.page_number).unwrap_or(-1)
        });
        let mut object = serializer.serialize_struct("Value", 7)?;
        for (name, coordinate) in ["x", "y", "width", "height"].into_iter().zip(place) {
            object.serialize_field(name, &coordinate)?;
        }
        object.serialize_field("page_number", &page)?;
        object.serialize_field("value", value)?;
        match form.confidence {
            ConfidenceForm::Number => {
                object.serialize_field("confidence_score", confidence_score)?;
            }
            ConfidenceForm::Text => {
                object.serialize_field("confidence_score", &format!("{confidence_score:.3}"))?;
            }
        }
        object.end()
    }
}
