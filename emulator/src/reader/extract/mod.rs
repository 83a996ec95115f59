//! Finds the fields and line items of a document type in the text of a document.

mod amounts;
mod candidate;
mod cells;
mod company;
mod currency;
mod dates;
mod decimal;
mod evidence;
mod fields;
mod labels;
mod money;
mod rows;
mod run_text;
mod supplier;
mod table;
mod values;

use self::evidence::Evidence;
use self::labels::Document;
use crate::reader::pdf::Page;
use crate::{DocumentType, Findings};

/// Finds the fields and line items of the document type.
pub(crate) fn extract(pages: &[Page], document_type: &DocumentType) -> Findings {
    let document = Document::new(pages, document_type);
    let evidence = Evidence::new(&document);
    let table = rows::find(&document, document_type, &evidence);
    let fields = fields::find(&document, document_type, &evidence, &table.taken);
    Findings::new(
        fields,
        if document_type.has_line_items() {
            table.rows
        } else {
            Vec::new()
        },
    )
}
