//! One field of a result.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use super::super::lenient;
use super::super::repair::Damage;
use super::candidate::Candidate;
use super::candidates::Candidates;

/// One field of a document or of a row: a name, a data type, and possible values, best first.
#[derive(Clone, Deserialize)]
pub struct Field {
    name: Box<str>,
    #[serde(default, deserialize_with = "lenient::text")]
    data_type: Option<Kind>,
    #[serde(default, deserialize_with = "lenient::flag")]
    multiple_values: Option<bool>,
    #[serde(default)]
    values: Candidates,
}

impl Field {
    /// A field with one candidate, of which only the text is known.
    pub(super) fn plain(name: &str, text: Option<Cow<'_, str>>) -> Self {
        let candidate = Candidate::plain(text);
        Self {
            name: name.into(),
            data_type: None,
            multiple_values: None,
            values: Candidates::One(candidate),
        }
    }

    pub(super) fn from_parts(
        name: &str,
        data_type: Option<Kind>,
        multiple_values: Option<bool>,
        values: Candidates,
    ) -> Self {
        Self {
            name: name.into(),
            data_type,
            multiple_values,
            values,
        }
    }

    /// The name of the field in the document type.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The data type of the values, if the service gives it.
    pub fn data_type(&self) -> Option<DataType<'_>> {
        self.data_type.as_ref().map(Kind::data_type)
    }

    /// Whether several candidates may be right at the same time; `None` in older results.
    pub fn multiple_values(&self) -> Option<bool> {
        self.multiple_values
    }

    /// The candidates, best first. May be empty.
    pub fn candidates(&self) -> &[Candidate] {
        self.values.as_slice()
    }

    /// The best candidate that has a value; `None` if the field was not found on the document.
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates()
            .iter()
            .find(|candidate| candidate.text().is_some())
    }

    /// What was repaired in the best candidate, and in those before it, which may be null for that
    /// reason only.
    pub(super) fn damage(&self) -> Damage {
        let mut damage = Damage::NONE;
        for candidate in self.candidates() {
            damage.add(candidate.damage());
            if candidate.text().is_some() {
                break;
            }
        }
        damage
    }

    /// Notes what was repaired in a candidate, or in all.
    pub(super) fn mark(&mut self, candidate: Option<usize>, damage: Damage) {
        let candidates = self.values.as_mut_slice();
        let marked = match candidate {
            Some(index) => candidates.get_mut(index..=index).unwrap_or_default(),
            None => candidates,
        };
        for candidate in marked {
            candidate.mark(damage);
        }
    }

    /// The text of the best candidate. An empty text is a value; `None` if the field was not found.
    pub fn text(&self) -> Option<&str> {
        self.best().and_then(Candidate::text)
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.name)
            .field("data_type", &self.data_type())
            .field("candidates", &self.candidates().len())
            .finish()
    }
}

/// The data type of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataType<'a> {
    /// `STRING`: text as it is on the document.
    String,
    /// `NUMBER`: a decimal number with `.`, usually with four decimals.
    Number,
    /// `DATE`: `YYYY-MM-DD`.
    Date,
    /// `AUTHOR`: the issuer of the document, without a position on the page.
    Author,
    /// Another type, by the service's name. More may come.
    Other(&'a str),
}

impl<'a> DataType<'a> {
    /// The service's name of it.
    pub fn name(self) -> &'a str {
        match self {
            Self::String => "STRING",
            Self::Number => "NUMBER",
            Self::Date => "DATE",
            Self::Author => "AUTHOR",
            Self::Other(name) => name,
        }
    }
}

/// The data type as it is stored: known ones need no allocation.
#[derive(Clone)]
pub(super) enum Kind {
    String,
    Number,
    Date,
    Author,
    Other(Box<str>),
}

impl Kind {
    fn data_type(&self) -> DataType<'_> {
        match self {
            Self::String => DataType::String,
            Self::Number => DataType::Number,
            Self::Date => DataType::Date,
            Self::Author => DataType::Author,
            Self::Other(name) => DataType::Other(name),
        }
    }
}

impl From<&str> for Kind {
    fn from(name: &str) -> Self {
        match name {
            "STRING" => Self::String,
            "NUMBER" => Self::Number,
            "DATE" => Self::Date,
            "AUTHOR" => Self::Author,
            other => Self::Other(other.into()),
        }
    }
}
