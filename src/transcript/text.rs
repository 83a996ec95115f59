//! Bytes as the rest of a line, and back.

use std::borrow::Cow;

use crate::wire::printable;

/// Writes bytes as the rest of a line: unchanged if they are plain text, otherwise escaped after a
/// `\`.
pub(super) fn write(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_plain(text) => Cow::Borrowed(text),
        _ => Cow::Owned(escaped(bytes)),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut line = format!("\\{}", bytes.escape_ascii());
    // Some editors remove a blank at the end of a line.
    if line.ends_with(' ') {
        line.pop();
        line.push_str("\\x20");
    }
    line
}

/// Whether a text can be a line as it is, in any editor.
fn is_plain(text: &str) -> bool {
    !text.starts_with('\\') && text.trim() == text && printable(text, usize::MAX) == text
}

/// Reads what [`write`] wrote; `None` if an escape is invalid.
pub(super) fn read(line: &str) -> Option<Vec<u8>> {
    let Some(escaped) = line.strip_prefix('\\') else {
        return Some(line.as_bytes().to_vec());
    };
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b't' => b'\t',
            b'r' => b'\r',
            b'n' => b'\n',
            b'x' => digit(rest.next()?)? * 16 + digit(rest.next()?)?,
            itself @ (b'\\' | b'\'' | b'"') => itself,
            _ => return None,
        });
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    char::from(character)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{read, write};

    #[test]
    fn plain_text_stays_as_it_is_and_the_rest_is_escaped() {
        assert_eq!(
            write("{\"naïve\": \"\\u0041\"}".as_bytes()),
            "{\"naïve\": \"\\u0041\"}"
        );
        assert_eq!(write(b"a\nb\xff\x1b[2J"), r"\a\nb\xff\x1b[2J");
        assert_eq!(write(b"\\n "), r"\\\n\x20");
        assert_eq!(
            [read(r"\q"), read(r"\\q"), read(r"\\x4")],
            [Some(b"q".to_vec()), None, None]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_survive_on_one_line(
            bytes in any::<Vec<u8>>(),
            text in "(\\PC|\\p{Cc}|\\\\){0,20}",
        ) {
            for bytes in [bytes, text.into_bytes()] {
                let line = write(&bytes);
                prop_assert!(!line.contains(['\n', '\r']) && line.trim() == line);
                prop_assert_eq!(read(&line), Some(bytes.clone()));
            }
        }

        #[test]
        fn no_line_is_too_odd_to_read(line in any::<String>()) {
            let _ = read(&line);
        }
    }
}
