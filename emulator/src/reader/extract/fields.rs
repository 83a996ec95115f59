//! Finds the values of fields by their labels.
//!
//! A candidate's score is a product, each factor from 0 to 1:
//!
//! * the label: 1 if it stands for this field and nothing else, 0.8 or 0.7 if it may mean something
//!   else; less in the middle of a text;
//! * the position: 1 after the label in the same run of text, 0.97 to its right, 0.92 or less
//!   below it; less with words in between;
//! * the value: how well it fits the type (see `values`), such as 1 for an amount with two decimals
//!   and 0.7 for a bare number.
//!
//! A label alone is never quite certain, so that [`LABEL_SCORE`](super::candidate::LABEL_SCORE) is
//! a factor too. Amounts that add up, as net and tax do to the total, go half of the way to 1.

use std::collections::HashSet;

use super::candidate::{Candidate, MAX_SCORE, Taken};
use super::evidence::Evidence;
use super::labels::{Document, Label, LabelledRun, Place, Strength};
use super::values::{self, Value};
use super::{money, supplier};
use crate::document_type::{DataType, DocumentType, Field, Form};
use crate::reader::pdf::Area;
use crate::text::tokens;
use crate::{FoundField, FoundValue};

/// What is less likely than this is not returned.
const MIN_SCORE: f64 = 0.25;
/// No more candidates than this are returned.
const MAX_CANDIDATES: usize = 3;

/// A value below its label is looked for in no more lines than this; in real documents it is in the
/// next few.
const MAX_LINES_BELOW: usize = 40;

/// All fields of the document type, each with its candidates.
pub(crate) fn find(
    document: &Document<'_>,
    document_type: &DocumentType,
    evidence: &Evidence,
    taken: &Taken,
) -> Vec<FoundField> {
    let search = Search {
        document,
        evidence,
        taken,
    };
    let fields = document_type.field_list();
    let mut all: Vec<Vec<Candidate>> = fields
        .iter()
        .enumerate()
        .map(|(index, field)| search.labelled(index, field))
        .collect();
    for (index, field) in fields.iter().enumerate() {
        let more = match (field.data_type, field.form) {
            (DataType::Author, _) => supplier::find(document, index),
            (DataType::String, Form::Currency) => {
                let totals = position_of_total(fields).and_then(|total| all.get(total));
                money::find(document, totals.map_or(&[], Vec::as_slice))
            }
            _ => search.unlabelled(field, fields, &all, index),
        };
        if let Some(candidates) = all.get_mut(index) {
            if field.data_type == DataType::Author {
                candidates.clear();
            }
            candidates.extend(more);
        }
    }
    money::reward_sums(fields, &mut all);

    fields
        .iter()
        .zip(all)
        .map(|(field, candidates)| FoundField {
            name: field.name.clone(),
            data_type: field.data_type,
            multiple_values: Some(false),
            values: search.best(field, candidates),
        })
        .collect()
}

struct Search<'a> {
    document: &'a Document<'a>,
    evidence: &'a Evidence,
    taken: &'a Taken,
}

impl Search<'_> {
    /// The candidates at all labels of a field.
    fn labelled(&self, index: usize, field: &Field) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (place, run) in self.document.runs() {
            if self.taken.contains(&(place.page, place.line)) {
                continue;
            }
            for (number, label) in run.labels.iter().enumerate() {
                let Some(strength) = label.stands_for(index) else {
                    continue;
                };
                let mut weight = match strength {
                    Strength::Strong => 1.0,
                    Strength::Weak => 0.8,
                    Strength::Faint => 0.7,
                };
                if !label.at_start {
                    let is_sentence = run.run.words.len() > 10;
                    weight *= if is_sentence { 0.5 } else { 0.8 };
                }
                let at = At {
                    place,
                    run,
                    label,
                    next_label: run.labels.get(number + 1),
                    weight,
                    is_strong: strength == Strength::Strong,
                };
                if field.data_type == DataType::Number {
                    candidates.extend(self.amounts(field, &at));
                } else {
                    candidates.extend(self.beside(field, &at));
                }
            }
        }
        candidates
    }

    /// The value in the label's run, or in one of the next runs of the line, or below.
    fn beside(&self, field: &Field, at: &At<'_>) -> Vec<Candidate> {
        let read = |text: &str| self.read(text, field, at.is_strong);
        let (own, rest) = at.text_after();
        let is_text = field.data_type == DataType::String && field.form == Form::Text;
        for (text, weight) in [(own, 1.0), (rest, 0.8)] {
            if is_text && weight < 1.0 {
                continue;
            }
            let found = read(text);
            if let Some(first) = found.first() {
                let words = tokens(text.get(..first.start).unwrap_or_default()).len();
                let weight = at.weight * weight * between(words);
                return self.candidates(&found, at.label.end, weight, at.place);
            }
        }
        if !tokens(rest).is_empty() && !is_remark(rest) {
            return Vec::new();
        }
        for (steps, place, run) in self.to_the_right(at).take(3) {
            if run.heading().is_some() {
                break;
            }
            let found = read(&run.text);
            if !found.is_empty() {
                let weight = if steps == 0 { 0.97 } else { 0.8 };
                return self.candidates(&found, 0, at.weight * weight, place);
            }
            if field.form == Form::Code && tokens(&run.text).iter().any(|token| token.plain != "no")
            {
                break;
            }
        }
        self.below(at, &read)
    }

    /// The nearest run below the label, if a value can be read from it.
    fn below(&self, at: &At<'_>, read: &dyn Fn(&str) -> Vec<Value>) -> Vec<Candidate> {
        if !at.label.at_start {
            return Vec::new();
        }
        let Some(page) = self.document.pages.get(at.place.page) else {
            return Vec::new();
        };
        let label = area_of(at.run, at.label.start, at.label.end);
        let own = page
            .lines
            .get(at.place.line)
            .map_or(0.0, |line| line.baseline);
        for (number, line) in page
            .lines
            .iter()
            .enumerate()
            .skip(at.place.line + 1)
            .take(MAX_LINES_BELOW)
        {
            let distance = (line.baseline - own) / at.run.run.font_size;
            if distance > 3.3 || self.taken.contains(&(at.place.page, number)) {
                break;
            }
            let beneath = line.runs.iter().enumerate().find(|(_, run)| {
                run.run.area.shared_width(label) > 0.0
                    || (run.run.area.left - label.left).abs() < 4.0
            });
            let Some((position, run)) = beneath else {
                continue;
            };
            if run.heading().is_some() || run.run.words.len() > 6 {
                break;
            }
            let found = read(&run.text);
            let weight = if distance <= 2.0 { 0.92 } else { 0.85 };
            let place = Place {
                page: at.place.page,
                line: number,
                run: position,
            };
            return self.candidates(&found, 0, at.weight * weight, place);
        }
        Vec::new()
    }

    /// The amounts in the row of the label, or the one below it.
    fn amounts(&self, field: &Field, at: &At<'_>) -> Vec<Candidate> {
        let read = |text: &str| self.read(text, field, at.is_strong);
        let (own, rest) = at.text_after();
        let own = Some(read(own))
            .filter(|found| !found.is_empty())
            .unwrap_or_else(|| read(rest));
        let mut row: Vec<Candidate> = Vec::new();
        for value in &own {
            let words = tokens(rest.get(..value.start).unwrap_or_default()).len();
            let weight = at.weight * between(words);
            row.push(Candidate::new(value, at.label.end, weight, at.place));
        }
        for (_, place, run) in self.to_the_right(at) {
            let names_another = run.labels.first().is_some_and(|label| label.at_start);
            if names_another {
                break;
            }
            let found = read(&run.text);
            let has_words = run.text.split(' ').filter(|word| word.len() > 3).count() > 2;
            if found.is_empty() && (!row.is_empty() || has_words) {
                break;
            }
            for value in &found {
                row.push(Candidate::new(value, 0, at.weight * 0.97, place));
            }
        }
        if row.is_empty() {
            if !at.label.at_end || !at.label.at_start {
                return row;
            }
            let mut found = self.below(at, &read);
            for candidate in &mut found {
                candidate.score *= 0.8;
            }
            return found;
        }
        let chosen = if field.last_in_row { row.len() - 1 } else { 0 };
        for (position, candidate) in row.iter_mut().enumerate() {
            candidate.score *= if position == chosen { 1.0 } else { 0.5 };
        }
        row
    }

    /// Candidates that no label leads to: after another field's value, or all alone.
    fn unlabelled(
        &self,
        field: &Field,
        fields: &[Field],
        all: &[Vec<Candidate>],
        index: usize,
    ) -> Vec<Candidate> {
        let leader = field
            .behind
            .as_ref()
            .and_then(|name| fields.iter().position(|other| other.name == *name))
            .and_then(|position| all.get(position));
        let mut found: Vec<Candidate> = Vec::new();
        for candidate in leader.into_iter().flatten() {
            let Some((place, run)) = candidate.place.and_then(|place| self.run(place)) else {
                continue;
            };
            let rest = run.text.get(candidate.end..).unwrap_or_default();
            let read = self.read(rest, field, false);
            if let Some(first) = read.first()
                && tokens(rest.get(..first.start).unwrap_or_default()).len() <= 2
            {
                found.extend(self.candidates(&read, candidate.end, candidate.score * 0.97, place));
            }
        }
        let has_labelled = all.get(index).is_some_and(|labelled| !labelled.is_empty());
        if !found.is_empty() || has_labelled || !field.unlabelled {
            return found;
        }
        for (place, run) in self.document.runs() {
            let page = self.document.pages.get(place.page);
            let is_on_top =
                place.page == 0 && page.is_some_and(|page| run.run.area.bottom < page.height / 2.0);
            if is_on_top && run.labels.is_empty() && run.run.words.len() <= 6 {
                let read = self.read(&run.text, field, false);
                found.extend(self.candidates(&read, 0, 0.4, place));
            }
        }
        // Two dates and no label: it is not known which is meant.
        let distinct: HashSet<Option<Place>> =
            found.iter().map(|candidate| candidate.place).collect();
        if distinct.len() > 1 {
            found.clear();
        }
        found
    }

    /// The best candidates as values, or one that says that there is none.
    fn best(&self, field: &Field, mut candidates: Vec<Candidate>) -> Vec<FoundValue> {
        let prefers_largest = field.data_type == DataType::Number;
        candidates.retain(|candidate| candidate.score >= MIN_SCORE);
        candidates.sort_by(|a, b| {
            let by_score = b.score.total_cmp(&a.score);
            let by_place = a.place.cmp(&b.place);
            if prefers_largest {
                by_score
                    .then(money::magnitude(&b.text).cmp(&money::magnitude(&a.text)))
                    .then(by_place)
            } else {
                by_score.then(by_place)
            }
        });
        let mut values: Vec<FoundValue> = Vec::new();
        for candidate in candidates {
            let is_known = values
                .iter()
                .any(|value| value.value.as_deref() == Some(candidate.text.as_str()));
            if is_known || values.len() == MAX_CANDIDATES {
                continue;
            }
            let location = candidate
                .place
                .and_then(|place| self.run(place))
                .and_then(|(place, run)| self.document.location(place.page, run.run.area));
            let location = location.filter(|_| field.data_type != DataType::Author);
            values.push(FoundValue::new(
                candidate.text,
                candidate.score.min(MAX_SCORE),
                location,
            ));
        }
        if values.is_empty() {
            values.push(FoundValue::nothing());
        }
        values
    }

    /// The values of a field's type in a text; `is_strong` where its label means this field alone.
    fn read(&self, text: &str, field: &Field, is_strong: bool) -> Vec<Value> {
        values::read(text, field.data_type, field.form, is_strong, self.evidence)
    }

    fn candidates(
        &self,
        values: &[Value],
        base: usize,
        weight: f64,
        place: Place,
    ) -> Vec<Candidate> {
        values
            .iter()
            .map(|value| Candidate::new(value, base, weight, place))
            .collect()
    }

    fn run(&self, place: Place) -> Option<(Place, &LabelledRun<'_>)> {
        let line = self.document.pages.get(place.page)?.lines.get(place.line)?;
        Some((place, line.runs.get(place.run)?))
    }

    /// The runs to the right of a run, counted from 0. A value in a larger font may have another
    /// baseline, so the neighbouring lines are searched too.
    fn to_the_right(&self, at: &At<'_>) -> impl Iterator<Item = (usize, Place, &LabelledRun<'_>)> {
        let Place { page, line, .. } = at.place;
        let own = at.run.run.area;
        let lines = self
            .document
            .pages
            .get(page)
            .map_or(&[][..], |page| page.lines.as_slice());
        let mut found: Vec<(Place, &LabelledRun<'_>)> = lines
            .iter()
            .enumerate()
            .skip(line.saturating_sub(2))
            .take(5)
            .flat_map(|(line, row)| {
                row.runs
                    .iter()
                    .enumerate()
                    .map(move |(run, found)| (Place { page, line, run }, found))
            })
            .filter(|(other, run)| {
                let area = run.run.area;
                let is_level = other.line == line
                    || own.shared_height(area) > 0.6 * own.height().min(area.height());
                is_level && area.left >= own.right - 1.0
            })
            .collect();
        found.sort_by(|a, b| a.1.run.area.left.total_cmp(&b.1.run.area.left));
        found
            .into_iter()
            .enumerate()
            .map(|(steps, (place, run))| (steps, place, run))
    }
}

/// A label of the field that is looked for.
struct At<'a> {
    place: Place,
    run: &'a LabelledRun<'a>,
    label: &'a Label,
    next_label: Option<&'a Label>,
    weight: f64,
    is_strong: bool,
}

impl<'a> At<'a> {
    /// What comes after the label in its run: until the next label, and all of it.
    fn text_after(&self) -> (&'a str, &'a str) {
        let rest = self.run.text.get(self.label.end..).unwrap_or_default();
        let own = self
            .next_label
            .and_then(|next| rest.get(..next.start - self.label.end));
        (own.unwrap_or(rest), rest)
    }
}

/// The factor for words between a label and its value.
fn between(words: usize) -> f64 {
    match words {
        0 => 1.0,
        1..=3 => 0.92,
        4..=6 => 0.75,
        _ => 0.55,
    }
}

/// Whether what follows a label only explains it: "(EUR)", "no.".
fn is_remark(rest: &str) -> bool {
    let rest = rest.trim();
    rest.starts_with('(') && rest.trim_end_matches(':').ends_with(')')
        || tokens(rest).iter().all(|token| token.plain == "no")
}

/// The area of a part of a run's text: that of the words it touches.
fn area_of(run: &LabelledRun<'_>, start: usize, end: usize) -> Area {
    let mut position = 0;
    let mut covered: Option<Area> = None;
    for word in &run.run.words {
        let behind = position + word.text.len();
        if position < end && behind > start {
            covered = Some(covered.map_or(word.area, |area| area.union(word.area)));
        }
        position = behind + 1;
    }
    covered.unwrap_or(run.run.area)
}

/// The amount that others add up to.
fn position_of_total(fields: &[Field]) -> Option<usize> {
    fields.iter().position(|field| !field.sum_of.is_empty())
}
