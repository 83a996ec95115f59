//! Why a pass ended, and where.

use std::error::Error;
use std::fmt;

use serde::de::{Expected, Unexpected};

use super::super::super::printable;

/// Why a pass ended, and where. The path is collected on the way out, so a pass without errors
/// never builds one.
pub(super) struct ReadError {
    /// Boxed, since every step of a pass returns a result with it.
    pub(super) inner: Box<ReadErrorInner>,
}

pub(super) struct ReadErrorInner {
    pub(super) cause: Cause,
    /// From the innermost outwards.
    pub(super) steps: Vec<Step>,
    pub(super) expected: Option<Box<str>>,
    /// The value that could not be read.
    pub(super) text: Option<Box<str>>,
    /// The message of the type's own reader. It may quote the value.
    pub(super) message: Option<Box<str>>,
    /// The text that was found, if serde says so.
    found: Option<Found>,
    /// Whether serde had read the value before it knew the type, as it does for a flattened part.
    pub(super) is_untyped: bool,
}

/// Where a text is in memory. A part that serde reads twice keeps the texts of the result as they
/// are, so this finds the field that an error is about, even if others have the same text.
#[derive(Clone, Copy)]
struct Found {
    address: usize,
    length: usize,
    /// Whether a text is the wrong kind of value.
    is_wrong_kind: bool,
}

impl Found {
    fn is(self, text: &str) -> bool {
        self.address == text.as_ptr().addr() && self.length == text.len()
    }
}

#[derive(Clone, Copy)]
pub(super) enum Cause {
    /// The type does not take this value.
    Mismatch,
    /// Reported by serde at the end of a struct: this required field was not offered. The path
    /// lacks its name.
    Missing(&'static str),
    /// Reported by serde: two names, a field's own and an alias, fill the same field.
    Duplicate,
    /// The type denies a field of this name.
    Unexpected,
    /// A required field has no value.
    Absent(Absent),
    /// Not an error: read again without offering this name.
    Unclaimed(&'static str),
    /// Not an error: read again and offer only the fields of the document.
    PlainMap,
}

/// Why there is no value.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    NoSuchField,
    NotFound,
    /// There is one, but not what the service meant.
    Repaired,
    BelowMinConfidence {
        confidence: Option<f64>,
        min_confidence: f64,
    },
}

/// One step of a path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Name(Box<str>),
    Index(usize),
}

impl ReadError {
    pub(super) fn new(cause: Cause) -> Self {
        Self {
            inner: Box::new(ReadErrorInner {
                cause,
                steps: Vec::new(),
                expected: None,
                text: None,
                message: None,
                found: None,
                is_untyped: false,
            }),
        }
    }

    /// A value that can't be read as `expected`.
    pub(super) fn unreadable(expected: impl Into<Box<str>>) -> Self {
        let mut error = Self::new(Cause::Mismatch);
        error.inner.expected = Some(expected.into());
        error
    }

    /// Adds the text of the value, unless the error is further inside.
    pub(super) fn about(mut self, text: &str) -> Self {
        if self.is_here() {
            self.inner.text = Some(text.into());
            // The expectation comes from code, not from the document. If it quotes the value
            // nevertheless, it is dropped.
            self.inner.expected = self.inner.expected.filter(|expected| {
                text.is_empty() || self.inner.message.is_none() || !expected.contains(text)
            });
        }
        self
    }

    /// Adds the name of the type, unless the error is further inside or an expectation is known.
    pub(super) fn expecting<T>(mut self) -> Self {
        if self.is_here() && self.inner.expected.is_none() {
            let name = short_name(std::any::type_name::<T>());
            // The name of the wrapper that `deserialize_with` generates says nothing.
            self.inner.expected = Some(if name.starts_with("__") {
                "a value that its deserializer accepts".into()
            } else {
                name
            });
        }
        self
    }

    /// Adds the outer step of the path.
    pub(super) fn inside(mut self, step: Step) -> Self {
        if self.is_here()
            && matches!(
                self.inner.cause,
                Cause::Missing(_) | Cause::Duplicate | Cause::Unexpected
            )
        {
            // It came from a reader that is not one of our structs: it is not about a field of the
            // document.
            self.inner.cause = Cause::Mismatch;
        }
        self.inner.steps.push(step);
        self
    }

    /// Completes the path of an error that serde reports for a whole struct; `last` is the name
    /// that was offered last.
    pub(super) fn in_struct(mut self, last: &str) -> Self {
        if self.is_here() {
            match self.inner.cause {
                Cause::Missing(name) => self.inner.steps.push(Step::Name(name.into())),
                Cause::Duplicate => self.inner.steps.push(Step::Name(last.into())),
                _ => {}
            }
        }
        self
    }

    /// Completes the path of an error about a value that serde had read before it knew the type:
    /// `texts` are those of the record, with their names.
    pub(super) fn at_text<'t>(
        mut self,
        texts: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Self {
        let Some(found) = self.inner.found.filter(|_| self.is_here()) else {
            return self;
        };
        let mut texts = texts.into_iter().filter(|(_, text)| found.is(text));
        // Empty texts may all be in the same place.
        let (Some((name, text)), None) = (texts.next(), texts.next()) else {
            return self;
        };
        self = self.about(text);
        self.inner.is_untyped = true;
        if let Some(expected) = self.inner.expected.take_if(|_| found.is_wrong_kind) {
            let advice = "inside a flattened part or an enum, which get text: use deserialize_with";
            self.inner.expected = Some(format!("{expected} {advice}").into());
        }
        self.inner.steps.push(Step::Name(name.into()));
        self
    }

    pub(super) fn into_inner(self) -> ReadErrorInner {
        *self.inner
    }

    /// Whether the error is at this level of the path, not further inside.
    fn is_here(&self) -> bool {
        self.inner.steps.is_empty()
    }

    fn found(mut self, found: Unexpected<'_>, is_wrong_kind: bool) -> Self {
        if let Unexpected::Str(text) = found {
            self.inner.found = Some(Found {
                address: text.as_ptr().addr(),
                length: text.len(),
                is_wrong_kind,
            });
        }
        self
    }

    fn mismatch(expected: Option<String>, message: String) -> Self {
        let mut error = Self::new(Cause::Mismatch);
        error.inner.expected = expected.map(String::into_boxed_str);
        error.inner.message = Some(message.into());
        error
    }
}

impl serde::de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::mismatch(None, message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(
            Some(expected.to_string()),
            format!("invalid type: {found}, expected {expected}"),
        )
        .found(found, true)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(
            Some(expected.to_string()),
            format!("invalid value: {found}, expected {expected}"),
        )
        .found(found, false)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::mismatch(
            Some(expected.to_string()),
            format!("invalid length {length}, expected {expected}"),
        )
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::unreadable(format!("one of {}", expected.join(", ")))
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::new(Cause::Unexpected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Cause::Missing(field))
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::new(Cause::Duplicate)
    }
}

impl fmt::Display for ReadError {
    /// For readers that wrap the error in one of their own: it becomes the message of the problem.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.inner.message, &self.inner.expected) {
            (Some(message), _) => f.write_str(message),
            (None, Some(expected)) => write!(f, "expected {}", printable(expected, 200)),
            (None, None) => f.write_str("it does not fit"),
        }
    }
}

impl fmt::Debug for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadError")
            .field("expected", &self.inner.expected)
            .finish_non_exhaustive()
    }
}

impl Error for ReadError {}

/// The name of a type without its modules and without an `Option` around it.
fn short_name(full: &str) -> Box<str> {
    let mut short = String::with_capacity(full.len());
    for part in full.split_inclusive(|character: char| {
        !(character.is_alphanumeric() || character == '_' || character == ':')
    }) {
        short.push_str(
            part.rfind("::")
                .map_or(part, |end| part.get(end + 2..).unwrap_or(part)),
        );
    }
    let bare = short
        .strip_prefix("Option<")
        .and_then(|rest| rest.strip_suffix('>'));
    bare.unwrap_or(&short).into()
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn type_names_are_short() {
        let table = [
            ("u32", "u32"),
            (
                "core::option::Option<rust_decimal::decimal::Decimal>",
                "Decimal",
            ),
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            ("(a::B, &c::D<e::F, [g::H; 3]>)", "(B, &D<F, [H; 3]>)"),
        ];
        for (full, short) in table {
            assert_eq!(&*short_name(full), short);
        }
    }
}
