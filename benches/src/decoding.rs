//! Several ways to decode a status response, and a comparison of what they decode.

use std::error::Error;

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use typless::wire::{self, DataType, Extraction, ServiceError, Status, StatusResponse};

use crate::status_body::{Candidate, Field, Outcome, Reason, StatusBody};

/// Any scalar, for a user who accepts a number in a string, too.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum Scalar {
    Integer(i64),
    Number(f64),
    Text(String),
}

/// A response body with such scalars.
pub type UntaggedStatusBody = StatusBody<Scalar, Scalar, Scalar>;

/// Decodes with the client, and takes the result by value.
///
/// # Errors
///
/// The response can't be decoded, or has no result.
pub fn ours(response: &Response<Bytes>) -> Result<Extraction, Box<dyn Error>> {
    Ok(StatusResponse::decode(response)?.into_extraction()?)
}

/// Decodes bytes into derived types.
///
/// # Errors
///
/// The response can't be decoded.
pub fn by_hand(response: &Response<Bytes>) -> serde_json::Result<StatusBody> {
    serde_json::from_slice(response.body())
}

/// The same from text, which is faster: UTF-8 is checked once instead of string by string.
///
/// # Errors
///
/// The response can't be decoded.
pub fn by_hand_from_text(response: &Response<Bytes>) -> Result<StatusBody, Box<dyn Error>> {
    Ok(serde_json::from_str(str::from_utf8(response.body())?)?)
}

/// The same with untagged scalars.
///
/// # Errors
///
/// The response can't be decoded.
pub fn untagged(response: &Response<Bytes>) -> Result<UntaggedStatusBody, Box<dyn Error>> {
    Ok(serde_json::from_str(str::from_utf8(response.body())?)?)
}

/// Decodes into a `Value`.
///
/// # Errors
///
/// The response can't be decoded.
pub fn value(response: &Response<Bytes>) -> serde_json::Result<Value> {
    serde_json::from_slice(response.body())
}

/// Decodes into a `Value`, and that into derived types.
///
/// # Errors
///
/// The response can't be decoded.
pub fn value_then_types(response: &Response<Bytes>) -> serde_json::Result<StatusBody> {
    serde_json::from_value(value(response)?)
}

/// Checks that it is JSON, and drops the content.
///
/// # Errors
///
/// It is not JSON.
pub fn skip(response: &Response<Bytes>) -> Result<IgnoredAny, Box<dyn Error>> {
    Ok(serde_json::from_str(str::from_utf8(response.body())?)?)
}

/// What the client decoded, as the derived types.
pub fn decoded_by_ours(body: &StatusResponse) -> StatusBody {
    let status = match body.status() {
        Status::Success => "SUCCESS",
        Status::InProgress => "IN_PROGRESS",
        _ => "",
    };
    let text = |text: Option<&str>| text.map(str::to_owned);
    let error = body.error();
    let error = Reason {
        code: text(error.and_then(ServiceError::code)),
        message: text(error.and_then(ServiceError::message)),
    };
    let rows = |rows: &[wire::Row]| {
        rows.iter()
            .map(|row| row.fields().iter().map(field).collect())
            .collect()
    };
    let result = body
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
    StatusBody {
        status: status.to_owned(),
        result,
        error,
    }
}

fn field(field: &wire::Field) -> Field {
    let data_type = field.data_type().map_or("", DataType::name);
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

/// What the untagged types decoded, as the derived types.
pub fn decoded_by_untagged(body: UntaggedStatusBody) -> StatusBody {
    let StatusBody {
        status,
        result,
        error,
    } = body;
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
    StatusBody {
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
