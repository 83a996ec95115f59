//! What holds for every result that is damaged at random places and then repaired.

use bytes::Bytes;
use http::Response;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use typless::proptest::{Fields, results};
use typless::wire::{Extraction, Repair, RepairKind, StatusResponse};

use crate::support::cases;

/// Whether a damage is made at the next place, and which.
struct Choices {
    left: std::vec::IntoIter<u8>,
}

impl Choices {
    fn next(&mut self) -> u8 {
        self.left.next().unwrap_or_default()
    }
}

/// A result written with faults, and what it should be after the repair.
#[derive(Default)]
struct Damaged {
    body: Vec<u8>,
    expected: String,
    kinds: Vec<RepairKind>,
}

/// What kind of object is written; only its own keys are written twice.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Result,
    Field,
    Candidate,
    /// Not read, or in a form that is not common to all.
    Other,
}

impl Place {
    fn under(self, key: &str) -> Self {
        match (self, key) {
            (Self::Result, "extracted_fields") => Self::Field,
            (Self::Field, "values") => Self::Candidate,
            _ => Self::Other,
        }
    }

    fn is_known(self, key: &str) -> bool {
        let keys: &[&str] = match self {
            Self::Result => &["object_id", "customer", "extracted_fields", "vat_rates"],
            Self::Field => &["name", "data_type", "values"],
            Self::Candidate => &["value", "confidence_score", "page_number", "x"],
            Self::Other => &[],
        };
        keys.contains(&key)
    }
}

impl Damaged {
    fn push(&mut self, text: &str) {
        self.body.extend_from_slice(text.as_bytes());
        self.expected.push_str(text);
    }

    fn write(&mut self, value: &Value, place: Place, choices: &mut Choices) {
        match value {
            Value::Object(members) => {
                self.push("{");
                for (index, (key, member)) in members.iter().enumerate() {
                    self.push(if index == 0 { "" } else { "," });
                    if place.is_known(key) && choices.next() == 1 {
                        let earlier = format!(r#"{key:?}:["x",{{"value":NaN,"x":"\ud83d"}}],"#);
                        self.body.extend_from_slice(earlier.as_bytes());
                        self.kinds.push(RepairKind::DuplicateKey);
                    }
                    self.push(&format!("{}:", Value::from(key.as_str())));
                    // A field must have a name.
                    if key == "name" {
                        self.push(&member.to_string());
                    } else {
                        self.write(member, place.under(key), choices);
                    }
                }
                self.push("}");
            }
            Value::Array(items) => {
                self.push("[");
                for (index, item) in items.iter().enumerate() {
                    self.push(if index == 0 { "" } else { "," });
                    self.write(item, place, choices);
                }
                self.push("]");
            }
            Value::String(text) => self.write_text(text, choices),
            Value::Null if choices.next() == 1 => {
                let word = ["NaN", "Infinity", "-Infinity"][self.body.len() % 3];
                self.body.extend_from_slice(word.as_bytes());
                self.expected.push_str("null");
                self.kinds.push(RepairKind::NotANumber);
            }
            other => self.push(&other.to_string()),
        }
    }

    fn write_text(&mut self, text: &str, choices: &mut Choices) {
        let json = Value::from(text).to_string();
        let (start, end) = json.split_at(json.len() - 1);
        self.push(start);
        let (bytes, kind): (&[u8], _) = match choices.next() {
            1 => (br"\ud83d", RepairKind::HalfSurrogate),
            2 => (br"\uDFFF", RepairKind::HalfSurrogate),
            3 => (b"\xe9", RepairKind::InvalidUtf8),
            4 => (b"\xf0\x9f", RepairKind::InvalidUtf8),
            _ => return self.push(end),
        };
        self.body.extend_from_slice(bytes);
        self.expected.push('\u{fffd}');
        self.kinds.push(kind);
        self.push(end);
    }
}

/// A result with at least one fault.
fn damaged() -> impl Strategy<Value = Damaged> {
    let choices = vec(prop_oneof![2 => Just(0), 3 => 0..5_u8], 0..60);
    (results(&Fields::invoice()), choices).prop_map(|(result, choices)| {
        let value: Value = serde_json::from_str(&result).unwrap();
        let mut damaged = Damaged::default();
        let mut choices = Choices {
            left: choices.into_iter(),
        };
        damaged.write(&value, Place::Result, &mut choices);
        // At the end, so that strict JSON refuses the whole.
        damaged.body.pop();
        damaged.expected.pop();
        let separator = if damaged.body.len() == 1 { "" } else { "," };
        damaged.push(&format!(r#"{separator}"object_id_2":"#));
        damaged.body.extend_from_slice(b"NaN}");
        damaged.expected.push_str("null}");
        damaged.kinds.push(RepairKind::NotANumber);
        damaged
    })
}

impl std::fmt::Debug for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.body))
    }
}

fn response(body: Vec<u8>) -> Response<Bytes> {
    Response::new(Bytes::from(body))
}

fn in_envelope(result: &[u8]) -> Vec<u8> {
    let start = b"{\"error\":{},\"result\":";
    [start, result, b",\"status\":\"SUCCESS\"}"].concat()
}

/// All values of a result, with what is known of each.
fn values(extraction: &Extraction) -> Vec<String> {
    let rows = extraction.line_items().iter().chain(extraction.vat_rates());
    let fields = extraction.fields().iter();
    fields
        .chain(rows.flat_map(typless::wire::Row::fields))
        .map(|field| {
            let texts = field.candidates().iter();
            let texts: Vec<_> = texts
                .map(|candidate| (candidate.text(), candidate))
                .collect();
            format!("{field:?} {texts:?}")
        })
        .chain([format!(
            "{:?}",
            (extraction.object_id(), extraction.customer())
        )])
        .collect()
}

/// Whether a result is one: what has none of the usual keys is not taken.
fn is_result(extraction: &Extraction) -> bool {
    extraction.object_id().is_some()
        || !extraction.fields().is_empty()
        || !extraction.line_items().is_empty()
        || !extraction.vat_rates().is_empty()
}

/// What bodies are made of.
const TOKENS: [&[u8]; 27] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b" ",
    b"NaN",
    b"-Infinity",
    b"1",
    b"null",
    b"\"",
    b"\\",
    b"\\ud83d",
    b"\xff",
    b"\xed\xa0\xbd",
    b"\0",
    b"\"x\":",
    b"\"status\":\"SUCCESS\"",
    b"\"result\":{",
    b"\"extracted_fields\":[{",
    b"\"name\":",
    b"\"values\":[{",
    b"\"value\":",
    b"\"line_items\":[[{",
    b"\"vat_rates\":[{",
    b"}]}]}",
];

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_repaired_result_is_the_original_but_for_the_damaged_places(damaged in damaged()) {
        let expected = Extraction::from_json(damaged.expected.clone()).unwrap();
        prop_assert!(expected.repairs().is_empty());
        prop_assume!(is_result(&expected));

        let alone = Extraction::from_json(damaged.body.clone()).unwrap();
        let envelope = in_envelope(&damaged.body);
        let polled = StatusResponse::decode(&response(envelope.clone())).unwrap();
        let polled = polled.into_extraction().unwrap();
        prop_assert_eq!((&alone.raw()[..], &polled.raw()[..]), (&damaged.body[..], &envelope[..]));
        for extraction in [alone, polled] {
            let kinds: Vec<_> = extraction.repairs().iter().map(Repair::kind).collect();
            prop_assert_eq!(kinds, &damaged.kinds[..damaged.kinds.len().min(100)]);
            prop_assert_eq!(extraction.repair_count(), damaged.kinds.len());
            prop_assert_eq!(values(&extraction), values(&expected));
            let value: Value = serde_json::from_str(extraction.raw_json()).unwrap();
            let original: Value = serde_json::from_str(&damaged.expected).unwrap();
            prop_assert_eq!(value, original);
            // What was repaired once is valid.
            let again = Extraction::from_json(extraction.raw_json().to_owned()).unwrap();
            prop_assert!(again.repairs().is_empty());
        }
    }

    #[test]
    fn no_beginning_of_a_damaged_body_is_repaired_and_no_doubled_one(
        damaged in damaged(),
        cut in any::<prop::sample::Index>(),
    ) {
        for body in [damaged.body.clone(), in_envelope(&damaged.body)] {
            for short in [cut.index(body.len()), body.len() - 1] {
                let short = &body[..short];
                prop_assert!(Extraction::from_json(short.to_vec()).is_err());
                prop_assert!(StatusResponse::decode(&response(short.to_vec())).is_err());
            }
            let doubled = [&body[..], &body[..]].concat();
            prop_assert!(Extraction::from_json(doubled.clone()).is_err());
            prop_assert!(StatusResponse::decode(&response(doubled)).is_err());
        }
    }

    #[test]
    fn utf_16_is_read_as_the_same_text(
        result in results(&Fields::invoice()),
        big in any::<bool>(),
    ) {
        let expected = Extraction::from_json(result.clone()).unwrap();
        prop_assume!(is_result(&expected));
        let unit = if big { u16::to_be_bytes } else { u16::to_le_bytes };
        let body: Vec<u8> = result.encode_utf16().flat_map(unit).collect();
        let decoded = Extraction::from_json(body).unwrap();
        prop_assert_eq!(values(&decoded), values(&expected));
        prop_assert_eq!(decoded.raw_json(), result);
        prop_assert_eq!(decoded.repair_count(), 1);
    }

    #[test]
    fn no_mix_of_tokens_makes_the_repair_panic(tokens in vec(select(TOKENS.to_vec()), 0..60)) {
        let body = tokens.concat();
        for body in [body.clone(), [b"{", &body[..], b"}"].concat(), in_envelope(&body)] {
            if let Ok(extraction) = Extraction::from_json(body.clone()) {
                let valid = serde_json::from_str::<serde::de::IgnoredAny>(extraction.raw_json());
                prop_assert!(valid.is_ok());
            }
            if let Ok(response) = StatusResponse::decode(&response(body)) {
                let _ = response.extraction().map(Extraction::raw_json);
            }
        }
    }
}
