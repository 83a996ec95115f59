//! Results and their parts, written in the service's own form.

use proptest::prelude::*;
use serde::de::value::Error;
use serde::de::{DeserializeOwned, Visitor};
use serde::ser::Impossible;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use typless::proptest::{Fields, results};
use typless::wire::{BoundingBox, Candidate, DataType, Extraction, Field, Found, Row, TextBlock};

use crate::support::cases;
use crate::support::results::{extraction, sure};

fn from_json(json: &str) -> Extraction {
    Extraction::from_json(json.to_owned()).unwrap()
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn again<T: DeserializeOwned>(value: &impl Serialize) -> T {
    serde_json::from_str(&written(value)).unwrap()
}

/// All that can be read of a candidate, digit for digit.
fn candidate(candidate: &Candidate) -> Value {
    let found = candidate.bounding_box();
    json!([
        candidate.text(),
        candidate.confidence_text(),
        candidate.page(),
        found.map(|found| format!("{found:?}")),
    ])
}

fn field(field: &Field) -> Value {
    let candidates: Vec<Value> = field.candidates().iter().map(candidate).collect();
    let data_type = field.data_type().map(DataType::name);
    json!([field.name(), data_type, field.multiple_values(), candidates])
}

fn rows(rows: &[Row]) -> Vec<Vec<Value>> {
    rows.iter()
        .map(|row| row.fields().iter().map(field).collect())
        .collect()
}

/// All that can be read of a result.
fn contents(extraction: &Extraction) -> Value {
    json!([
        extraction.object_id(),
        extraction.file_name(),
        extraction.customer(),
        extraction.adjusted_document_url(),
        extraction.fields().iter().map(field).collect::<Vec<_>>(),
        rows(extraction.line_items()),
        rows(extraction.vat_rates()),
        extraction.text_blocks().map(|blocks| written(&blocks)).ok(),
    ])
}

#[test]
fn a_result_is_written_with_all_keys_in_their_order_and_each_digit() {
    let json = concat!(
        r#"{"zone":{"b":[1.50,1e999,-0],"a":"é\n","b":null},"object_id":"14a5","#,
        r#""extracted_fields":[{"name":"total","values":[{"value":"440.0000","#,
        r#""confidence_score":0.9500,"x":-1,"new":[]}]}],"line_items":[],"last":true}"#
    );
    assert_eq!(written(&from_json(json)), json);

    // On one line, whatever the service wrote between the tokens.
    let spread = json.replace(',', " ,\r\n\t").replace(':', " : ");
    assert_eq!(written(&from_json(&spread)), json);
    let envelope = format!("{{\"status\": \"SUCCESS\", \"error\": {{}}, \"result\": {spread}}}");
    let response = http::Response::new(envelope.into());
    let status = typless::wire::StatusResponse::decode(&response).unwrap();
    assert_eq!(written(&status.extraction()), json);
}

#[test]
fn a_result_is_read_again_from_a_row_of_the_callers() {
    #[derive(Serialize, Deserialize)]
    struct Stored {
        number: u32,
        extraction: Option<Extraction>,
    }
    let original = extraction(vec![sure("total", "440.0000")], json!([]));
    let read: Stored = again(&Stored {
        number: 7,
        extraction: Some(original.clone()),
    });
    assert_eq!(read.number, 7);
    assert_eq!(contents(&read.extraction.unwrap()), contents(&original));
    let none: Stored = serde_json::from_str(r#"{"number": 1, "extraction": null}"#).unwrap();
    assert!(none.extraction.is_none());

    let value = serde_json::to_value(&original).unwrap();
    assert_eq!(value["object_id"], "14a5");
    let read: Extraction = serde_json::from_value(value).unwrap();
    assert_eq!(contents(&read), contents(&original));

    let unfit = serde_json::from_str::<Extraction>(r#"{"extracted_fields": "SECRET"}"#);
    let problem = unfit.unwrap_err().to_string();
    assert!(problem.contains("extracted_fields") && !problem.contains("SECRET"));
}

#[test]
fn a_result_inside_of_the_callers_object_keeps_its_keys() {
    #[derive(Serialize)]
    #[serde(tag = "outcome")]
    enum Outcome {
        Succeeded(Extraction),
    }
    #[derive(Serialize)]
    struct Flat {
        id: u8,
        #[serde(flatten)]
        extraction: Extraction,
    }
    let json = r#"{"object_id":"14a5","new":[1.50]}"#;
    let outcome = Outcome::Succeeded(from_json(json));
    assert_eq!(
        written(&outcome),
        r#"{"outcome":"Succeeded","object_id":"14a5","new":[1.50]}"#
    );
    let extraction = from_json(json);
    assert_eq!(
        written(&Flat { id: 1, extraction }),
        r#"{"id":1,"object_id":"14a5","new":[1.50]}"#
    );
}

#[test]
fn what_was_repaired_is_written_repaired() {
    let json = b"{\"object_id\": \"a\xff\", \"extracted_fields\": [{\"name\": \"n\", \
        \"values\": [{\"value\": \"\\ud83d\", \"confidence_score\": NaN}]}], \"new\": NaN}";
    let repaired = Extraction::from_json(&json[..]).unwrap();
    assert_eq!(repaired.repair_count(), 4);
    let read: Extraction = again(&repaired);
    assert_eq!(contents(&read), contents(&repaired));
    assert_eq!(read.repair_count(), 0);
}

#[test]
fn each_part_is_written_as_the_service_does() {
    let json = concat!(
        r#"{"name":"total","data_type":"NUMBER","multiple_values":false,"values":[{"value":"#,
        r#""440.0000","confidence_score":0.95,"page_number":0,"x":358,"y":737.5,"width":557,"#,
        r#""height":33},{"value":null}]}"#
    );
    let field: Field = serde_json::from_str(json).unwrap();
    assert_eq!(written(&field), json);

    // Digits that no float has, and a number that JSON has only as a text.
    for digits in [
        "0.9500",
        "1e999",
        "12345678901234567890123",
        "1E2",
        r#""+.5""#,
    ] {
        let json = format!(r#"{{"value":"a","confidence_score":{digits}}}"#);
        let candidate: Candidate = serde_json::from_str(&json).unwrap();
        assert_eq!(written(&candidate), json);
    }
    // What came as a text or as an object is written in the usual form.
    let row: Row = serde_json::from_str(r#"{"rate": "22.0", "base": null}"#).unwrap();
    assert_eq!(
        written(&row),
        r#"[{"name":"rate","values":[{"value":"22.0"}]},{"name":"base","values":[{"value":null}]}]"#
    );
    let block =
        r#"{"value":"Total","number":3,"page_number":1,"x":1,"y":2.5,"width":3,"height":4}"#;
    assert_eq!(
        written(&serde_json::from_str::<TextBlock>(block).unwrap()),
        block
    );
    let found = BoundingBox {
        x: 0.1,
        y: 2.0,
        width: 1e300,
        height: 0.0,
    };
    assert_eq!(again::<BoundingBox>(&found), found);
}

#[test]
fn a_found_value_is_stored_with_the_names_of_the_service() {
    let mut total = Found::new("440.0000".to_owned());
    let bare = concat!(
        r#"{"value":"440.0000","confidence_score":null,"page_number":null,"#,
        r#""x":null,"y":null,"width":null,"height":null}"#
    );
    assert_eq!(written(&total), bare);
    assert_eq!(again::<Found<String>>(&total), total);

    (total.confidence, total.page) = (Some(0.95), Some(2));
    total.bounding_box = Some(BoundingBox {
        x: 358.0,
        y: 737.5,
        width: 557.0,
        height: 33.0,
    });
    assert_eq!(again::<Found<String>>(&total), total);
    // The service's own candidate is one, too.
    let candidate: Candidate = again(&total);
    assert_eq!(candidate.bounding_box(), total.bounding_box);
    assert_eq!(again::<Found<String>>(&candidate), total);
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_result_and_its_parts_are_read_again_as_they_were(json in results(&Fields::invoice())) {
        let original = from_json(&json);
        let line = written(&original);
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(
            serde_json::from_str::<Value>(&line)?,
            serde_json::from_str::<Value>(&json)?
        );
        prop_assert_eq!(contents(&from_json(&line)), contents(&original));
        prop_assert_eq!(contents(&again(&original)), contents(&original));

        for part in original.fields() {
            prop_assert_eq!(field(&again(part)), field(part));
        }
        let line_items: Vec<Row> = again(&original.line_items());
        prop_assert_eq!(rows(&line_items), rows(original.line_items()));
    }
}

#[test]
fn a_binary_format_has_the_json_as_a_text() {
    let json = r#"{"object_id": "14a5", "new": 1.50}"#;
    let written = from_json(json).serialize(OneText("")).unwrap();
    assert_eq!(written, json);
    let read = Extraction::deserialize(OneText(&written)).unwrap();
    assert_eq!((read.object_id(), read.raw_json()), (Some("14a5"), json));
    assert!(Extraction::deserialize(OneText("[")).is_err());
}

/// A format that is not for people and has one text.
struct OneText<'a>(&'a str);

/// The methods of a serializer for what is no text.
macro_rules! refused {
    ($($method:ident($($kind:ty),*))*) => {$(
        fn $method(self, $(_: $kind),*) -> Result<String, Error> {
            Err(serde::ser::Error::custom("no text"))
        }
    )*};
}

/// Those for compounds.
macro_rules! refused_compounds {
    ($($method:ident($($kind:ty),*) $compound:ident)*) => {
        $(type $compound = Impossible<String, Error>;)*
        $(fn $method(self, $(_: $kind),*) -> Result<Self::$compound, Error> {
            Err(serde::ser::Error::custom("no text"))
        })*
    };
}

type Name = &'static str;

impl Serializer for OneText<'_> {
    type Ok = String;
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_str(self, text: &str) -> Result<String, Error> {
        Ok(text.to_owned())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: Name,
        value: &T,
    ) -> Result<String, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: Name,
        _: u32,
        _: Name,
        value: &T,
    ) -> Result<String, Error> {
        value.serialize(self)
    }

    refused! {
        serialize_bool(bool) serialize_char(char) serialize_bytes(&[u8]) serialize_none()
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_f32(f32) serialize_f64(f64) serialize_unit() serialize_unit_struct(Name)
        serialize_unit_variant(Name, u32, Name)
    }

    refused_compounds! {
        serialize_seq(Option<usize>) SerializeSeq
        serialize_tuple(usize) SerializeTuple
        serialize_tuple_struct(Name, usize) SerializeTupleStruct
        serialize_tuple_variant(Name, u32, Name, usize) SerializeTupleVariant
        serialize_map(Option<usize>) SerializeMap
        serialize_struct(Name, usize) SerializeStruct
        serialize_struct_variant(Name, u32, Name, usize) SerializeStructVariant
    }
}

impl<'de> Deserializer<'de> for OneText<'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}
