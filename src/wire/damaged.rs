//! Whether a body that is no JSON is a complete status response all the same, with one bad byte or
//! token in its result.
//!
//! Such a result is there and paid for, and will not become readable by polling again. What was cut
//! off, doubled, or is no JSON object at all may be whole the next time.

/// Whether this is one complete object, with nothing behind it, whose only `status` is `SUCCESS`.
///
/// Looks at nothing but brackets, strings and commas, so that it stands whatever else is wrong:
/// text that is not UTF-8, half a surrogate pair, `NaN`. One pass, no recursion, no allocation.
pub(super) fn is_success(body: &[u8]) -> bool {
    let mut scanner = Scanner {
        rest: body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body),
    };
    scanner.object() == Some(true) && scanner.token().is_none() && scanner.rest.is_empty()
}

struct Scanner<'a> {
    rest: &'a [u8],
}

enum Token<'a> {
    Open,
    Close,
    Colon,
    Comma,
    /// What is between the quotes, escapes as they are.
    Text(&'a [u8]),
    /// A run of anything else, such as a number, `null` or `NaN`.
    Other,
}

impl<'a> Scanner<'a> {
    /// Reads an object. Whether its status is `SUCCESS`; `None` where it is not complete, or has
    /// none or several.
    fn object(&mut self) -> Option<bool> {
        if self.rest.trim_ascii_start().first() != Some(&b'{') {
            return None;
        }
        let (mut depth, mut status) = (0_u32, None);
        // At depth 1, a text before a colon is a key.
        let mut text: &[u8] = b"";
        let mut key: Option<&[u8]> = None;
        loop {
            match self.token()? {
                Token::Open => {
                    depth += 1;
                }
                Token::Close => {
                    depth -= 1;
                    if depth == 0 {
                        return status;
                    }
                }
                Token::Colon if depth == 1 => key = Some(text),
                Token::Comma if depth == 1 => key = None,
                Token::Text(value) if depth == 1 => match key {
                    Some(b"status") if status.is_some() => return None,
                    Some(b"status") => {
                        status = Some(value.trim_ascii().eq_ignore_ascii_case(b"SUCCESS"));
                    }
                    _ => text = value,
                },
                Token::Other if depth == 1 && key == Some(b"status") => return None,
                Token::Colon | Token::Comma | Token::Text(_) | Token::Other => {}
            }
        }
    }

    /// The next token; `None` at the end, or in a text that does not end.
    fn token(&mut self) -> Option<Token<'a>> {
        self.rest = self.rest.trim_ascii_start();
        let (first, rest) = self.rest.split_first()?;
        let (token, rest) = match first {
            b'{' | b'[' => (Token::Open, rest),
            b'}' | b']' => (Token::Close, rest),
            b':' => (Token::Colon, rest),
            b',' => (Token::Comma, rest),
            b'"' => {
                let end = end_of_text(rest)?;
                (Token::Text(rest.get(..end)?), rest.get(end + 1..)?)
            }
            _ => {
                let is_structure = |byte: &u8| b"{}[]:,\"".contains(byte);
                let end = rest.iter().position(is_structure).unwrap_or(rest.len());
                (Token::Other, rest.get(end..)?)
            }
        };
        self.rest = rest;
        Some(token)
    }
}

/// Where the closing quote is.
fn end_of_text(text: &[u8]) -> Option<usize> {
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at),
            b'\\' => drop(bytes.next()?),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::is_success;

    #[test]
    fn a_complete_success_with_a_bad_value_is_one() {
        for body in [
            &br#"{"status": "SUCCESS", "result": {"score": NaN}}"#[..],
            br#"{"error": {}, "result": {"value": "\ud83d"}, "status": "SUCCESS"}"#,
            b"\xef\xbb\xbf {\"result\": {\"value\": \"caf\xe9\"}, \"status\": \" success \"} \n",
            br#"{"result": {"a": [1e999, {"status": "ERROR"}], "b": "}\"{"}, "status": "SUCCESS"}"#,
            br#"{"result": {"a": 1, "a": 2}, "status": "SUCCESS",}"#,
        ] {
            assert!(is_success(body), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_is_cut_off_doubled_or_something_else_is_none() {
        let whole = br#"{"result": {"value": "\ud83d", "score": NaN}, "status": "SUCCESS"}"#;
        for end in 0..whole.len() {
            assert!(!is_success(&whole[..end]), "cut off at {end}");
        }
        assert!(!is_success(&[&whole[..], &whole[..]].concat()));
        for body in [
            &b""[..],
            b"<html><body>status SUCCESS</body></html>",
            b"\"SUCCESS\"",
            br#"[{"status": "SUCCESS"}]"#,
            br#"{"status": "IN_PROGRESS", "result": NaN}"#,
            br#"{"status": "SUCCESS", "status": "SUCCESS", "result": NaN}"#,
            br#"{"status": "ERROR", "status": "SUCCESS", "result": NaN}"#,
            br#"{"status": SUCCESS, "result": NaN}"#,
            br#"{"result": {"status": "SUCCESS"}, "score": NaN}"#,
            br#"{"status": "SUCCESS", "result": NaN} trailing"#,
            br#"}{"status": "SUCCESS"}"#,
        ] {
            assert!(!is_success(body), "{}", String::from_utf8_lossy(body));
        }
    }
}
