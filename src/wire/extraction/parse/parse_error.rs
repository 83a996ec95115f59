//! What does not fit the caller's type, all of it.

use std::error::Error;
use std::fmt;

use super::super::super::printable;

/// A result that does not fit the caller's type: every problem that was found, with its path.
///
/// Made by [`Extraction::parse`](super::super::Extraction::parse); consumed by the application, which fixes its type, or asks a person about the document. Neither
/// `Display` nor `Debug` quote the document; [`ParseProblem::text`] does.
///
/// All values that can't be read are listed. Missing required fields are listed as far as serde lets them be seen: it names one at a time, and goes on to the next one only when
/// something could be put in the location of the first. That works for numbers, texts, enums, lists, and types that read themselves from `0` or from a date. After another
/// type, those declared later in the same struct stay unseen; other rows of a table are still read.
#[derive(Debug, Clone)]
pub struct ParseError {
    problems: Vec<ParseProblem>,
    has_more: bool,
}

impl ParseError {
    /// The most problems that are listed.
    pub const MAX_PROBLEMS: usize = 100;

    pub(super) fn new(problems: Vec<ParseProblem>, has_more: bool) -> Self {
        Self { problems, has_more }
    }

    /// The problems, in the order of their discovery; at least one, at most [`MAX_PROBLEMS`](Self::MAX_PROBLEMS).
    pub fn problems(&self) -> &[ParseProblem] {
        &self.problems
    }

    /// Whether the search ended early, so that there may be more than are listed.
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

/// One thing that does not fit: where it is, what it is, and what the type expected.
///
/// Made by [`Extraction::parse`](super::super::Extraction::parse), inside a [`ParseError`].
#[derive(Clone)]
pub struct ParseProblem {
    pub(super) path: Box<str>,
    pub(super) kind: ParseProblemKind,
    pub(super) expected: Box<str>,
    pub(super) text: Option<Box<str>>,
    pub(super) message: Option<Box<str>>,
}

impl ParseProblem {
    /// Where it is: `total_amount`, `line_items[2].price`, `supplier_name.confidence_score`; indices count from 0. Empty for the whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it is.
    pub fn kind(&self) -> ParseProblemKind {
        self.kind
    }

    /// What the type expected, for people: `a whole number from 0 to 255`, or the name of a Rust type.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The value that could not be read or is below its min_confidence, as the service wrote it. It is a document's contents.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// What the type's own reader said, if it said anything. It may quote the document.
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
            ParseProblemKind::NoSuchField => write!(f, "the document type has no such field, and {expected} is required"),
            ParseProblemKind::NotFound => write!(f, "not found on the document, and {expected} is required"),
            ParseProblemKind::BelowMinConfidence { confidence: Some(confidence), min_confidence } => {
                write!(f, "its confidence of {confidence} is below {min_confidence}, and {expected} is required")
            }
            ParseProblemKind::BelowMinConfidence { confidence: None, min_confidence } => {
                write!(f, "its confidence is unknown, at least {min_confidence} is asked for, and {expected} is required")
            }
            ParseProblemKind::Unreadable => write!(f, "the value can't be read as {expected}"),
            ParseProblemKind::Unexpected => f.write_str("a field that the type does not take"),
            ParseProblemKind::Ambiguous => {
                f.write_str("the type takes this field under more than one name, and the document type has several of them")
            }
            ParseProblemKind::Rejected => write!(f, "not accepted as {expected}"),
        }
    }
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ParseProblemKind {
    /// The field is required, and the document type has none of this name: another document type, or a misspelt name. Serde tells the
    /// first name alone: a field that is there under an alias and has no value is told as this.
    NoSuchField,
    /// The field is required, and not found on this document: make it an `Option`, or ask a person.
    NotFound,
    /// The field is required, and its best value is below the min_confidence: make it an `Option`, or ask a person.
    #[non_exhaustive]
    BelowMinConfidence {
        /// How sure the service is, from 0 to 1; `None` where it does not say.
        confidence: Option<f64>,
        /// The min_confidence that was not reached.
        min_confidence: f64,
    },
    /// There is a value, and it can't be read as the type: another type, or ask a person.
    Unreadable,
    /// The type denies unknown fields, and this is one.
    Unexpected,
    /// Two fields of the document fill the same field of the type, by its name and an alias.
    Ambiguous,
    /// A struct, a row, a list or the whole was not accepted by the type's own checks, or is not what the type takes.
    Rejected,
}
