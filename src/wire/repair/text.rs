//! Strings with bytes or escapes that are no text.

use std::str;

/// What stands for each part of a text that could not be read: U+FFFD.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// What was found in a string.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) half_surrogate: bool,
    pub(super) invalid_utf8: bool,
}

/// Copies what is between the quotes of a string, with U+FFFD in place of what is no text. Other
/// escapes stay as they are, also invalid ones.
pub(super) fn copy_repaired(inside: &[u8], out: &mut Vec<u8>) -> Found {
    let mut found = Found::default();
    let mut rest = inside;
    loop {
        // Up to the first bad byte, so all calls together look at each byte once.
        let Err(error) = str::from_utf8(rest) else {
            found.half_surrogate |= copy_escapes(rest, out);
            return found;
        };
        let (valid, invalid) = rest.split_at(error.valid_up_to());
        found.half_surrogate |= copy_escapes(valid, out);
        let length = match invalid {
            // Half of a surrogate pair as UTF-8 would write it, if it could.
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => {
                found.half_surrogate = true;
                3
            }
            _ => {
                found.invalid_utf8 = true;
                error.error_len().unwrap_or(invalid.len())
            }
        };
        out.extend_from_slice(REPLACEMENT);
        rest = invalid.get(length..).unwrap_or_default();
    }
}

/// Copies valid UTF-8, with `\ufffd` in place of each escape that is half of a surrogate pair.
/// Whether there was one.
fn copy_escapes(mut rest: &[u8], out: &mut Vec<u8>) -> bool {
    let mut found = false;
    while let Some(start) = rest.iter().position(|byte| *byte == b'\\') {
        let (plain, escape) = rest.split_at(start);
        out.extend_from_slice(plain);
        let length = match (code_unit(escape), escape.get(6..).and_then(code_unit)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                found = true;
                out.extend_from_slice(b"\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            (Some(_), _) => 6,
            // The byte behind it belongs to it, as in `\\`.
            (None, _) => escape.len().min(2),
        };
        let (escape, behind) = escape.split_at(length);
        out.extend_from_slice(escape);
        rest = behind;
    }
    out.extend_from_slice(rest);
    found
}

/// The code unit of an escape that begins with `\u` and has four hexadecimal digits.
fn code_unit(escape: &[u8]) -> Option<u16> {
    let [b'\\', b'u', digits @ ..] = escape else {
        return None;
    };
    let digits = digits.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{Found, copy_repaired};

    fn repaired(inside: &[u8]) -> (String, Found) {
        let mut out = Vec::new();
        let found = copy_repaired(inside, &mut out);
        (String::from_utf8(out).expect("valid text"), found)
    }

    #[test]
    fn what_is_text_stays_byte_for_byte() {
        for inside in [
            "",
            "plain é 🧾",
            r"\ud83d\ude00",
            r"\uD83D\uDE00\n",
            r"\\ud83d",
            r"\\\\ud83d\u00e9",
            r"a\",
            r"\u12",
            r"\q",
        ] {
            assert_eq!(
                repaired(inside.as_bytes()),
                (inside.to_owned(), Found::default()),
                "{inside}"
            );
        }
    }

    #[test]
    fn what_is_no_text_becomes_a_replacement_character() {
        let surrogate = Found {
            half_surrogate: true,
            invalid_utf8: false,
        };
        let bytes = Found {
            half_surrogate: false,
            invalid_utf8: true,
        };
        let both = Found {
            half_surrogate: true,
            invalid_utf8: true,
        };
        for (inside, expected, found) in [
            (&br"\ud83d"[..], r"\ufffd", surrogate),
            (br"a\ude00b", r"a\ufffdb", surrogate),
            (br"\ud83d\ud83d\ude00", r"\ufffd\ud83d\ude00", surrogate),
            (br"\ud83d\u0041", r"\ufffd\u0041", surrogate),
            (br"\\\ud83d", r"\\\ufffd", surrogate),
            (b"\xed\xa0\xbd", "\u{fffd}", surrogate),
            (b"caf\xe9", "caf\u{fffd}", bytes),
            (b"\xff\xfe", "\u{fffd}\u{fffd}", bytes),
            (b"\xe2\x82", "\u{fffd}", bytes),
            (b"\xe2\x82x\xf0\x9f\x98", "\u{fffd}x\u{fffd}", bytes),
            (b"\\ud83d\xff\\ude00", "\\ufffd\u{fffd}\\ufffd", both),
        ] {
            assert_eq!(
                repaired(inside),
                (expected.to_owned(), found),
                "{}",
                inside.escape_ascii()
            );
        }
    }
}
