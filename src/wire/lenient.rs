//! Readers for values that the service writes in more than one form.
//!
//! Scalars are taken as the JSON that the service wrote, and never as a number of Rust: that would
//! go through a float, and what a visitor is given for a number depends on the features of
//! serde_json that other crates of the build switch on. Lists and objects are asked for as such,
//! for the same reason: asked for "anything", a number may come as an object.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::value::RawValue;

/// Reads a [`Scalar`] as a type of the caller.
pub(super) fn text<'de, D: Deserializer<'de>, T: for<'a> From<&'a str>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.to())
}

/// Reads a list; null is an empty list.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_option(List(PhantomData))
}

/// Reads a [`Flag`].
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Flag::deserialize(deserializer).map(|Flag(flag)| flag)
}

/// A boolean; `None` for anything else.
pub(super) struct Flag(pub(super) Option<bool>);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match <&RawValue>::deserialize(deserializer)?.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }))
    }
}

/// A string as it is, and a number or a boolean as the service wrote it; `None` for null, a list or
/// an object.
#[derive(Default)]
pub(super) struct Scalar<'a>(pub(super) Option<Cow<'a, str>>);

impl<'a> Scalar<'a> {
    /// Reads valid JSON. `None` if its text has half of a surrogate pair.
    pub(super) fn from_json(json: &'a str) -> Option<Self> {
        Some(Self(match json.as_bytes() {
            [b'"', ..] => Some(unquoted(json)?),
            [b'n' | b'[' | b'{', ..] | [] => None,
            _ => Some(Cow::Borrowed(json)),
        }))
    }

    pub(super) fn unpaired_surrogate<E: Error>() -> E {
        E::invalid_value(
            Unexpected::Other("text"),
            &"text without half of a surrogate pair",
        )
    }

    pub(super) fn to<T: for<'t> From<&'t str>>(&self) -> Option<T> {
        self.0.as_deref().map(T::from)
    }

    /// The number that it holds, as it is written; `None` if it holds something else.
    pub(super) fn into_number(self) -> Option<Cow<'a, str>> {
        let number = match self.0? {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
            Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
        };
        is_number(number.as_bytes()).then_some(number)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        Self::from_json(json).ok_or_else(Self::unpaired_surrogate)
    }
}

/// The text of a JSON string. `None` if it is none, or has half of a surrogate pair.
pub(super) fn unquoted(json: &str) -> Option<Cow<'_, str>> {
    let quoted = json.strip_prefix('"')?.strip_suffix('"')?;
    if !quoted.contains('\\') {
        return Some(Cow::Borrowed(quoted));
    }
    let mut text = String::with_capacity(unescaped_length(quoted)?);
    unescape(quoted, |piece| text.push_str(piece))?;
    Some(Cow::Owned(text))
}

/// How long the text of a JSON string is, whose quotes are taken off.
pub(super) fn unescaped_length(quoted: &str) -> Option<usize> {
    let mut length = 0;
    unescape(quoted, |piece| length += piece.len())?;
    Some(length)
}

/// Gives the text of a JSON string, whose quotes are taken off, piece by piece. `None` if an escape
/// is invalid, such as half of a surrogate pair.
pub(super) fn unescape(mut quoted: &str, mut each: impl FnMut(&str)) -> Option<()> {
    while let Some((plain, escape)) = quoted.split_once('\\') {
        each(plain);
        let kind = escape.chars().next()?;
        quoted = escape.get(kind.len_utf8()..)?;
        let character = match kind {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            '"' | '\\' | '/' => kind,
            'u' => {
                let unit = code_unit(&mut quoted)?;
                if (0xd800..0xdc00).contains(&unit) {
                    quoted = quoted.strip_prefix("\\u")?;
                    let low = code_unit(&mut quoted)?;
                    char::decode_utf16([unit, low]).next()?.ok()?
                } else {
                    char::from_u32(unit.into())?
                }
            }
            _ => return None,
        };
        each(character.encode_utf8(&mut [0; 4]));
    }
    each(quoted);
    Some(())
}

/// Takes four hexadecimal digits off the text.
fn code_unit(text: &mut &str) -> Option<u16> {
    let (digits, rest) = text.split_at_checked(4)?;
    *text = rest;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether a text is a decimal number: digits with a point, a sign or an exponent at most. No
/// `NaN`, no `inf`, and no limit to its size.
fn is_number(text: &[u8]) -> bool {
    let rest = unsigned(text);
    let (whole, rest) = digits(rest);
    let (decimals, rest) = match rest {
        [b'.', rest @ ..] => digits(rest),
        _ => (0, rest),
    };
    let has_digits = whole + decimals > 0;
    match rest {
        [] => has_digits,
        [b'e' | b'E', rest @ ..] => has_digits && matches!(digits(unsigned(rest)), (1.., [])),
        _ => false,
    }
}

fn unsigned(number: &[u8]) -> &[u8] {
    match number {
        [b'-' | b'+', rest @ ..] => rest,
        _ => number,
    }
}

/// How many digits a text begins with, and what follows them.
fn digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count, text.get(count..).unwrap_or_default())
}

/// A value that must be a JSON object.
///
/// A derived struct also accepts a list, by the order of its fields: `["done"]` would be a result
/// whose first key is `done`.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, list: D) -> Result<Self::Value, D::Error> {
        list.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::{is_number, unquoted};

    #[test]
    fn escapes_are_read_as_serde_json_reads_them() {
        for json in [
            r#""""#,
            r#""plain é""#,
            r#""\"\\\/\b\f\n\r\t""#,
            r#""a\u00e9\uD83D\ude00z\u0000""#,
            r#""\ud800""#,
            r#""\udc00""#,
            r#""\ud800\ud800""#,
            r#""\ud800x""#,
        ] {
            let expected = serde_json::from_str::<String>(json).ok();
            assert_eq!(unquoted(json).as_deref(), expected.as_deref(), "{json}");
        }
    }

    #[test]
    fn numbers_of_any_size_are_numbers_and_words_are_none() {
        for text in [
            "0", "-1", "+1", "12.50", ".5", "5.", "1e999", "-1.0E-7", "1e+3",
        ] {
            assert!(is_number(text.as_bytes()), "{text}");
        }
        for text in [
            "", "-", ".", "e5", "1e", "1e+", "NaN", "inf", "1,5", "1.2.3", "--1", "1e5.0", "0x1f",
        ] {
            assert!(!is_number(text.as_bytes()), "{text}");
        }
    }
}
