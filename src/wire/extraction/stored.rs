//! Writes a result and its parts in the service's own form.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::super::lenient;
use super::Extraction;
use super::candidate::{BoundingBox, Candidate, Part};
use super::field::Field;
use super::row::Row;
use super::text_block::TextBlock;

/// In the service's own form, with all keys and each digit: see [`Extraction`].
impl Serialize for Extraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = self.raw_json();
        if serializer.is_human_readable() {
            Json { json, depth: 0 }.serialize(serializer)
        } else {
            serializer.serialize_str(json)
        }
    }
}

/// From JSON, or from what a binary format made of it: see [`Extraction`].
impl<'de> Deserialize<'de> for Extraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = if deserializer.is_human_readable() {
            Box::<str>::from(Box::<RawValue>::deserialize(deserializer)?)
        } else {
            Box::<str>::deserialize(deserializer)?
        };
        Self::from_json(json.into_string()).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", self.name())?;
        if let Some(data_type) = self.data_type() {
            map.serialize_entry("data_type", data_type.name())?;
        }
        if let Some(multiple_values) = self.multiple_values() {
            map.serialize_entry("multiple_values", &multiple_values)?;
        }
        map.serialize_entry("values", self.candidates())?;
        map.end()
    }
}

impl Serialize for Candidate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(Part::NAMES[0], &self.text())?;
        for name in Part::NAMES.into_iter().skip(1) {
            if let Some(digits) = self.written(Part::from_name(name)) {
                map.serialize_entry(name, &Number(digits))?;
            }
        }
        map.end()
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields().serialize(serializer)
    }
}

impl Serialize for TextBlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("value", self.text())?;
        if let Some(number) = self.number() {
            map.serialize_entry("number", &number)?;
        }
        if let Some(page) = self.page_number() {
            map.serialize_entry("page_number", &page)?;
        }
        if let Some(found) = self.bounding_box() {
            found.serialize_into(&mut map)?;
        }
        map.end()
    }
}

impl Serialize for BoundingBox {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        self.serialize_into(&mut map)?;
        map.end()
    }
}

impl BoundingBox {
    pub(super) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let numbers = [self.x, self.y, self.width, self.height];
        ["x", "y", "width", "height"]
            .into_iter()
            .zip(numbers)
            .try_for_each(|(name, number)| map.serialize_entry(name, &Coordinate(number)))
    }
}

/// A coordinate, without a point if it is a whole number, as the service writes it.
struct Coordinate(f64);

impl Serialize for Coordinate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Up to 2^53 an f64 represents every integer exactly.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// A number with these digits.
struct Number<'a>(&'a str);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = self.0;
        if let Some(number) = exactly(digits) {
            return serializer.serialize_u64(number);
        }
        if let Some(number) = exactly(digits) {
            return serializer.serialize_i64(number);
        }
        if let Some(number) = exactly::<f64>(digits).filter(|number| number.is_finite()) {
            return serializer.serialize_f64(number);
        }
        // What is no number in JSON came as a text: `+1`, `.5`.
        match serde_json::from_str::<&RawValue>(digits) {
            Ok(number) if serializer.is_human_readable() => number.serialize(serializer),
            _ => serializer.serialize_str(digits),
        }
    }
}

/// The number that has these digits; `None` if it would be written with others.
fn exactly<T: std::str::FromStr + Serialize>(digits: &str) -> Option<T> {
    let number = digits.parse().ok()?;
    let written = serde_json::to_string(&number).ok()?;
    (written == digits).then_some(number)
}

/// Valid JSON, written to any serializer. The order of keys, keys that come several times, and the
/// digits of numbers are kept; white space between them is not.
struct Json<'a> {
    json: &'a str,
    /// How many lists and objects are around it.
    depth: u8,
}

/// What is nested deeper than this is not taken apart, since each level needs space on the stack.
const MAX_DEPTH: u8 = 64;

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = self.json;
        let inner = |json| Json {
            json,
            depth: self.depth + 1,
        };
        match json.as_bytes() {
            [b'n', ..] => return serializer.serialize_none(),
            [b't', ..] => return serializer.serialize_bool(true),
            [b'f', ..] => return serializer.serialize_bool(false),
            [b'"', ..] => {
                if let Some(text) = lenient::unquoted(json) {
                    return serializer.serialize_str(&text);
                }
            }
            [b'[', ..] if self.depth < MAX_DEPTH => {
                if let Ok(Items(items)) = serde_json::from_str(json) {
                    let mut list = serializer.serialize_seq(Some(items.len()))?;
                    for item in items {
                        list.serialize_element(&inner(item))?;
                    }
                    return list.end();
                }
            }
            [b'{', ..] if self.depth < MAX_DEPTH => {
                if let Ok(Entries(entries)) = serde_json::from_str(json) {
                    let mut map = serializer.serialize_map(Some(entries.len()))?;
                    for (key, value) in entries {
                        map.serialize_entry(&*key, &inner(value))?;
                    }
                    return map.end();
                }
            }
            [b'[' | b'{', ..] => {}
            _ => return Number(json).serialize(serializer),
        }
        // It is nested deeply, or has half of a surrogate pair under a key that is not read.
        let compact = RawValue::from_string(compact(json)).map_err(serde::ser::Error::custom)?;
        compact.serialize(serializer)
    }
}

/// Valid JSON without white space between its tokens.
fn compact(json: &str) -> String {
    let (mut in_text, mut is_escaped) = (false, false);
    let keeps = |character: &char| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => in_text = !in_text,
            _ => return in_text || !character.is_ascii_whitespace(),
        }
        true
    };
    json.chars().filter(keeps).collect()
}

/// The items of a list, as JSON.
struct Items<'a>(Vec<&'a str>);

/// The entries of an object: key and JSON.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct ItemsVisitor;
struct EntriesVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Items<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<&RawValue>()? {
            items.push(item.get());
        }
        Ok(Items(items))
    }
}

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<&RawValue>()? {
            let key =
                lenient::unquoted(key.get()).ok_or_else(lenient::Scalar::unpaired_surrogate)?;
            entries.push((key, map.next_value::<&RawValue>()?.get()));
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// JSON as it is written again.
    fn written(json: &str) -> String {
        serde_json::to_string(&Json { json, depth: 0 }).expect("JSON")
    }

    #[test]
    fn json_is_written_with_its_order_its_digits_and_its_repeated_keys() {
        let json =
            r#"{"b":[1,-2,0.10,1e999,-0,1E5,1.0,0.95],"a":{},"b":"é\n\\\"","":null,"t":true}"#;
        assert_eq!(written(json), json);
        let spread = " { \"a\" :\n[ 1 ,\t\"b \\\" c\" ] }\r\n";
        assert_eq!(written(spread.trim()), r#"{"a":[1,"b \" c"]}"#);
    }

    #[test]
    fn what_cannot_be_taken_apart_is_written_as_it_is_but_for_white_space() {
        for json in [r#""\ud83d""#, r#"{"\ud83d":[1.50]}"#] {
            assert_eq!(written(json), json);
        }
        assert_eq!(
            written("{ \"a\\ud83d\" : \" \\\" \" }"),
            "{\"a\\ud83d\":\" \\\" \"}"
        );
        let deep = format!("{} 1 {}", "[\n".repeat(100_000), "]".repeat(100_000));
        assert_eq!(written(&deep), compact(&deep));
    }
}
