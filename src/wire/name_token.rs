//! A mark in the name of a document, by which its result is found again.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::{ConfigError, Document};

/// A mark in the name under which a document is submitted, by which its result is recognised among
/// those of others, although the id of the extraction was lost.
///
/// A result has the file name of its submit, so the mark comes back with it
/// ([`Extraction::name_token`](super::Extraction::name_token)), and is taken out of the name there:
/// an application sees the name that it gave. An extraction that failed has no name, and can't be
/// recognised.
///
/// As text it has 26 characters from `a-z` and `2-7`, which begin with `tl` and end with a
/// checksum, so that no other name is taken for one.
///
/// ```
/// use typless::wire::{Document, Extraction, NameToken};
///
/// let token = NameToken::new(*b"4711 by us!!");
/// let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?
///     .with_name_token(token);
/// assert_eq!(document.file_name(), "invoice.pdf");
///
/// let json = format!(r#"{{"file_name": "invoice.{token}.pdf", "extracted_fields": []}}"#);
/// let extraction = Extraction::from_json(json)?;
/// assert_eq!(extraction.file_name(), Some("invoice.pdf"));
/// assert_eq!(extraction.name_token(), Some(token));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameToken([u8; Self::ID_BYTES]);

/// What each token begins with.
const PREFIX: &str = "tl";

/// Base 32 as in RFC 4648, in lower case.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

const CHECKSUM_BYTES: usize = 3;

impl NameToken {
    /// The length of what tells tokens apart, in bytes.
    pub const ID_BYTES: usize = 12;

    /// The length as text.
    pub const LEN: usize = PREFIX.len() + (Self::ID_BYTES + CHECKSUM_BYTES) * 8 / 5;

    /// The token with this id, such as a part of a digest.
    pub const fn new(id: [u8; Self::ID_BYTES]) -> Self {
        Self(id)
    }

    /// What tells it from others.
    pub const fn id(self) -> [u8; Self::ID_BYTES] {
        self.0
    }

    /// The token in a file name, and where it is, with the point before it.
    pub(crate) fn find(file_name: &str) -> Option<(Self, Range<usize>)> {
        let mut end = file_name.len();
        // Before the suffix, or at the end of a name without one.
        for part in file_name.rsplit('.').take(2) {
            let start = end - part.len();
            if let (Ok(token), Some(point)) = (part.parse(), start.checked_sub(1)) {
                return Some((token, point..end));
            }
            end = start.saturating_sub(1);
        }
        None
    }

    /// The file name with the token before its suffix; `None` if that is too long.
    pub(crate) fn insert(self, file_name: &str) -> Option<String> {
        let name = match file_name.rsplit_once('.') {
            Some((stem, suffix)) => format!("{stem}.{self}.{suffix}"),
            None => format!("{file_name}.{self}"),
        };
        (name.len() <= Document::MAX_FILE_NAME_BYTES).then_some(name)
    }

    /// The id, and behind it three bytes of its FNV-1a hash.
    fn with_checksum(self) -> [u8; Self::ID_BYTES + CHECKSUM_BYTES] {
        let hash = self.0.iter().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        let mut bytes = [0; Self::ID_BYTES + CHECKSUM_BYTES];
        let (id, checksum) = bytes.split_at_mut(Self::ID_BYTES);
        id.copy_from_slice(&self.0);
        let [_, hash @ ..] = hash.to_be_bytes();
        checksum.copy_from_slice(&hash);
        bytes
    }
}

impl fmt::Display for NameToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        // Five bytes are eight digits.
        for group in self.with_checksum().chunks(5) {
            let bits = group
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                let digit = (bits >> (place * 5)) & 31;
                let digit = usize::try_from(digit)
                    .ok()
                    .and_then(|digit| DIGITS.get(digit));
                f.write_str(
                    std::str::from_utf8(digit.map_or(&[], std::slice::from_ref)).unwrap_or(""),
                )?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for NameToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameToken({self})")
    }
}

impl FromStr for NameToken {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let error = || ConfigError::new("name_token", "is not one: it has other characters");
        let digits = text.strip_prefix(PREFIX).ok_or_else(error)?;
        if text.len() != Self::LEN {
            return Err(error());
        }
        let mut bytes = Vec::with_capacity(Self::ID_BYTES + CHECKSUM_BYTES);
        for group in digits.as_bytes().chunks(8) {
            let mut bits = 0_u64;
            for byte in group {
                let digit = DIGITS.iter().position(|digit| digit == byte);
                bits = bits << 5 | digit.ok_or_else(error)? as u64;
            }
            let [_, _, _, five @ ..] = bits.to_be_bytes();
            bytes.extend_from_slice(&five);
        }
        let id = bytes
            .first_chunk::<{ Self::ID_BYTES }>()
            .ok_or_else(error)?;
        let token = Self(*id);
        if token.with_checksum()[..] == bytes[..] {
            Ok(token)
        } else {
            Err(error())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Extraction;

    proptest! {
        #[test]
        fn a_token_is_found_in_each_name_that_it_is_put_into(
            id in any::<[u8; NameToken::ID_BYTES]>(),
            name in "[a-z.é ]{1,60}",
        ) {
            let token = NameToken::new(id);
            let text = token.to_string();
            prop_assert_eq!(text.len(), NameToken::LEN);
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            prop_assert!(text.bytes().all(is_plain));
            prop_assert_eq!(text.parse::<NameToken>().ok(), Some(token));
            let with = token.insert(&name).expect("a short name");
            let (found, place) = NameToken::find(&with).expect("a token");
            prop_assert_eq!(found, token);
            let mut without = with.clone();
            without.replace_range(place, "");
            prop_assert_eq!(without, name);
        }

        #[test]
        fn no_other_text_is_a_token(
            id in any::<[u8; NameToken::ID_BYTES]>(),
            place in 0..NameToken::LEN,
            digit in "[a-z0-9]",
            other in "tl[a-z2-7]{24}",
        ) {
            let mut text = NameToken::new(id).to_string();
            if text.get(place..=place) != Some(&digit) {
                text.replace_range(place..=place, &digit);
                prop_assert!(text.parse::<NameToken>().is_err(), "{}", text);
            }
            // One in sixteen million is one.
            if let Ok(token) = other.parse::<NameToken>() {
                prop_assert_eq!(token.to_string(), other);
            }
        }
    }

    #[test]
    fn a_mark_is_taken_out_of_the_name_and_not_out_of_a_url_before_it() {
        let token = NameToken::new([7; NameToken::ID_BYTES]);
        let url = format!("https://s3/invoice.{token}.pdf?signature=1");
        let json = format!(
            r#"{{"adjusted_s3_url":"{url}","file_name":"invoice.{token}.pdf",
            "extracted_fields":[]}}"#
        );
        let extraction = Extraction::from_json(json).expect("a result");
        let raw = extraction.raw_json();
        assert!(raw.contains(&format!("\"{url}\"")), "{raw}");
        assert!(raw.contains(r#""file_name":"invoice.pdf""#), "{raw}");
    }

    #[test]
    fn a_name_that_would_be_too_long_has_none() {
        let token = NameToken::new([7; NameToken::ID_BYTES]);
        let longest = Document::MAX_FILE_NAME_BYTES - NameToken::LEN - 1;
        assert!(token.insert(&"a".repeat(longest)).is_some());
        assert_eq!(token.insert(&"a".repeat(longest + 1)), None);
        assert_eq!(NameToken::find("invoice.pdf"), None);
        assert_eq!(NameToken::find(""), None);
    }
}
