//! Ways to read a status answer, and whether they see the same.

use std::error::Error;

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use typless::wire::{self, DataType, Extraction, ServiceError, Status, StatusResponse};

use crate::answer::{Answer, Candidate, Field, Outcome, Reason};

/// Any scalar, for a user who does not trust the service to keep to one form.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are what they are")]
pub enum Scalar {
    Integer(i64),
    Number(f64),
    Text(String),
}

/// An answer with such scalars.
pub type UntaggedAnswer = Answer<Scalar, Scalar, Scalar>;

/// The answer as it is read with the client: the result by value.
///
/// # Errors
///
/// The answer can't be read, or there is no result in it.
pub fn ours(response: &Response<Bytes>) -> Result<Extraction, Box<dyn Error>> {
    Ok(StatusResponse::decode(response)?.into_extraction()?)
}

/// Into types derived by hand, from bytes.
///
/// # Errors
///
/// The answer can't be read.
pub fn by_hand(response: &Response<Bytes>) -> serde_json::Result<Answer> {
    serde_json::from_slice(response.body())
}

/// The same from text, which is quicker: whether it is UTF-8 is polled once, and not string by string.
///
/// # Errors
///
/// The answer can't be read.
pub fn by_hand_from_text(response: &Response<Bytes>) -> Result<Answer, Box<dyn Error>> {
    Ok(serde_json::from_str(str::from_utf8(response.body())?)?)
}

/// The same with untagged scalars.
///
/// # Errors
///
/// The answer can't be read.
pub fn untagged(response: &Response<Bytes>) -> Result<UntaggedAnswer, Box<dyn Error>> {
    Ok(serde_json::from_str(str::from_utf8(response.body())?)?)
}

/// A value without types.
///
/// # Errors
///
/// The answer can't be read.
pub fn value(response: &Response<Bytes>) -> serde_json::Result<Value> {
    serde_json::from_slice(response.body())
}

/// A value first, and types from that.
///
/// # Errors
///
/// The answer can't be read.
pub fn value_then_types(response: &Response<Bytes>) -> serde_json::Result<Answer> {
    serde_json::from_value(value(response)?)
}

/// Nothing but whether it is JSON.
///
/// # Errors
///
/// It is not.
pub fn skip(response: &Response<Bytes>) -> Result<IgnoredAny, Box<dyn Error>> {
    Ok(serde_json::from_str(str::from_utf8(response.body())?)?)
}

/// What the client read, in the types of the hand-written ways.
pub fn seen_by_ours(answer: &StatusResponse) -> Answer {
    let status = match answer.status() {
        Status::Success => "SUCCESS",
        Status::InProgress => "IN_PROGRESS",
        _ => "",
    };
    let text = |text: Option<&str>| text.map(str::to_owned);
    let error = answer.error();
    let error = Reason {
        code: text(error.and_then(ServiceError::code)),
        message: text(error.and_then(ServiceError::message)),
    };
    let rows = |rows: &[wire::Row]| {
        rows.iter()
            .map(|row| row.fields().iter().map(field).collect())
            .collect()
    };
    let result = answer
        .extraction()
        .map_or_else(Outcome::new, |extraction| Outcome {
            object_id: text(extraction.object_id()),
            file_name: text(extraction.file_name()),
            customer: text(extraction.customer()),
            adjusted_s3_url: text(extraction.adjusted_document_url()),
            extracted_fields: extraction.fields().iter().map(field).collect(),
            line_items: rows(extraction.line_items()),
            vat_rates: rows(extraction.vat_rates()),
        });
    Answer {
        status: status.to_owned(),
        result,
        error,
    }
}

fn field(field: &wire::Field) -> Field {
    let data_type = match field.data_type() {
        Some(DataType::String) => "STRING",
        Some(DataType::Number) => "NUMBER",
        Some(DataType::Date) => "DATE",
        Some(DataType::Author) => "AUTHOR",
        _ => "",
    };
    let values = field.candidates().iter().map(|candidate| {
        let place = candidate.bounding_box().map_or([-1.0; 4], |place| {
            [place.x, place.y, place.width, place.height]
        });
        let [x, y, width, height] = place.map(|number| number as i64);
        Candidate {
            x,
            y,
            width,
            height,
            page_number: candidate.page().map_or(-1, i64::from),
            value: candidate.text().map(str::to_owned),
            confidence_score: candidate.confidence().unwrap_or(f64::NAN),
        }
    });
    Field {
        name: field.name().to_owned(),
        data_type: data_type.to_owned(),
        multiple_values: field.multiple_values() == Some(true),
        values: values.collect(),
    }
}

/// What the untagged way read, likewise.
pub fn seen_by_untagged(answer: UntaggedAnswer) -> Answer {
    let Answer {
        status,
        result,
        error,
    } = answer;
    let list = |fields: Vec<Field<Scalar, Scalar, Scalar>>| {
        fields.into_iter().map(untagged_field).collect::<Vec<_>>()
    };
    let result = Outcome {
        object_id: result.object_id,
        file_name: result.file_name,
        customer: result.customer,
        adjusted_s3_url: result.adjusted_s3_url,
        extracted_fields: list(result.extracted_fields),
        line_items: result.line_items.into_iter().map(list).collect(),
        vat_rates: result.vat_rates.into_iter().map(list).collect(),
    };
    Answer {
        status,
        result,
        error,
    }
}

fn untagged_field(field: Field<Scalar, Scalar, Scalar>) -> Field {
    let Field {
        name,
        data_type,
        multiple_values,
        values,
    } = field;
    let values = values.into_iter().map(|candidate| {
        let [x, y, width, height, page_number] = [
            candidate.x,
            candidate.y,
            candidate.width,
            candidate.height,
            candidate.page_number,
        ]
        .map(|number| number.number() as i64);
        let confidence_score = candidate.confidence_score.number();
        Candidate {
            x,
            y,
            width,
            height,
            page_number,
            value: candidate.value.map(Scalar::text),
            confidence_score,
        }
    });
    Field {
        name,
        data_type,
        multiple_values,
        values: values.collect(),
    }
}

impl Scalar {
    fn number(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Number(number) => number,
            Self::Text(_) => f64::NAN,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Integer(_) | Self::Number(_) => String::new(),
        }
    }
}
