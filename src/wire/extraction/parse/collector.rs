//! What earlier passes over a result have found.

use std::collections::BTreeMap;

use super::super::Extraction;
use super::super::candidate::Part;
use super::super::path::Place;
use super::known_names::KnownNames;
use super::location::Table;
use super::parse_error::{ParseError, ParseProblem, ParseProblemKind};
use super::placeholder::Placeholder;
use super::read_error::{Absent, Cause, ReadError, ReadErrorInner, Step};

/// What earlier passes over a result have found. Empty and without allocations until the first
/// error.
#[derive(Default)]
pub(super) struct Collector {
    document: TypeInfo,
    line_items: TypeInfo,
    vat_rates: TypeInfo,
    tree: Node,
    problems: Vec<ParseProblem>,
    has_more: bool,
    /// Whether a value was wrong that serde reads before it knows the type.
    has_untyped: bool,
    /// How many substitutions were made.
    substitutions: u32,
}

/// What is known of the type of the document, or of that of all rows of a table.
#[derive(Default)]
pub(super) struct TypeInfo {
    /// Required names that are offered without a value: a `Vec` reads that as an empty list.
    pub(super) offered: Vec<&'static str>,
    /// Names that the type denies. They are not offered again.
    pub(super) ignored: Vec<Box<str>>,
    /// Names other than fields that a type which takes all names did not ask for.
    pub(super) unclaimed: Vec<&'static str>,
    /// Whether the type is a map that takes only fields.
    pub(super) is_plain_map: bool,
    /// How many rows need not be read again: all their problems are known, and the value of this
    /// pass is discarded. This keeps the search in a long table linear.
    pub(super) settled_rows: usize,
}

/// A path in the result at which something is known.
#[derive(Default)]
pub(super) struct Node {
    pub(super) substitution: Option<Substitution>,
    names: BTreeMap<Box<str>, Self>,
    items: BTreeMap<usize, Self>,
}

/// What is offered instead of a value that is known to be wrong.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Substitution {
    /// The [`Placeholder`] with this number.
    Placeholder(u8),
    /// Nothing.
    Skip,
}

impl Collector {
    /// The most substitutions: a problem needs up to four, and its surroundings a few more.
    const MAX_SUBSTITUTIONS: u32 = 5 * ParseError::MAX_PROBLEMS as u32;

    pub(super) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Adds a problem for each name with a minimum confidence that is no field's.
    pub(super) fn add_unknown_names(&mut self, names: KnownNames) {
        for name in names.into_unknown() {
            if self.problems.len() == ParseError::MAX_PROBLEMS {
                self.has_more = true;
                return;
            }
            self.problems.push(ParseProblem {
                path: name,
                kind: ParseProblemKind::UnknownMinConfidence,
                expected: "a field".into(),
                text: None,
                message: None,
                place: Place::default(),
            });
        }
    }

    /// The problems, with their places on the document.
    pub(super) fn into_error(mut self, document: &Extraction) -> ParseError {
        if self.problems.is_empty() {
            self.problems.push(problem(
                &[],
                ReadError::unreadable("the result").into_inner(),
            ));
        }
        for problem in &mut self.problems {
            problem.place = document.place_at(&problem.path);
        }
        ParseError::new(self.problems, self.has_more)
    }

    pub(super) fn tree(&self) -> &Node {
        &self.tree
    }

    pub(super) fn document_info(&self) -> &TypeInfo {
        &self.document
    }

    pub(super) fn row_info(&self, table: Table) -> &TypeInfo {
        match table {
            Table::LineItems => &self.line_items,
            Table::VatRates => &self.vat_rates,
        }
    }

    /// Learns from the error that ended a pass, and returns whether another pass makes sense.
    pub(super) fn learn(&mut self, error: ReadError) -> bool {
        let mut error = error.into_inner();
        error.steps.reverse();
        let path = std::mem::take(&mut error.steps);
        let row = path.get(..2).unwrap_or_default().to_vec();
        let goes_on = self.learn_at(path, error);
        if let ([Step::Name(table), Step::Index(index)], true) =
            (row.as_slice(), self.has_problems())
        {
            if let Some(table) = Table::from_name(table) {
                self.row_info_mut(table).settled_rows = *index;
                // The table is no longer complete, so what its reader says of it is ignored from
                // now on.
                row.iter().fold(&mut self.tree, Node::child_or_new);
            }
        }
        goes_on
    }

    /// Learns from an error at this path.
    fn learn_at(&mut self, path: Vec<Step>, error: ReadErrorInner) -> bool {
        match error.cause {
            Cause::Unclaimed(name) if !self.document.unclaimed.contains(&name) => {
                self.document.unclaimed.push(name);
                true
            }
            Cause::PlainMap if !self.document.is_plain_map => {
                self.document.is_plain_map = true;
                true
            }
            Cause::Missing(name) if !self.is_known(&path) => match self.type_info_around(&path) {
                Some(info) if !info.offered.contains(&name) => {
                    info.offered.push(name);
                    true
                }
                _ => self.record(&path, error) && self.substitute(path),
            },
            Cause::Unexpected | Cause::Duplicate => {
                let Some(Step::Name(name)) = path.last().cloned() else {
                    return self.record(&path, error) && self.substitute(path);
                };
                let is_new = self.type_info_around(&path).is_some_and(|info| {
                    let is_new = !info.ignored.contains(&name);
                    info.ignored.push(name);
                    is_new
                });
                if is_new {
                    self.record(&path, error)
                } else {
                    self.substitute(path)
                }
            }
            // A struct around a substitute may reject the substitute: that is no new problem.
            _ if self.is_known(&path) => {
                // A whole record that has an untyped problem is left out, with what follows in it.
                self.has_more |= self.has_untyped && !matches!(path.last(), Some(Step::Name(_)));
                self.substitute(path)
            }
            _ if error.is_untyped => {
                self.has_untyped = true;
                self.record(&path, error) && self.substitute_from(path, Placeholder::UNTYPED)
            }
            _ => self.record(&path, error) && self.substitute(path),
        }
    }

    /// Adds a problem. Returns whether there was room for it.
    fn record(&mut self, path: &[Step], error: ReadErrorInner) -> bool {
        if self.problems.len() == ParseError::MAX_PROBLEMS {
            self.has_more = true;
            return false;
        }
        self.problems.push(problem(path, error));
        true
    }

    /// Makes the next substitution at this path, or around it when none is left there. Returns
    /// `false` if that would replace the whole result.
    fn substitute(&mut self, path: Vec<Step>) -> bool {
        self.substitute_from(path, 0)
    }

    /// The same, with this placeholder as the first.
    fn substitute_from(&mut self, mut path: Vec<Step>, start: u8) -> bool {
        self.substitutions += 1;
        if self.substitutions > Self::MAX_SUBSTITUTIONS {
            self.has_more = true;
            return false;
        }
        while let Some(last) = path.last() {
            let is_item = matches!(last, Step::Index(_));
            let node = path.iter().fold(&mut self.tree, Node::child_or_new);
            let next = match node.substitution {
                None if is_item => Some(Substitution::Skip),
                None => Some(Substitution::Placeholder(start)),
                Some(Substitution::Placeholder(attempt)) if attempt + 1 < Placeholder::COUNT => {
                    Some(Substitution::Placeholder(attempt + 1))
                }
                Some(Substitution::Placeholder(_)) => Some(Substitution::Skip),
                Some(Substitution::Skip) => None,
            };
            if next.is_some() {
                node.substitution = next;
                return true;
            }
            path.pop();
        }
        false
    }

    /// Whether a problem at this path or inside it is known.
    fn is_known(&self, path: &[Step]) -> bool {
        let node = path.iter().try_fold(&self.tree, |node, step| match step {
            Step::Name(name) => node.names.get(name),
            Step::Index(index) => node.items.get(index),
        });
        node.is_some_and(|node| {
            node.substitution.is_some() || !node.names.is_empty() || !node.items.is_empty()
        })
    }

    /// What is known of the struct that holds the last step of the path.
    fn type_info_around(&mut self, path: &[Step]) -> Option<&mut TypeInfo> {
        match path {
            [Step::Name(_)] => Some(&mut self.document),
            [Step::Name(table), Step::Index(_), Step::Name(_)] => {
                Table::from_name(table).map(|table| self.row_info_mut(table))
            }
            _ => None,
        }
    }

    fn row_info_mut(&mut self, table: Table) -> &mut TypeInfo {
        match table {
            Table::LineItems => &mut self.line_items,
            Table::VatRates => &mut self.vat_rates,
        }
    }
}

impl Node {
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.names.get(name)
    }

    pub(super) fn item(&self, index: usize) -> Option<&Self> {
        self.items.get(&index)
    }

    fn child_or_new<'n>(&'n mut self, step: &Step) -> &'n mut Self {
        match step {
            Step::Name(name) => self.names.entry(name.clone()).or_default(),
            Step::Index(index) => self.items.entry(*index).or_default(),
        }
    }
}

fn problem(path: &[Step], error: ReadErrorInner) -> ParseProblem {
    let kind = match error.cause {
        Cause::Absent(Absent::NoSuchField) => ParseProblemKind::NoSuchField,
        Cause::Absent(Absent::NotFound) => ParseProblemKind::NotFound,
        Cause::Absent(Absent::Repaired) => ParseProblemKind::Repaired,
        Cause::Absent(Absent::BelowMinConfidence {
            confidence,
            min_confidence,
        }) => ParseProblemKind::BelowMinConfidence {
            confidence,
            min_confidence,
        },
        Cause::Missing(name) if Part::NAMES.contains(&name) => ParseProblemKind::NotFound,
        Cause::Missing(_) => ParseProblemKind::NoSuchField,
        Cause::Unexpected => ParseProblemKind::Unexpected,
        Cause::Duplicate => ParseProblemKind::Ambiguous,
        _ if error.text.is_some() => ParseProblemKind::Unreadable,
        _ => ParseProblemKind::Rejected,
    };
    ParseProblem {
        path: written(path).into(),
        kind,
        expected: error.expected.unwrap_or_else(|| "a value".into()),
        text: error.text,
        message: error.message,
        place: Place::default(),
    }
}

/// A path as it is written for people: `line_items[2].price`.
fn written(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Name(name) if out.is_empty() => out.push_str(name),
            Step::Name(name) => out.extend([".", name]),
            Step::Index(index) => out.push_str(&format!("[{index}]")),
        }
    }
    out
}
