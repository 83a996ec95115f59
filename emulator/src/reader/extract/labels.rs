//! Finds the labels of a document type in a document.

use std::collections::HashMap;

use super::run_text::RunText;
use crate::Location;
use crate::document_type::DocumentType;
use crate::reader::pdf::{Area, Page, Run};
use crate::text::label_key;

/// No label has more words than this.
const MAX_LABEL_WORDS: usize = 8;

/// A document's text with the labels in it.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) pages: Vec<LabelledPage<'a>>,
}

/// A page's lines with the labels in them.
#[derive(Debug)]
pub(crate) struct LabelledPage<'a> {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) lines: Vec<LabelledLine<'a>>,
    source: &'a Page,
}

/// A line's runs with the labels in them.
#[derive(Debug)]
pub(crate) struct LabelledLine<'a> {
    pub(crate) baseline: f64,
    pub(crate) runs: Vec<LabelledRun<'a>>,
}

/// A run and the labels in it.
#[derive(Debug)]
pub(crate) struct LabelledRun<'a> {
    pub(crate) run: &'a Run,
    pub(crate) text: String,
    pub(crate) labels: Vec<Label>,
}

/// A label in a run's text.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) meanings: Vec<Meaning>,
    /// The first byte in the run's text.
    pub(crate) start: usize,
    /// The byte after the last one, punctuation not counted.
    pub(crate) end: usize,
    /// Nothing but signs precedes it.
    pub(crate) at_start: bool,
    /// Nothing but signs follows it.
    pub(crate) at_end: bool,
    /// A colon follows it.
    pub(crate) has_colon: bool,
}

/// How certainly a label stands for a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// It may, where nothing better is there.
    Faint,
    /// It often does.
    Weak,
    /// It stands for nothing else.
    Strong,
}

/// What a label stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// For a field, by its index.
    Field {
        /// The index among the document type's fields.
        index: usize,
        /// How certainly.
        strength: Strength,
    },
    /// For the block that names the buyer.
    Buyer,
    /// For a value that is none of the fields.
    Other,
}

impl Label {
    /// How certainly the label stands for a field, if it does at all.
    pub(crate) fn stands_for(&self, field: usize) -> Option<Strength> {
        let strengths = self.meanings.iter().filter_map(|meaning| match meaning {
            Meaning::Field { index, strength } if *index == field => Some(*strength),
            Meaning::Field { .. } | Meaning::Buyer | Meaning::Other => None,
        });
        strengths.max()
    }

    pub(crate) fn names_the_buyer(&self) -> bool {
        self.meanings.contains(&Meaning::Buyer)
    }
}

impl LabelledRun<'_> {
    /// The label that is all of the run, or that the run begins with and a colon ends.
    pub(crate) fn heading(&self) -> Option<&Label> {
        self.labels
            .first()
            .filter(|label| label.at_start && (label.at_end || label.has_colon))
    }
}

impl<'a> Document<'a> {
    pub(crate) fn new(pages: &'a [Page], document_type: &DocumentType) -> Self {
        let index = LabelIndex::new(document_type);
        let labelled_run = |run: &'a Run| {
            let text = RunText::new(run);
            LabelledRun {
                run,
                labels: index.find(&text),
                text: text.text,
            }
        };
        let pages = pages.iter().map(|page| LabelledPage {
            width: page.width,
            height: page.height,
            source: page,
            lines: page
                .lines
                .iter()
                .map(|line| LabelledLine {
                    baseline: line.baseline,
                    runs: line.runs.iter().map(labelled_run).collect(),
                })
                .collect(),
        });
        Self {
            pages: pages.collect(),
        }
    }

    /// Where an area of a page is, as the service reports it.
    pub(crate) fn location(&self, page: usize, area: Area) -> Option<Location> {
        Some(Location::new(page, self.pages.get(page)?.source, area))
    }

    /// All runs, with the indices of their page and line and their own.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (Place, &LabelledRun<'a>)> {
        self.pages.iter().enumerate().flat_map(|(page, contents)| {
            contents
                .lines
                .iter()
                .enumerate()
                .flat_map(move |(line, row)| {
                    row.runs
                        .iter()
                        .enumerate()
                        .map(move |(run, found)| (Place { page, line, run }, found))
                })
        })
    }
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) page: usize,
    pub(crate) line: usize,
    pub(crate) run: usize,
}

struct LabelIndex {
    meanings: HashMap<String, Vec<Meaning>>,
}

impl LabelIndex {
    fn new(document_type: &DocumentType) -> Self {
        let mut index = Self {
            meanings: HashMap::new(),
        };
        for (number, field) in document_type.field_list().iter().enumerate() {
            for (labels, strength) in [
                (&field.labels, Strength::Strong),
                (&field.weak_labels, Strength::Weak),
                (&field.faint_labels, Strength::Faint),
            ] {
                let meaning = Meaning::Field {
                    index: number,
                    strength,
                };
                index.add(labels, meaning);
            }
        }
        index.add(document_type.buyer_labels(), Meaning::Buyer);
        index.add(document_type.other_labels(), Meaning::Other);
        index
    }

    fn add(&mut self, labels: &[String], meaning: Meaning) {
        for label in labels {
            let meanings = self.meanings.entry(label_key(label)).or_default();
            if !meanings.contains(&meaning) {
                meanings.push(meaning);
            }
        }
    }

    /// The labels of a run from left to right, each the longest that begins where it does.
    fn find(&self, run: &RunText) -> Vec<Label> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < run.tokens.len() {
            match longest_match(run, at, |key| self.meanings.get(key)) {
                // In the middle of a text, "no." or "#" alone labels nothing: "1425 Broadway #20".
                Some((1, _)) if at > 0 && is_number_word(run, at) => at += 1,
                Some((count, meanings)) => {
                    let count = if is_number_word(run, at + count) {
                        count + 1
                    } else {
                        count
                    };
                    let (start, end) = span(run, at, count);
                    let behind = run.text.get(end..).unwrap_or_default();
                    found.push(Label {
                        meanings: meanings.clone(),
                        start,
                        end,
                        at_start: at == 0,
                        at_end: at + count == run.tokens.len(),
                        has_colon: behind
                            .trim_start_matches([' ', '.', ')', '*'])
                            .starts_with([':', '：', '=']),
                    });
                    at += count;
                }
                None => at += 1,
            }
        }
        found
    }
}

fn is_number_word(run: &RunText, at: usize) -> bool {
    run.tokens.get(at).is_some_and(|token| token.plain == "no")
}

/// The longest row of tokens from `at` on whose key is known, as their number and what is known.
pub(crate) fn longest_match<T>(
    run: &RunText,
    at: usize,
    known: impl Fn(&str) -> Option<T>,
) -> Option<(usize, T)> {
    let mut key = String::new();
    let mut best = None;
    for (count, token) in run.tokens.iter().skip(at).take(MAX_LABEL_WORDS).enumerate() {
        key.push_str(&token.plain);
        if let Some(found) = known(&key) {
            best = Some((count + 1, found));
        }
    }
    best
}

/// The bytes that `count` tokens from `at` on take.
pub(crate) fn span(run: &RunText, at: usize, count: usize) -> (usize, usize) {
    let start = run.tokens.get(at).map_or(0, |token| token.start);
    let end = run.tokens.get(at + count - 1).map_or(0, |token| token.end);
    (start, end)
}
