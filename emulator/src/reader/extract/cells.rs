//! Puts the text of a line into the columns of a table.

use super::amounts::{self, Amount, DecimalSign};
use super::labels::LabelledLine;
use super::table::{Header, HeaderColumn};
use crate::reader::pdf::{Area, Run, Word};
use crate::text::tokens;

/// Edges this close are meant to be in line, in points.
const ALIGNED: f64 = 3.0;

/// A piece of a line in a column.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// The index of the header's column.
    pub(crate) column: usize,
    pub(crate) text: String,
    pub(crate) area: Area,
}

/// The pieces of a line, each in the column it fits best, and those of one column joined.
pub(crate) fn split(line: &LabelledLine<'_>, header: &Header) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for run in &line.runs {
        for words in pieces(run.run, header) {
            let Some(area) = words.iter().map(|word| word.area).reduce(Area::union) else {
                continue;
            };
            let text: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            let text = text.join(" ");
            let Some(column) = best_column(&text, area, header) else {
                continue;
            };
            match cells.iter_mut().find(|cell| cell.column == column) {
                Some(cell) => {
                    cell.text = format!("{} {text}", cell.text);
                    cell.area = cell.area.union(area);
                }
                None => cells.push(Cell { column, text, area }),
            }
        }
    }
    cells
}

/// The one number that is all of a text, a unit or a currency aside.
pub(crate) fn single_number(text: &str, sign: DecimalSign) -> Option<Amount> {
    let found = amounts::find(text, sign);
    let [amount] = found.as_slice() else {
        return None;
    };
    let outside = format!("{} {}", text.get(..amount.start)?, text.get(amount.end..)?);
    let words = tokens(&outside);
    let is_unit = words.len() <= 1 && words.iter().all(|word| word.plain.len() <= 12);
    (is_unit && !amount.is_percentage).then(|| amount.clone())
}

fn best_column(text: &str, area: Area, header: &Header) -> Option<usize> {
    let is_number = single_number(text, DecimalSign::Unknown).is_some();
    // A lone currency sign goes with the number next to it.
    let is_sign = tokens(text).is_empty();
    let cost = |column: &HeaderColumn| {
        let edges = (area.left - column.area.left)
            .abs()
            .min((area.right - column.area.right).abs())
            .min((area.middle() - column.area.middle()).abs());
        let shared = area.shared_width(column.area);
        let narrower = area.width().min(column.area.width()).max(1.0);
        let bonus = if shared > 0.0 {
            25.0 * (shared / narrower).min(1.0)
        } else {
            0.0
        };
        edges.max(-shared) - bonus
    };
    header
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| is_number || is_sign || !column.is_number || holds_words(text))
        .filter(|(_, column)| {
            is_number || is_sign || !column.is_number || area.shared_width(column.area) > 0.0
        })
        .map(|(index, column)| {
            // Words under the header of numbers are likely the end of something to the left, but
            // may be "free".
            let misfit = if column.is_number && !is_number && !is_sign {
                60.0
            } else {
                0.0
            };
            (index, cost(column) + misfit)
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(index, _)| index)
}

/// Whether a text is short enough to stand in a column of numbers.
fn holds_words(text: &str) -> bool {
    text.len() <= 40
}

/// The run in pieces, where it runs from one column into the next.
fn pieces<'a>(run: &'a Run, header: &Header) -> Vec<&'a [Word]> {
    let mut pieces = Vec::new();
    let mut rest = run.words.as_slice();
    while let Some(at) = (1..rest.len()).find(|at| begins_column(rest, *at, run.font_size, header))
    {
        let (piece, behind) = rest.split_at(at);
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

/// Whether another column begins with the word at `at`.
fn begins_column(words: &[Word], at: usize, font_size: f64, header: &Header) -> bool {
    let (Some(first), Some(before), Some(word)) = (words.first(), words.get(at - 1), words.get(at))
    else {
        return false;
    };
    let gap = word.area.left - before.area.right;
    let starts_with =
        |column: &HeaderColumn, word: &Word| (word.area.left - column.area.left).abs() < ALIGNED;
    let is_next = header.columns.iter().any(|column| {
        starts_with(column, word)
            && !starts_with(column, first)
            && column.area.left > first.area.left
    });
    if is_next && gap > font_size * 0.45 {
        return true;
    }
    // Numbers flush right under the header of numbers, right after a long text.
    let Some(tail) = words.get(at..) else {
        return false;
    };
    let Some(area) = tail.iter().map(|word| word.area).reduce(Area::union) else {
        return false;
    };
    let text: Vec<&str> = tail.iter().map(|word| word.text.as_str()).collect();
    let is_number = single_number(&text.join(" "), DecimalSign::Unknown).is_some();
    is_number
        && header.columns.iter().any(|column| {
            column.is_number
                && (area.right - column.area.right).abs() < ALIGNED
                && area.shared_width(column.area) > 0.0
                && first.area.left < column.area.left - font_size
        })
}
