//! What stored states have in common: one line of JSON with a version and a check.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::without_values;

/// Why a ticket, a snapshot or another stored state can't be read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TicketError {
    /// It was written by a newer version of this library.
    Newer {
        /// The version it has.
        version: u32,
    },
    /// It is not one, or it is cut off.
    Unreadable {
        /// What is wrong, without quoting it.
        problem: Box<str>,
    },
    /// It was one, and its check does not fit its contents any more: it was damaged, or edited.
    Altered,
}

impl TicketError {
    pub(crate) fn unreadable(what: &str, problem: &str) -> Self {
        Self::Unreadable {
            problem: format!("not a {what}: {problem}").into(),
        }
    }
}

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { version } => write!(
                f,
                "it has version {version}, written by a newer typless: \
                 update this program to read it"
            ),
            Self::Unreadable { problem } => f.write_str(&crate::wire::printable(problem, 300)),
            Self::Altered => f.write_str(
                "its check does not fit its contents: it was damaged or edited, \
                     take it from where it was stored first",
            ),
        }
    }
}

impl Error for TicketError {}

/// Reads what was stored, in its form `W`. Its version is in this field.
pub(crate) fn read<'a, W, T>(
    what: &str,
    version_field: &str,
    newest: u32,
    json: &'a str,
) -> Result<T, TicketError>
where
    W: Deserialize<'a>,
    T: TryFrom<W, Error = TicketError>,
{
    match serde_json::from_str::<W>(json) {
        Ok(wire) => T::try_from(wire),
        // A newer version may have other fields.
        Err(error) => Err(match version(json, version_field) {
            Some(version) if version > newest => TicketError::Newer { version },
            _ => TicketError::unreadable(what, &without_values(&error)),
        }),
    }
}

/// The number in this field, whatever else there is.
fn version(json: &str, field: &str) -> Option<u32> {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).ok()?;
    fields.get(field)?.get().parse().ok()
}

/// Checks that a version is one of those that are read.
pub(crate) fn check_version(
    what: &str,
    version: u32,
    known: RangeInclusive<u32>,
) -> Result<(), TicketError> {
    match version {
        version if known.contains(&version) => Ok(()),
        version if version > *known.end() => Err(TicketError::Newer { version }),
        version => {
            let problem = format!("version {version} was never released");
            Err(TicketError::unreadable(what, &problem))
        }
    }
}

/// Checks that the stored checksum matches the contents.
pub(crate) fn check_contents(written: &str, computed: &str) -> Result<(), TicketError> {
    if written == computed {
        Ok(())
    } else {
        Err(TicketError::Altered)
    }
}
