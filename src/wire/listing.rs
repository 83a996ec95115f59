//! Decodes a list of finished extractions, which may have a million entries.
//!
//! A first pass reads the usual form and copies nothing. If that fails, a second pass says what is
//! wrong, and accepts integers of any length.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::ExtractionId;
use super::decode_error::{self, DecodeError};
use super::extraction_id;

const WHAT: &str = "list of finished extractions";
const IDS: &str = "extraction_ids";

/// What a listing was, beside its ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visited {
    /// How many entries are no text.
    pub(crate) passed_over: usize,
    /// Whether it is what the service is known to write: an object with a list of ids.
    pub(crate) has_ids: bool,
}

/// All ids of a listing. An invalid entry is an error.
pub(super) fn read(body: &Bytes) -> Result<Vec<ExtractionId>, DecodeError> {
    let text = text(body)?;
    let (mut ids, mut all_valid) = (Vec::new(), true);
    let read = visit_fast(text, &mut |id| match ExtractionId::new(&id) {
        Ok(id) => ids.push(id),
        Err(_) => all_valid = false,
    });
    if read.is_ok() && all_valid {
        return Ok(ids);
    }
    let ids = read_entries(text, body)?
        .into_iter()
        .enumerate()
        .map(|(index, entry)| {
            let invalid = |problem: &str| {
                DecodeError::new(
                    WHAT,
                    Some(&format!("{IDS}[{index}]")),
                    problem,
                    body.clone(),
                )
            };
            let id = extraction_id::from_json(entry.get())
                .ok_or_else(|| invalid("expected a string"))?;
            ExtractionId::new(&id).map_err(|error| invalid(&error.to_string()))
        });
    ids.collect()
}

/// Calls `each` with every id of a listing, in order. Returns the number of invalid entries, which
/// are skipped.
pub(super) fn visit<'a>(
    body: &'a Bytes,
    mut each: impl FnMut(Cow<'a, str>),
) -> Result<Visited, DecodeError> {
    let text = text(body)?;
    let mut visited = 0;
    let read = visit_fast(text, &mut |id| {
        visited += 1;
        each(id);
    });
    if let Ok(has_ids) = read {
        return Ok(Visited {
            passed_over: 0,
            has_ids,
        });
    }
    let mut skipped = 0;
    for entry in read_entries(text, body)?.into_iter().skip(visited) {
        match extraction_id::from_json(entry.get()) {
            Some(id) => each(id),
            None => skipped += 1,
        }
    }
    Ok(Visited {
        passed_over: skipped,
        has_ids: text.starts_with('{') && text.contains(IDS),
    })
}

/// The text of a listing. An empty body counts as null, which is an empty list.
fn text(body: &Bytes) -> Result<&str, DecodeError> {
    let text = decode_error::text(WHAT, body)?.trim();
    Ok(if text.is_empty() { "null" } else { text })
}

/// Calls `each` with every id, up to the first unexpected value. The error is not meant for people.
fn visit_fast<'a>(
    text: &'a str,
    each: &mut impl FnMut(Cow<'a, str>),
) -> Result<bool, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let has_ids = reader.deserialize_option(Listing(each))?;
    reader.end()?;
    Ok(has_ids)
}

/// The entries as raw JSON.
fn read_entries<'a>(text: &'a str, body: &Bytes) -> Result<Vec<&'a RawValue>, DecodeError> {
    #[derive(Deserialize)]
    struct Listing<'a> {
        #[serde(borrow, default)]
        extraction_ids: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Explained {
        #[serde(rename = "extraction_ids", default)]
        _extraction_ids: Option<Vec<Box<RawValue>>>,
    }
    let list = if text.starts_with('[') {
        text
    } else {
        match serde_json::from_str::<Listing<'_>>(text) {
            Ok(listing) => listing.extraction_ids.map_or("[]", RawValue::get),
            Err(_) => return Err(DecodeError::explain::<Explained>(WHAT, text, body.clone())),
        }
    };
    serde_json::from_str(list)
        .map_err(|_| DecodeError::new(WHAT, Some(IDS), "expected a list of strings", body.clone()))
}

/// A whole listing: null, a list, or an object that may contain one.
struct Listing<'e, F>(&'e mut F);

impl<'de, F: FnMut(Cow<'de, str>)> Visitor<'de> for Listing<'_, F> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WHAT)
    }

    fn visit_none<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, listing: D) -> Result<bool, D::Error> {
        // A struct without names is a list or an object. Asked for anything, a number may come as
        // an object, if another crate switches that on in serde_json.
        listing.deserialize_struct("Listing", &[], self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<bool, A::Error> {
        List(self.0).visit_seq(list)?;
        // A bare list is read, and is nothing that the service is known to write.
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let (mut found, mut has_ids) = (false, false);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if key != IDS {
                map.next_value::<IgnoredAny>()?;
            } else if found {
                return Err(A::Error::duplicate_field(IDS));
            } else {
                found = true;
                has_ids = map.next_value_seed(List(self.0))?;
            }
        }
        Ok(has_ids)
    }
}

/// The list of ids; null is an empty list.
struct List<'e, F>(&'e mut F);

impl<'de, F: FnMut(Cow<'de, str>)> DeserializeSeed<'de> for List<'_, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, F: FnMut(Cow<'de, str>)> Visitor<'de> for List<'_, F> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_none<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, list: D) -> Result<bool, D::Error> {
        list.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        while list.next_element_seed(Id(self.0))?.is_some() {}
        Ok(true)
    }
}

/// One id. Any other integer than a plain one of at most 64 bits is an error here, and left to the
/// second pass. So is every number, if another crate switches `arbitrary_precision` on.
struct Id<'e, F>(&'e mut F);

impl<'de, F: FnMut(Cow<'de, str>)> DeserializeSeed<'de> for Id<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Cow<'de, str>)> Visitor<'de> for Id<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, id: &'de str) -> Result<(), E> {
        (self.0)(Cow::Borrowed(id));
        Ok(())
    }

    fn visit_str<E>(self, id: &str) -> Result<(), E> {
        (self.0)(Cow::Owned(id.to_owned()));
        Ok(())
    }

    fn visit_u64<E>(self, id: u64) -> Result<(), E> {
        (self.0)(Cow::Owned(id.to_string()));
        Ok(())
    }
}
