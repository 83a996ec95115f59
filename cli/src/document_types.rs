//! The user's document types for the emulator.

use std::fs;
use std::path::{Path, PathBuf};

use typless::wire::printable;
use typless_emulator::{DocumentType, ServiceOptions};

use crate::failure::Failure;

/// Reads all files; fails with every problem found.
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
        Err(Failure::invalid_usages(wrong))
    }
}

/// Options for an emulator that knows these types besides its own.
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
            "{shown} can't be used: {}: fix the file",
            printable(&error.to_string(), 300)
        )
    })
}
