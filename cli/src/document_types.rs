//! Document types of the user's own, for the emulator.

use std::fs;
use std::path::{Path, PathBuf};

use typless::wire::printable;
use typless_emulator::{DocumentType, ServiceOptions};

use crate::failure::Failure;

/// Reads them; if any of the files can't be used, none is.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<DocumentType>, Failure> {
    let (mut types, mut wrong) = (Vec::new(), Vec::new());
    for path in paths {
        match document_type(path) {
            Ok(document_type) => types.push(document_type),
            Err(problem) => wrong.push(problem),
        }
    }
    if wrong.is_empty() {
        Ok(types)
    } else {
        Err(Failure::wrong_calls(wrong))
    }
}

/// An emulator that knows them beside its own.
pub(crate) fn options(types: Vec<DocumentType>) -> ServiceOptions {
    types
        .into_iter()
        .fold(ServiceOptions::new(), ServiceOptions::with_document_type)
}

fn document_type(path: &Path) -> Result<DocumentType, String> {
    let shown = path.display();
    let json = fs::read_to_string(path).map_err(|error| {
        format!("{shown} can't be read: {error}: name a readable file with --document-type-file")
    })?;
    DocumentType::from_json(&json).map_err(|error| {
        format!(
            "{shown} can't be used: {}: mend it",
            printable(&error.to_string(), 300)
        )
    })
}
