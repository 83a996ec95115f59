//! Finds the entry that a user names.

use std::fs;
use std::path::Path;

use typless_ledger::{ContentDigest, EntryKey, Ledger, LedgerError};

use super::failure;
use crate::failure::Failure;

/// A shorter beginning of a key names nothing: it may be a file that is not there.
const MIN_PREFIX: usize = 7;

/// The key of the entry with this key, with this beginning of a key, or with the content of this
/// file. `None` if there is none.
pub(super) fn find(ledger: &Ledger, name: &str) -> Result<Option<EntryKey>, Failure> {
    if let Ok(key) = name.parse() {
        return Ok(Some(key));
    }
    let digest = digest(Path::new(name))?;
    if digest.is_none() && name.len() < MIN_PREFIX {
        return Ok(None);
    }
    let has_prefix = |key: EntryKey| key.to_string().starts_with(name);
    let mut found = Vec::new();
    for entry in ledger.entries() {
        match entry {
            Ok(entry) => {
                let is_it = digest.map_or_else(
                    || has_prefix(entry.key()),
                    |digest| entry.digest() == digest,
                );
                found.extend(is_it.then_some(entry.key()));
            }
            // It can be forgotten, by its key.
            Err(LedgerError::DamagedEntry(damage)) => {
                let key = damage.key().filter(|_| digest.is_none());
                found.extend(key.filter(|key| has_prefix(*key)));
            }
            Err(error) => return Err(failure(&error)),
        }
    }
    match found.as_slice() {
        [] => Ok(None),
        [key] => Ok(Some(*key)),
        several => Err(Failure::invalid_usages(
            std::iter::once(format!(
                "{name} stands for several entries: name one by its key"
            ))
            .chain(several.iter().map(EntryKey::to_string))
            .collect(),
        )),
    }
}

/// The digest of a file, if there is one.
fn digest(path: &Path) -> Result<Option<ContentDigest>, Failure> {
    if !path.is_file() {
        return Ok(None);
    }
    let content = fs::read(path).map_err(|error| {
        Failure::invalid_usage(format!(
            "{} can't be read: {error}: name a readable file, or a key",
            path.display()
        ))
    })?;
    Ok(Some(ContentDigest::from_bytes(&content)))
}
