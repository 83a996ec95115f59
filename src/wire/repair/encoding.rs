//! Bodies that are not UTF-8.
//!
//! UTF-16 and one table by hand: a crate for encodings brings the tables of forty, and the core has
//! no other use for them.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// The encoding that a response declares, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Charset {
    /// None, or one that is not read.
    Other,
    /// Latin-1 or Windows-1252. Both are read as the latter, as browsers do: they differ in
    /// control characters that no document has.
    Windows1252,
}

impl Charset {
    /// Reads `Content-Type: ..; charset=..`.
    pub(in super::super) fn from_headers(headers: &HeaderMap) -> Self {
        const NAMES: [&str; 8] = [
            "iso-8859-1",
            "iso8859-1",
            "iso_8859-1",
            "latin1",
            "latin-1",
            "l1",
            "windows-1252",
            "cp1252",
        ];
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let declared = content_type.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"'))
        });
        let is_known = declared.is_some_and(|declared| {
            let mut names = NAMES.iter();
            names.any(|name| declared.eq_ignore_ascii_case(name))
        });
        if is_known {
            Self::Windows1252
        } else {
            Self::Other
        }
    }
}

/// The body as UTF-8, perhaps with bad bytes. Borrowed if it was UTF-8 before; `None` if it ends in
/// the middle of a character.
pub(super) fn to_utf8(body: &[u8], charset: Charset) -> Option<Cow<'_, [u8]>> {
    // JSON begins with a bracket or a blank, so a zero beside it says all.
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => Some(Cow::Borrowed(rest)),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [1..=255, 0, ..] => utf16(body, u16::from_le_bytes),
        [0, 1..=255, ..] => utf16(body, u16::from_be_bytes),
        _ if charset == Charset::Windows1252 && std::str::from_utf8(body).is_err() => {
            Some(Cow::Owned(windows_1252(body)))
        }
        _ => Some(Cow::Borrowed(body)),
    }
}

fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, [u8]>> {
    if body.len() % 2 != 0 {
        return None;
    }
    let units = body.chunks_exact(2).map(|pair| match pair {
        [first, second] => unit([*first, *second]),
        _ => 0,
    });
    let mut text = Vec::with_capacity(body.len());
    for character in char::decode_utf16(units) {
        match character {
            Ok(character) => {
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            // Half of a surrogate pair stays one, in three bytes that are no UTF-8.
            Err(half) => {
                let [high, low] = half.unpaired_surrogate().to_be_bytes();
                text.extend_from_slice(&[
                    0xe0 | (high >> 4),
                    0x80 | ((high & 0xf) << 2) | (low >> 6),
                    0x80 | (low & 0x3f),
                ]);
            }
        }
    }
    Some(Cow::Owned(text))
}

/// 0x80 to 0x9f in Windows-1252. The others have the number of their character.
#[rustfmt::skip]
const FROM_0X80: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡',
    'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—',
    '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_1252(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len() + body.len() / 8);
    for &byte in body {
        let special = byte
            .checked_sub(0x80)
            .and_then(|place| FROM_0X80.get(usize::from(place)));
        let character = special.copied().unwrap_or_else(|| char::from(byte));
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    text
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::CONTENT_TYPE;

    use super::{Charset, to_utf8};

    fn declared(content_type: &'static str) -> Charset {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().expect("a header"));
        Charset::from_headers(&headers)
    }

    #[test]
    fn the_declared_charset_is_read_in_every_notation() {
        for content_type in [
            "application/json; charset=iso-8859-1",
            "application/json;charset=ISO-8859-1",
            "application/json; boundary=x; Charset = \"Latin1\"",
            "text/plain; charset=windows-1252",
            "; charset=cp1252",
        ] {
            assert_eq!(
                declared(content_type),
                Charset::Windows1252,
                "{content_type}"
            );
        }
        for content_type in [
            "application/json",
            "application/json; charset=utf-8",
            "application/json; charset=iso-8859-15",
            "charset=iso-8859-1",
            "application/json; charset",
        ] {
            assert_eq!(declared(content_type), Charset::Other, "{content_type}");
        }
        assert_eq!(Charset::from_headers(&HeaderMap::new()), Charset::Other);
    }

    fn utf8(body: &[u8], charset: Charset) -> Option<Vec<u8>> {
        to_utf8(body, charset).map(std::borrow::Cow::into_owned)
    }

    #[test]
    fn utf_16_is_recognised_with_and_without_a_mark() {
        let text = "{\"é\": \"Ω🧾\"}";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for body in [
            little.clone(),
            big.clone(),
            [b"\xff\xfe", &little[..]].concat(),
            [b"\xfe\xff", &big[..]].concat(),
        ] {
            let decoded = utf8(&body, Charset::Other);
            assert_eq!(decoded.as_deref(), Some(text.as_bytes()));
            assert_eq!(utf8(&body[..body.len() - 1], Charset::Other), None);
        }
        let half = b"{\0\x3d\xd8}\0";
        assert_eq!(
            utf8(half, Charset::Other).as_deref(),
            Some(&b"{\xed\xa0\xbd}"[..])
        );
    }

    #[test]
    fn every_byte_of_windows_1252_is_a_character_if_it_is_declared() {
        let body = b"{\"caf\xe9 \x80\x9f\xff\"}";
        assert_eq!(
            utf8(body, Charset::Windows1252).as_deref(),
            Some("{\"café €Ÿÿ\"}".as_bytes())
        );
        assert_eq!(utf8(body, Charset::Other).as_deref(), Some(&body[..]));
        let all: Vec<u8> = (1..=255).collect();
        let decoded = utf8(&all, Charset::Windows1252).expect("text");
        let decoded = String::from_utf8(decoded).expect("text");
        let mut characters: Vec<char> = decoded.chars().collect();
        characters.sort_unstable();
        characters.dedup();
        assert_eq!(characters.len(), 255);

        // What is UTF-8 is UTF-8, whatever is declared.
        let body = "{\"café\"}".as_bytes();
        assert_eq!(utf8(body, Charset::Windows1252).as_deref(), Some(body));
    }
}
