//! The text of a document, line by line.

use bytes::Bytes;
use serde::Serialize;

use super::pdf::{Area, Page, Run};
use crate::Location;

/// A line of text and its place.
///
/// In the shape that was seen in responses of the synchronous call: the page counts from 1, unlike
/// that of a field's value, and the number from 0 over the whole document. There a block is a run
/// of text; here it is a line.
#[derive(Debug, Clone, Serialize)]
struct TextBlock {
    value: String,
    number: usize,
    page_number: usize,
    x: i64,
    y: i64,
    width: i64,
    height: i64,
}

/// The lines of all pages, from top to bottom, as JSON.
pub(super) fn to_json(pages: &[Page]) -> Bytes {
    let lines = pages
        .iter()
        .enumerate()
        .flat_map(|(number, page)| page.lines.iter().map(move |line| (number, page, line)));
    let blocks = lines.filter_map(|(page_number, page, line)| {
        let area = line.runs.iter().map(|run| run.area).reduce(Area::union)?;
        let text: Vec<String> = line.runs.iter().map(Run::text).collect();
        let Location {
            page_number,
            x,
            y,
            width,
            height,
        } = Location::new(page_number, page, area);
        Some(TextBlock {
            value: text.join(" "),
            number: 0,
            page_number: page_number + 1,
            x,
            y,
            width,
            height,
        })
    });
    let numbered = blocks.enumerate();
    let blocks: Vec<TextBlock> = numbered
        .map(|(number, block)| TextBlock { number, ..block })
        .collect();
    // Text and numbers always serialise.
    serde_json::to_vec(&blocks).unwrap_or_default().into()
}
