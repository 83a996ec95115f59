//! Everything in a result that does not fit the caller's type.

use std::error::Error;
use std::fmt;

use super::super::super::printable;
use super::super::BoundingBox;
use super::super::path::Place;

/// A result does not fit the caller's type; lists every problem with its path.
///
/// Returned by [`Extraction::parse`](super::super::Extraction::parse). Neither `Display` nor
/// `Debug` quotes the document; [`ParseProblem::text`] does.
///
/// All values that can't be read are listed. For missing required fields there is a limit: serde
/// reports one at a time, and the next one only if a placeholder can be read for the first. That
/// works for numbers, texts, enums, lists, and types that can be read from `0` or from a date.
/// After a missing field of another type, the fields declared later in the same struct are not
/// checked; other rows of a table still are.
#[derive(Debug, Clone)]
pub struct ParseError {
    problems: Vec<ParseProblem>,
    has_more: bool,
}

impl ParseError {
    /// The maximum number of problems that are listed.
    pub const MAX_PROBLEMS: usize = 100;

    pub(super) fn new(problems: Vec<ParseProblem>, has_more: bool) -> Self {
        Self { problems, has_more }
    }

    /// The problems, in the order in which they were found: at least one, at most
    /// [`MAX_PROBLEMS`](Self::MAX_PROBLEMS).
    pub fn problems(&self) -> &[ParseProblem] {
        &self.problems
    }

    /// Whether the search ended early, so there may be more problems than are listed.
    pub fn has_more(&self) -> bool {
        self.has_more
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the result does not fit: ")?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        if self.has_more {
            f.write_str("; there may be more")
        } else {
            Ok(())
        }
    }
}

impl Error for ParseError {}

/// One part of a result that does not fit the caller's type.
#[derive(Clone)]
pub struct ParseProblem {
    pub(super) path: Box<str>,
    pub(super) kind: ParseProblemKind,
    pub(super) expected: Box<str>,
    pub(super) text: Option<Box<str>>,
    pub(super) message: Option<Box<str>>,
    pub(super) place: Place,
}

impl ParseProblem {
    /// The path: `total_amount`, `line_items[2].price`, `supplier_name.confidence_score`. Indices
    /// count from 0. Empty if the problem is the result as a whole.
    /// [`Extraction::at`](super::super::Extraction::at) finds the value there, if there is one.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The page of the value, counted from 0; `None` if it was not located.
    pub fn page(&self) -> Option<u32> {
        self.place.page
    }

    /// The position of the value on its page; `None` if it was not located.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        self.place.bounding_box
    }

    /// The kind of problem.
    pub fn kind(&self) -> ParseProblemKind {
        self.kind
    }

    /// What the type expects, as text for people: `a whole number from 0 to 255`, or the name of a
    /// Rust type.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The value that could not be read, is below its minimum confidence or was repaired, as the
    /// service wrote it or as it was repaired. This is content of the document.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The error message of the type's `Deserialize`, if it gave one. It may quote the document.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl fmt::Debug for ParseProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParseProblem")
            .field("path", &self.path)
            .field("kind", &self.kind)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ParseProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", printable(&self.path, 200))?;
        }
        let expected = printable(&self.expected, 200);
        match self.kind {
            ParseProblemKind::NoSuchField => write!(
                f,
                "the document type has no such field, and {expected} is required"
            ),
            ParseProblemKind::NotFound => {
                write!(f, "not found on the document, and {expected} is required")
            }
            ParseProblemKind::BelowMinConfidence {
                confidence: Some(confidence),
                min_confidence,
            } => write!(
                f,
                "its confidence of {confidence} is below {min_confidence}, \
                 and {expected} is required"
            ),
            ParseProblemKind::BelowMinConfidence {
                confidence: None,
                min_confidence,
            } => write!(
                f,
                "its confidence is unknown, at least {min_confidence} is asked for, \
                 and {expected} is required"
            ),
            ParseProblemKind::UnknownMinConfidence => f.write_str(
                "a minimum confidence is set for it, and neither the result nor the type has such \
                 a field: check the name",
            ),
            ParseProblemKind::Repaired => f.write_str(
                "the value was damaged in the response, and a number or date can't be repaired",
            ),
            ParseProblemKind::Unreadable => write!(f, "the value can't be read as {expected}"),
            ParseProblemKind::Unexpected => f.write_str("a field that the type does not take"),
            ParseProblemKind::Ambiguous => f.write_str(
                "the type takes this field under more than one name, \
                 and the document type has several of them",
            ),
            ParseProblemKind::Rejected => write!(f, "not accepted as {expected}"),
        }
    }
}

/// Why a part of a result does not fit the caller's type.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ParseProblemKind {
    /// The field is required, and the document type has no field with this name: it is another
    /// document type, or the name is misspelt. A field that is present under a serde alias but has
    /// no value is reported so as well, since serde reports only the first name.
    NoSuchField,
    /// The field is required and was not found on this document: make it an `Option`, or have a
    /// person review the document.
    NotFound,
    /// The field is required and its best value is below the minimum confidence: make it an
    /// `Option`, or have a person review the document.
    #[non_exhaustive]
    BelowMinConfidence {
        /// The service's confidence, from 0 to 1; `None` if unknown.
        confidence: Option<f64>,
        /// The minimum confidence that applied, from 0 to 1.
        min_confidence: f64,
    },
    /// The options have a minimum confidence for a name that is no field of the document, of any
    /// row, or of the type. It would have no effect: the name is misspelt, or of another document
    /// type. Not reported while the type reads a table that has no rows, or rows as maps, since the
    /// name may be that of a column.
    UnknownMinConfidence,
    /// There is a value, but it can't be read as the type: use another type, or have a person
    /// review the document.
    Unreadable,
    /// The value is a number or a date, and it was damaged in the response: a character of it was
    /// no text, or it was `NaN`. Have a person review the document.
    Repaired,
    /// The type denies unknown fields, and the document has this one.
    Unexpected,
    /// Two fields of the document fill the same field of the type, one by its name and one by an
    /// alias.
    Ambiguous,
    /// A struct, a row, a list or the result as a whole has a type that can't be read from it, or
    /// fails the checks of that type.
    Rejected,
}
