//! The files of a call, checked before anything is sent.

use std::path::Path;

use typless::wire::Document;
use typless_transports::FileSource;

use crate::arguments::DocumentArguments;
use crate::failure::Failure;
use crate::work::{Start, Task};

/// Opens every file; if any of them can't be used, none is.
pub(crate) fn open(arguments: &DocumentArguments) -> Result<Vec<Task>, Failure> {
    let mut tasks = Vec::new();
    let mut wrong = Vec::new();
    for path in &arguments.files {
        let file = path.to_string_lossy().into_owned();
        match document(path, arguments) {
            Ok(document) => tasks.push(Task { file: Some(file), start: Start::Submit(document) }),
            Err(problem) => wrong.push(problem),
        }
    }
    if wrong.is_empty() { Ok(tasks) } else { Err(Failure::wrong_calls(wrong)) }
}

fn document(path: &Path, arguments: &DocumentArguments) -> Result<Document, String> {
    let shown = path.display();
    let source =
        FileSource::new(path).map_err(|error| format!("{shown} can't be read: {error}: name a readable file (nothing was submitted)"))?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let document = Document::from_source(&name, &arguments.document_type, source);
    let document = match &arguments.customer {
        Some(customer) => document.and_then(|document| document.with_customer(customer)),
        None => document,
    };
    // The ticket names the file, so that who finds it knows what it stands for; a path that is too long for that is left out.
    let document = document.map(|document| document.clone().with_reference(&path.to_string_lossy()).unwrap_or(document));
    document.map_err(|error| match error.field() {
        "document_type" => error.to_string().replacen("document_type", "--document-type", 1),
        "customer" => error.to_string().replacen("customer", "--customer", 1),
        _ => format!("{shown} can't be submitted: its {error}"),
    })
}
