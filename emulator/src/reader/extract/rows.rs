//! Reads the rows of the table of line items.

use std::collections::HashSet;

use super::candidate::Taken;
use super::cells::{self, Cell};
use super::evidence::Evidence;
use super::labels::{Document, LabelledLine, Meaning, Strength};
use super::table::{Header, HeaderReader};
use crate::document_type::{Column, DataType, DocumentType, Form};
use crate::reader::pdf::Area;
use crate::text::{label_key, tokens};
use crate::{FoundField, FoundValue, Location};

/// What was read of the table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The line items, each with all columns.
    pub(crate) rows: Vec<Vec<FoundField>>,
    /// The lines of headers and rows.
    pub(crate) taken: Taken,
}

/// Finds the line items of a document.
pub(crate) fn find(
    document: &Document<'_>,
    document_type: &DocumentType,
    evidence: &Evidence,
) -> Table {
    let reader = HeaderReader::new(document_type.line_items());
    let mut scan = Scan {
        document_type,
        evidence,
        carry: document_type
            .line_items()
            .carry_labels
            .iter()
            .map(|label| label_key(label))
            .collect(),
        header: None,
        state: State::Outside,
        pitch: f64::INFINITY,
        last: None,
        pending: Vec::new(),
        drafts: Vec::new(),
        open: false,
        taken: HashSet::new(),
    };
    for (number, page) in document.pages.iter().enumerate() {
        scan.begin_page();
        let mut line = 0;
        while let Some(rest) = page.lines.get(line..).filter(|rest| !rest.is_empty()) {
            match reader.read(rest) {
                Some(header) if scan.accepts(&header) => {
                    for taken in line..line + header.lines {
                        scan.taken.insert((number, taken));
                    }
                    line += header.lines;
                    scan.begin_table(header);
                }
                _ => {
                    scan.line(rest, number, line);
                    line += 1;
                }
            }
        }
    }
    scan.finish(document)
}

/// Where in a table the scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first header.
    Outside,
    /// Between rows.
    Inside,
    /// On a page after the table's first, where no header has come yet, or after a subtotal.
    Interrupted,
    /// Behind the totals.
    Ended,
}

struct Scan<'a> {
    document_type: &'a DocumentType,
    evidence: &'a Evidence,
    carry: Vec<String>,
    header: Option<Header>,
    state: State,
    /// The least distance between rows so far.
    pitch: f64,
    /// The baseline of the last line of the table on this page.
    last: Option<f64>,
    /// Lines of words that may belong to the next row: text, area, baseline.
    pending: Vec<(Vec<Cell>, f64)>,
    drafts: Vec<Draft>,
    /// Whether the last row may go on.
    open: bool,
    taken: Taken,
}

/// A row as it is put together, line by line.
#[derive(Debug)]
struct Draft {
    page: usize,
    baseline: f64,
    /// For each column of the document type: its text, area and certainty.
    cells: Vec<Option<(String, Area, f64)>>,
}

impl Scan<'_> {
    fn begin_page(&mut self) {
        self.last = None;
        self.open = false;
        self.pending.clear();
        if self.state == State::Inside {
            self.state = State::Interrupted;
        }
    }

    /// A second table counts only if it is the same one going on.
    fn accepts(&self, header: &Header) -> bool {
        match &self.header {
            None => true,
            Some(first) if self.drafts.is_empty() => {
                header.known().len() >= first.known().len() || self.state == State::Ended
            }
            Some(first) => first.known() == header.known(),
        }
    }

    fn begin_table(&mut self, header: Header) {
        self.header = Some(header);
        self.state = State::Inside;
        self.last = None;
        self.open = false;
        self.pending.clear();
    }

    fn line(&mut self, rest: &[LabelledLine<'_>], page: usize, number: usize) {
        let Some(line) = rest.first() else { return };
        let (Some(header), State::Inside | State::Interrupted) = (&self.header, self.state) else {
            return;
        };
        let size = line.runs.first().map_or(10.0, |run| run.run.font_size);
        if let Some(last) = self.last
            && self.state == State::Inside
            && line.baseline - last > (size * 9.0).max(self.pitch.min(200.0) * 3.5)
        {
            self.open = false;
            self.state = State::Interrupted;
        }
        let cells = cells::split(line, header);
        if self.is_carried(line, &cells) {
            self.taken.insert((page, number));
            self.last = Some(line.baseline);
            self.open = false;
            return;
        }
        match self.total(line, &cells) {
            Some(ends) => {
                self.open = false;
                self.pending.clear();
                self.state = if ends && !self.drafts.is_empty() {
                    State::Ended
                } else {
                    State::Interrupted
                };
            }
            None if self.is_row(&cells) => self.row(cells, line.baseline, size, page, number),
            None => self.words(cells, rest, size, page, number),
        }
    }

    /// Whether the line is a row: words and at least one number in their columns.
    fn is_row(&self, cells: &[Cell]) -> bool {
        let Some(header) = &self.header else {
            return false;
        };
        let column = |cell: &Cell| {
            header
                .columns
                .get(cell.column)
                .filter(|column| column.column.is_some())
        };
        let numbers = cells
            .iter()
            .filter(|cell| column(cell).is_some_and(|column| column.is_number))
            .filter(|cell| self.number(&cell.text).is_some())
            .count();
        let words: Vec<&Cell> = cells
            .iter()
            .filter(|cell| column(cell).is_some_and(|column| !column.is_number))
            .collect();
        if self.state != State::Interrupted {
            return numbers >= 2 || (numbers == 1 && !words.is_empty());
        }
        // Far from the header, a line must look the same as the rows before.
        let expected = header
            .columns
            .iter()
            .filter(|column| column.is_number && column.column.is_some())
            .count();
        let is_in_line = words.iter().any(|cell| {
            self.drafts.iter().rev().take(20).any(|draft| {
                draft
                    .cells
                    .iter()
                    .flatten()
                    .any(|(_, area, _)| (area.left - cell.area.left).abs() < 3.0)
            }) || self.drafts.is_empty()
        });
        numbers >= expected.min(2) && is_in_line
    }

    fn row(&mut self, cells: Vec<Cell>, baseline: f64, size: f64, page: usize, number: usize) {
        if let Some(last) = self.drafts.last()
            && last.page == page
            && self.state == State::Inside
        {
            self.pitch = self.pitch.min(baseline - last.baseline);
        }
        let mut draft = Draft {
            page,
            baseline,
            cells: vec![None; self.document_type.line_items().columns.len()],
        };
        // Words right above a row without a description are its description.
        let description = self.description();
        let lacks = !cells
            .iter()
            .any(|cell| self.column(cell).map(|(index, _)| index) == description);
        let waiting = std::mem::take(&mut self.pending);
        let close = if lacks { size * 2.2 } else { size * 1.35 };
        let starts_close = waiting
            .last()
            .is_some_and(|(_, above)| baseline - above <= close);
        if starts_close {
            for (words, _) in waiting {
                self.add(&mut draft, words, true);
            }
        }
        self.add(&mut draft, cells, false);
        self.drafts.push(draft);
        self.state = State::Inside;
        self.last = Some(baseline);
        self.open = true;
        self.taken.insert((page, number));
    }

    /// A line without numbers: more of the row before it, or the beginning of the next.
    fn words(
        &mut self,
        cells: Vec<Cell>,
        rest: &[LabelledLine<'_>],
        size: f64,
        page: usize,
        number: usize,
    ) {
        let Some(line) = rest.first() else { return };
        let reach = (size * 1.95).max(self.pitch.min(60.0) * 1.1);
        let gap = self.last.map_or(f64::INFINITY, |last| line.baseline - last);
        let in_columns = cells.iter().any(|cell| {
            self.column(cell)
                .is_some_and(|(index, _)| !self.is_number(index))
        });
        let next_gap = rest
            .get(1)
            .map_or(f64::INFINITY, |next| next.baseline - line.baseline);
        if self.open && in_columns && gap <= reach && gap <= next_gap * 1.3 {
            if let Some(mut draft) = self.drafts.pop() {
                self.add(&mut draft, cells, true);
                self.drafts.push(draft);
            }
            self.last = Some(line.baseline);
            self.taken.insert((page, number));
        } else if in_columns && self.state == State::Inside {
            let follows = self
                .pending
                .last()
                .is_none_or(|(_, above)| line.baseline - above <= size * 1.5);
            if !follows {
                self.pending.clear();
            }
            self.pending.push((cells, line.baseline));
            self.open = self.open && gap <= reach;
        } else {
            self.open = false;
        }
    }

    /// Whether the line is a total rather than a row, and whether it is the end of the table.
    fn total(&self, line: &LabelledLine<'_>, cells: &[Cell]) -> Option<bool> {
        let fields = self.document_type.field_list();
        let numbers = cells
            .iter()
            .filter(|cell| self.number(&cell.text).is_some())
            .count();
        if numbers == 0 && !super::table::has_amounts(line) {
            let is_split = line
                .runs
                .iter()
                .any(|run| !super::amounts::find(&run.text, self.evidence.decimal_sign).is_empty());
            if !is_split {
                return None;
            }
        }
        for run in &line.runs {
            let Some(label) = run.labels.first().filter(|label| label.at_start) else {
                continue;
            };
            let rest = run.text.get(label.end..).unwrap_or_default();
            let words = tokens(rest)
                .iter()
                .filter(|token| token.plain.chars().all(char::is_alphabetic))
                .count();
            let is_bare = label.at_end || label.has_colon || words == 0;
            if !is_bare && (numbers > 1 || words > 5) {
                continue;
            }
            let mut ends = None;
            for meaning in &label.meanings {
                if let Meaning::Field {
                    index,
                    strength: Strength::Strong,
                } = meaning
                    && let Some(field) = fields.get(*index)
                    && field.data_type == DataType::Number
                {
                    ends = Some(ends.unwrap_or(false) || !field.sum_of.is_empty());
                }
            }
            // "Tax: 0.2%" under a row describes it; a total has an amount.
            let only_percentage = line.runs.len() == 1
                && super::amounts::find(&run.text, self.evidence.decimal_sign)
                    .iter()
                    .all(|amount| amount.is_percentage);
            if ends.is_some() && !only_percentage {
                return ends;
            }
        }
        None
    }

    /// Whether the line only carries a sum from page to page. An item of the same name has more
    /// numbers.
    fn is_carried(&self, line: &LabelledLine<'_>, cells: &[Cell]) -> bool {
        let numbers = cells
            .iter()
            .filter(|cell| self.number(&cell.text).is_some())
            .count();
        numbers < 2
            && line.runs.first().is_some_and(|run| {
                let key = label_key(&run.text);
                self.carry
                    .iter()
                    .any(|carry| key.starts_with(carry.as_str()) && key.len() < carry.len() + 8)
                    && super::table::has_amounts(line)
            })
    }

    /// Adds cells to a row; in further lines only words count.
    fn add(&self, draft: &mut Draft, cells: Vec<Cell>, is_further: bool) {
        for cell in cells {
            let Some((index, certainty)) = self.column(&cell) else {
                continue;
            };
            let column = self.document_type.line_items().columns.get(index);
            let takes_more = column.is_some_and(|column| {
                column.data_type == DataType::String && column.form == Form::Text
            });
            let Some(slot) = draft.cells.get_mut(index) else {
                continue;
            };
            match slot {
                Some((text, area, _)) if takes_more => {
                    text.push(' ');
                    text.push_str(&cell.text);
                    *area = area.union(cell.area);
                }
                Some(_) => {}
                None if is_further && !takes_more => {}
                None => *slot = Some((cell.text, cell.area, certainty)),
            }
        }
    }

    fn column(&self, cell: &Cell) -> Option<(usize, f64)> {
        let column = self.header.as_ref()?.columns.get(cell.column)?;
        Some((column.column?, column.certainty))
    }

    fn is_number(&self, column: usize) -> bool {
        let columns = &self.document_type.line_items().columns;
        columns
            .get(column)
            .is_some_and(|column| column.data_type == DataType::Number)
    }

    /// The column of words that are not a code.
    fn description(&self) -> Option<usize> {
        self.document_type
            .line_items()
            .columns
            .iter()
            .position(|column| column.data_type == DataType::String && column.form == Form::Text)
    }

    fn number(&self, text: &str) -> Option<String> {
        cells::single_number(text, self.evidence.decimal_sign)
            .map(|amount| amount.value.to_string())
    }

    fn finish(self, document: &Document<'_>) -> Table {
        let columns = &self.document_type.line_items().columns;
        let rows = self
            .drafts
            .iter()
            .map(|draft| {
                columns
                    .iter()
                    .zip(&draft.cells)
                    .map(|(column, cell)| FoundField {
                        name: column.name.clone(),
                        data_type: column.data_type,
                        multiple_values: None,
                        values: vec![self.value(column, cell.as_ref(), |area| {
                            document.location(draft.page, area)
                        })],
                    })
                    .collect()
            })
            .collect();
        Table {
            rows,
            taken: self.taken,
        }
    }

    fn value(
        &self,
        column: &Column,
        cell: Option<&(String, Area, f64)>,
        locate: impl Fn(Area) -> Option<Location>,
    ) -> FoundValue {
        let Some((text, area, certainty)) = cell else {
            return FoundValue::nothing();
        };
        let value = match (column.data_type, column.form) {
            (DataType::Number, _) => self.number(text),
            (DataType::Date, _) => super::values::date_values(text, self.evidence)
                .into_iter()
                .next()
                .map(|value| value.text),
            (DataType::String, Form::Code) => {
                let is_code = text.contains(|c: char| c.is_ascii_digit()) || !text.contains(' ');
                is_code.then(|| text.clone())
            }
            (DataType::String | DataType::Author, _) => Some(text.clone()),
        };
        value.map_or_else(FoundValue::nothing, |value| {
            FoundValue::new(value, certainty * 0.96, locate(*area))
        })
    }
}
