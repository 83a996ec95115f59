//! The tokens of a text that may be no JSON.

use std::ops::Range;

/// What a token is. None is checked: a text may hold any bytes, and a bare word may be no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    OpenObject,
    OpenList,
    Close,
    Colon,
    Comma,
    /// From quote to quote.
    Text,
    /// A run of anything else, such as a number, `null` or `NaN`.
    Bare,
}

/// Reads tokens. Looks at nothing but brackets, quotes, commas and colons, so that it stands
/// whatever else is wrong. No recursion, no allocation.
pub(super) struct Tokens<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    /// Whether only blanks are left.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest().trim_ascii_start().is_empty()
    }

    /// The next token, and where it is; `None` at the end, or in a text that does not end.
    pub(super) fn next(&mut self) -> Option<(Token, Range<usize>)> {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_ascii_start().len();
        let start = self.at + blanks;
        let rest = rest.trim_ascii_start();
        let (token, length) = match rest.first()? {
            b'{' => (Token::OpenObject, 1),
            b'[' => (Token::OpenList, 1),
            b'}' | b']' => (Token::Close, 1),
            b':' => (Token::Colon, 1),
            b',' => (Token::Comma, 1),
            b'"' => (Token::Text, text_length(rest)?),
            _ => {
                let ends = |byte: &u8| b"{}[]:,\"".contains(byte) || byte.is_ascii_whitespace();
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                (Token::Bare, length)
            }
        };
        self.at = start + length;
        Some((token, start..self.at))
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }
}

/// How long the text is that this begins with, its quotes included.
fn text_length(text: &[u8]) -> Option<usize> {
    let mut bytes = text.iter().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' => drop(bytes.next()?),
            _ => {}
        }
    }
    None
}
