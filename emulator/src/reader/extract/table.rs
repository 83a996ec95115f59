//! Recognises the header of a table of line items: which column is where.

use std::collections::HashMap;

use super::amounts::{self, DecimalSign};
use super::labels::{LabelledLine, longest_match, span};
use super::run_text::RunText;
use crate::document_type::{DataType, LineItems};
use crate::reader::pdf::{Area, Run};
use crate::text::{label_key, tokens};

/// A table's header.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) columns: Vec<HeaderColumn>,
    /// How many lines it takes.
    pub(crate) lines: usize,
}

/// A column, by its header.
#[derive(Debug, Clone)]
pub(crate) struct HeaderColumn {
    /// The column of the document type; none for one that is of no interest.
    pub(crate) column: Option<usize>,
    pub(crate) area: Area,
    pub(crate) is_number: bool,
    /// How certainly the label stands for the column, from 0 to 1.
    pub(crate) certainty: f64,
}

impl Header {
    /// The columns of the document type that are there.
    pub(crate) fn known(&self) -> Vec<usize> {
        let mut known: Vec<usize> = self.columns.iter().filter_map(|c| c.column).collect();
        known.sort_unstable();
        known
    }
}

/// Recognises headers by the labels of the document type's columns.
pub(crate) struct HeaderReader<'a> {
    items: &'a LineItems,
    meanings: HashMap<String, Vec<Meaning>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meaning {
    /// None for a label of a column that is of no interest.
    column: Option<usize>,
    is_strong: bool,
}

/// A piece of a header line: one label, or text that is none.
#[derive(Debug, Clone)]
struct Cell {
    text: String,
    area: Area,
    meanings: Vec<Meaning>,
    matched: usize,
}

impl<'a> HeaderReader<'a> {
    pub(crate) fn new(items: &'a LineItems) -> Self {
        let mut reader = Self {
            items,
            meanings: HashMap::new(),
        };
        for (index, column) in items.columns.iter().enumerate() {
            reader.add(&column.labels, Some(index), true);
            reader.add(&column.weak_labels, Some(index), false);
        }
        reader.add(&items.other_labels, None, true);
        reader
    }

    fn add(&mut self, labels: &[String], column: Option<usize>, is_strong: bool) {
        for label in labels {
            let meanings = self.meanings.entry(label_key(label)).or_default();
            // A column's strong label needs no weak one next to it.
            if !meanings.iter().any(|known| known.column == column) {
                meanings.push(Meaning { column, is_strong });
            }
        }
    }

    /// The header that begins in the first of the lines, if one does.
    pub(crate) fn read(&self, lines: &[LabelledLine<'_>]) -> Option<Header> {
        let first = lines.first()?;
        let upper = self.cells(first);
        let single = self.header(&upper, 1);
        let Some(second) = lines.get(1) else {
            return single;
        };
        let size = first.runs.first()?.run.font_size;
        if second.baseline - first.baseline > size * 1.9 || has_amounts(second) {
            return single;
        }
        let lower = self.cells(second);
        let stacked = self.header(&self.stack(&upper, &lower), 2);
        let below = self.header(&lower, 1);
        let count = |header: &Option<Header>| header.as_ref().map_or(0, |h| h.known().len());
        if count(&stacked) > count(&single) && count(&stacked) > count(&below) {
            stacked
        } else {
            single
        }
    }

    /// The pieces of a line.
    fn cells(&self, line: &LabelledLine<'_>) -> Vec<Cell> {
        line.runs
            .iter()
            .flat_map(|run| self.run_cells(run.run))
            .collect()
    }

    fn run_cells(&self, run: &Run) -> Vec<Cell> {
        let text = RunText::new(run);
        let mut cells: Vec<Cell> = Vec::new();
        let mut at = 0;
        while at < text.tokens.len() {
            if let Some((count, meanings)) = longest_match(&text, at, |key| self.meanings.get(key))
            {
                let (start, end) = span(&text, at, count);
                cells.push(Cell {
                    text: text.text.get(start..end).unwrap_or_default().to_owned(),
                    area: words_area(run, start, end),
                    meanings: meanings.clone(),
                    matched: count,
                });
                at += count;
            } else {
                // Words that are no label belong to the label before them: "Amount (net)".
                let (start, end) = span(&text, at, 1);
                let area = words_area(run, start, end);
                match cells.last_mut() {
                    Some(cell) => cell.area = cell.area.union(area),
                    None => cells.push(Cell {
                        text: text.text.clone(),
                        area,
                        meanings: Vec::new(),
                        matched: 0,
                    }),
                }
                at += 1;
            }
        }
        // An unknown word in front of a label belongs to it too: "Our price".
        if let [unknown, label, ..] = cells.as_mut_slice()
            && unknown.meanings.is_empty()
        {
            label.area = label.area.union(unknown.area);
            cells.remove(0);
        }
        cells
    }

    /// Joins the pieces of two lines that stand one above the other: "Unit" over "Price".
    fn stack(&self, upper: &[Cell], lower: &[Cell]) -> Vec<Cell> {
        let mut cells = upper.to_vec();
        for below in lower {
            let above = cells
                .iter_mut()
                .find(|cell| cell.area.shared_width(below.area) > 0.0);
            let Some(above) = above else {
                cells.push(below.clone());
                continue;
            };
            let joined = format!("{} {}", above.text, below.text);
            let run = RunText {
                tokens: tokens(&joined),
                text: joined,
            };
            if let Some((count, meanings)) = longest_match(&run, 0, |key| self.meanings.get(key))
                && count > above.matched
            {
                above.meanings.clone_from(meanings);
                above.matched = count;
            } else if above.meanings.is_empty() {
                above.meanings.clone_from(&below.meanings);
                above.matched = below.matched;
            }
            above.text = run.text;
            above.area = above.area.union(below.area);
        }
        cells.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
        cells
    }

    /// The header of these pieces, if they name text and numbers of line items.
    fn header(&self, cells: &[Cell], lines: usize) -> Option<Header> {
        let words: usize = cells.iter().map(|cell| tokens(&cell.text).len()).sum();
        let matched: usize = cells.iter().map(|cell| cell.matched).sum();
        if cells.len() < 2 || matched * 2 < words || cells.len() > 16 {
            return None;
        }
        let mut assigned: Vec<Option<(usize, f64)>> = vec![None; cells.len()];
        let mut free: Vec<bool> = vec![true; self.items.columns.len()];
        for is_strong in [true, false] {
            for (cell, slot) in cells.iter().zip(assigned.iter_mut()) {
                if slot.is_some() || !is_strong && cell.is_of_no_interest() {
                    continue;
                }
                // Columns with weak labels in common are filled in the type's order, but text
                // before numbers: the description is worth more than the number of the product.
                let mut candidates: Vec<usize> = cell
                    .meanings
                    .iter()
                    .filter(|meaning| meaning.is_strong == is_strong)
                    .filter_map(|meaning| meaning.column)
                    .filter(|column| free.get(*column) == Some(&true))
                    .collect();
                candidates.sort_by_key(|column| self.is_code(*column));
                if let Some(column) = candidates.first() {
                    *slot = Some((*column, if is_strong { 1.0 } else { 0.85 }));
                    if let Some(free) = free.get_mut(*column) {
                        *free = false;
                    }
                }
            }
        }
        let mut columns: Vec<HeaderColumn> = cells
            .iter()
            .zip(assigned)
            .map(|(cell, slot)| HeaderColumn {
                column: slot.map(|(column, _)| column),
                area: cell.area,
                is_number: slot.is_some_and(|(column, _)| self.is_number(column)),
                certainty: slot.map_or(0.0, |(_, certainty)| certainty),
            })
            .collect();
        columns.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
        let names = |number: bool| {
            columns
                .iter()
                .any(|c| c.column.is_some() && c.is_number == number)
        };
        (names(true) && names(false)).then_some(Header { columns, lines })
    }

    fn is_number(&self, column: usize) -> bool {
        self.items
            .columns
            .get(column)
            .is_some_and(|column| column.data_type == DataType::Number)
    }

    fn is_code(&self, column: usize) -> bool {
        self.items
            .columns
            .get(column)
            .is_some_and(|column| column.form == crate::document_type::Form::Code)
    }
}

impl Cell {
    fn is_of_no_interest(&self) -> bool {
        self.meanings.iter().any(|meaning| meaning.column.is_none())
    }
}

/// Whether a line has amounts in it, as headers do not.
pub(crate) fn has_amounts(line: &LabelledLine<'_>) -> bool {
    line.runs.iter().any(|run| {
        amounts::find(&run.text, DecimalSign::Unknown)
            .iter()
            .any(amounts::Amount::looks_like_money)
    })
}

/// The area of the words that a part of the run's text touches.
fn words_area(run: &Run, start: usize, end: usize) -> Area {
    let mut position = 0;
    let mut covered: Option<Area> = None;
    for word in &run.words {
        let behind = position + word.text.len();
        if position < end && behind > start {
            covered = Some(covered.map_or(word.area, |area| area.union(word.area)));
        }
        position = behind + 1;
    }
    covered.unwrap_or(run.area)
}
