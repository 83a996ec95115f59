//! The text of a document, line by line.

use serde::Serialize;

use crate::Location;
use crate::pdf::{Area, Page};

/// A line of text and its place.
///
/// That the service has text blocks, and how they are asked for, is a third party's description; what they look like nobody describes. So this shape is an assumption: the text, and
/// the page and box in the form of a field's value.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TextBlock {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
    page_number: usize,
    text: String,
}

/// The lines of all pages, from top to bottom.
pub(crate) fn text_blocks(pages: &[Page]) -> Vec<TextBlock> {
    let lines = pages
        .iter()
        .enumerate()
        .flat_map(|(number, page)| page.lines.iter().map(move |line| (number, page, line)));
    let blocks = lines.filter_map(|(number, page, line)| {
        let area = line.runs.iter().map(|run| run.area).reduce(Area::union)?;
        let text: Vec<String> = line.runs.iter().map(crate::pdf::Run::text).collect();
        let Location {
            page_number,
            x,
            y,
            width,
            height,
        } = Location::new(number, page, area);
        Some(TextBlock {
            x,
            y,
            width,
            height,
            page_number,
            text: text.join(" "),
        })
    });
    blocks.collect()
}
