//! Reads a PDF and prints what was found:
//! `cargo run -p typless-emulator --example read -- invoice.pdf`.

use std::process::ExitCode;

use typless_emulator::{DocumentType, ExtractionResult, read};

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("Usage: read FILE.pdf");
        return ExitCode::FAILURE;
    };
    let document = match std::fs::read(&path) {
        Ok(document) => document,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    match read(&document, &DocumentType::line_item_invoice()) {
        Ok(findings) => {
            // The service gives every result its own id; here no result is stored.
            let object_id = "0".repeat(40);
            // Text and numbers always serialise.
            println!(
                "{}",
                serde_json::to_string_pretty(&ExtractionResult::new(&findings, &object_id, &path))
                    .unwrap_or_default()
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}
