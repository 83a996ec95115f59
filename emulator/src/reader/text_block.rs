//! The text of a document, line by line.

use bytes::Bytes;
use serde::Serialize;

use super::pdf::{Area, Page, Run};
use crate::Location;

/// A line of text and its place.
///
/// A third party describes that the service has text blocks and how they are requested, but not
/// their shape. This shape is an assumption: the text, and the page and box as in a field's value.
#[derive(Debug, Clone, Serialize)]
struct TextBlock {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
    page_number: usize,
    text: String,
}

/// The lines of all pages, from top to bottom, as JSON.
pub(super) fn to_json(pages: &[Page]) -> Bytes {
    let lines = pages
        .iter()
        .enumerate()
        .flat_map(|(number, page)| page.lines.iter().map(move |line| (number, page, line)));
    let blocks = lines.filter_map(|(number, page, line)| {
        let area = line.runs.iter().map(|run| run.area).reduce(Area::union)?;
        let text: Vec<String> = line.runs.iter().map(Run::text).collect();
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
    let blocks: Vec<TextBlock> = blocks.collect();
    // Text and numbers always serialise.
    serde_json::to_vec(&blocks).unwrap_or_default().into()
}
