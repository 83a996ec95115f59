//! Repairs a result that strict JSON refuses because of a bad byte or token.
//!
//! Such a result is there and paid for, and will not become readable by polling again. What was cut
//! off, doubled, or is no JSON object at all may be whole the next time, so it is never repaired.
//! Only what was refused by the strict reader comes here, and the strict reader has the last word:
//! a body is written again as valid JSON, with a list of what was changed, and then read as usual.
//!
//! A `survey` looks whether the body is complete and which keys it has twice; a `rewriter` copies
//! it. Both step through it with a `walker` over `tokens`, so the time is linear in the body, and
//! there is no recursion. `levels` are the objects that are read, `marks` the candidates whose
//! value was repaired.

mod encoding;
mod levels;
mod marks;
mod path;
mod rewriter;
mod survey;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod walker;

use std::fmt;

pub(super) use encoding::Charset;
use levels::Level;
pub(super) use marks::{Damage, List, Mark, TEXTS};
use rewriter::Rewriter;
use survey::Survey;

use super::printable;

/// One place of a result that was repaired, so that it could be read; see
/// [`Extraction::repairs`](super::Extraction::repairs).
///
/// It quotes nothing of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    kind: RepairKind,
    path: Box<str>,
}

impl Repair {
    /// The maximum number of repairs of a result that are listed.
    pub const MAX_LISTED: usize = 100;

    fn new(kind: RepairKind, path: String) -> Self {
        Self {
            kind,
            path: path.into(),
        }
    }

    /// What was repaired.
    pub fn kind(&self) -> RepairKind {
        self.kind
    }

    /// The JSON path of the value, such as `result.extracted_fields[0].values[1].value`; `None` if
    /// it is the whole body.
    ///
    /// As in [`DecodeError::path`](super::DecodeError::path), it begins at the body: with `result`
    /// in a status response, without it in a result by itself. It ends at the first key that this
    /// crate does not know.
    pub fn path(&self) -> Option<&str> {
        Some(&*self.path).filter(|path| !path.is_empty())
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        match self.path() {
            Some(path) => write!(f, " at {}", printable(path, 200)),
            None => Ok(()),
        }
    }
}

/// What was repaired in a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RepairKind {
    /// A text has half of a surrogate pair, such as `\ud83d`, which became U+FFFD.
    HalfSurrogate,
    /// A text has bytes that are not UTF-8, which became U+FFFD.
    InvalidUtf8,
    /// A value is `NaN`, `Infinity` or `-Infinity`, which became null.
    NotANumber,
    /// An object has a key several times. The last one counts.
    DuplicateKey,
    /// The body is UTF-16, or what its `Content-Type` declares: Latin-1 or Windows-1252. Nothing
    /// was lost by that.
    Encoding,
}

impl fmt::Display for RepairKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HalfSurrogate => "half of a surrogate pair",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::NotANumber => "not a number",
            Self::DuplicateKey => "duplicate key",
            Self::Encoding => "not UTF-8 as a whole",
        })
    }
}

/// A body as valid JSON.
#[derive(Debug)]
pub(super) struct Repaired {
    pub(super) text: String,
    /// At most [`Repair::MAX_LISTED`].
    pub(super) repairs: Vec<Repair>,
    /// Of all repairs.
    pub(super) count: usize,
    pub(super) marks: Vec<Mark>,
}

/// A status response that the strict reader refuses, and that is one complete object with nothing
/// behind it, whose only `status` is `SUCCESS`.
pub(super) struct Success {
    /// `None` if it cannot be repaired.
    pub(super) repaired: Option<Repaired>,
}

impl Success {
    /// `None` if it is something else.
    pub(super) fn from_body(body: &[u8], charset: Charset) -> Option<Self> {
        let (is_success, repaired) = repair(body, charset, Level::Envelope)?;
        is_success.then_some(Self { repaired })
    }
}

/// A result by itself that the strict reader refuses. `None` if it cannot be repaired.
pub(super) fn result(body: &[u8], charset: Charset) -> Option<Repaired> {
    repair(body, charset, Level::Result)?.1
}

/// Whether the status is `SUCCESS`, and the body as valid JSON if it can be repaired. `None` if it
/// is not one complete object.
fn repair(body: &[u8], charset: Charset, root: Level) -> Option<(bool, Option<Repaired>)> {
    let utf8 = encoding::to_utf8(body, charset)?;
    let survey = Survey::new(&utf8, root)?;
    if root == Level::Envelope && !survey.is_success {
        return Some((false, None));
    }
    let mut rewriter = Rewriter::new(&utf8, root, &survey.repeated);
    if matches!(utf8, std::borrow::Cow::Owned(_)) {
        rewriter.add_encoding();
    }
    Some((survey.is_success, rewriter.run()))
}
