//! What the readings of a result have taught so far.

use std::collections::BTreeMap;

use super::location::{PART_NAMES, Table};
use super::parse_error::{ParseError, ParseProblem, ParseProblemKind};
use super::placeholder::Placeholder;
use super::read_error::{Absent, Cause, ReadError, ReadErrorInner, Step};

/// What the readings of a result have taught so far. Empty, and without a heap of its own, as long as nothing went wrong.
#[derive(Default)]
pub(super) struct Collector {
    document: TypeInfo,
    line_items: TypeInfo,
    vat_rates: TypeInfo,
    tree: Node,
    problems: Vec<ParseProblem>,
    has_more: bool,
    /// How often something was put in the location of another.
    repairs: u32,
}

/// What holds for the document, or for all rows of a table: learned once, not once for each row.
#[derive(Default)]
pub(super) struct TypeInfo {
    /// Required names that come although there is no value: a `Vec` takes that as an empty one.
    pub(super) offered: Vec<&'static str>,
    /// Names that the type refuses; they don't come again.
    pub(super) ignored: Vec<Box<str>>,
    /// Names besides the fields which nobody asked for, by a type that takes all names.
    pub(super) unclaimed: Vec<&'static str>,
    /// Whether the type is a map that takes nothing but fields.
    pub(super) is_plain_map: bool,
    /// How many rows need not be read again, since nothing in them is left to be found, and the result will not be handed out. So the search for
    /// all problems of a long table takes hardly longer than that for the first.
    pub(super) settled_rows: usize,
}

/// A location in the result of which something is known.
#[derive(Default)]
pub(super) struct Node {
    pub(super) substitution: Option<Substitution>,
    names: BTreeMap<Box<str>, Self>,
    items: BTreeMap<usize, Self>,
}

/// What is done about a location that is known to be wrong.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Substitution {
    /// A [`Placeholder`] of this number comes in its location.
    Placeholder(u8),
    /// It does not come at all.
    Skip,
}

impl Collector {
    /// Readings end after this many repairs: each problem may take three, and its surroundings a few more.
    const MAX_REPAIRS: u32 = 4 * ParseError::MAX_PROBLEMS as u32;

    pub(super) fn found_nothing(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn into_error(mut self) -> ParseError {
        if self.problems.is_empty() {
            self.problems.push(problem(
                &[],
                ReadError::unreadable("what the result is").into_inner(),
            ));
        }
        ParseError::new(self.problems, self.has_more)
    }

    pub(super) fn tree(&self) -> &Node {
        &self.tree
    }

    pub(super) fn document(&self) -> &TypeInfo {
        &self.document
    }

    pub(super) fn rows(&self, table: Table) -> &TypeInfo {
        match table {
            Table::LineItems => &self.line_items,
            Table::VatRates => &self.vat_rates,
        }
    }

    /// Learns from what ended a reading; whether another reading makes sense.
    pub(super) fn learn(&mut self, error: ReadError) -> bool {
        let mut error = error.into_inner();
        error.steps.reverse();
        let path = std::mem::take(&mut error.steps);
        let row = path.get(..2).unwrap_or_default().to_vec();
        let goes_on = self.learn_at(path, error);
        if let ([Step::Name(table), Step::Index(index)], false) =
            (row.as_slice(), self.found_nothing())
        {
            if let Some(table) = Table::from_name(table) {
                self.rows_mut(table).settled_rows = *index;
                // From now on the table is not what it was: its complaints count no more.
                row.iter().fold(&mut self.tree, Node::child_or_new);
            }
        }
        goes_on
    }

    /// Learns from a error at this path.
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
                _ => self.record(&path, error) && self.repair(path),
            },
            Cause::Unexpected | Cause::Duplicate => {
                let Some(Step::Name(name)) = path.last().cloned() else {
                    return self.record(&path, error) && self.repair(path);
                };
                let is_new = self.type_info_around(&path).is_some_and(|info| {
                    let is_new = !info.ignored.contains(&name);
                    info.ignored.push(name);
                    is_new
                });
                if is_new {
                    self.record(&path, error)
                } else {
                    self.repair(path)
                }
            }
            // What holds something repaired may complain of the repair.
            _ if self.is_known(&path) => self.repair(path),
            _ => self.record(&path, error) && self.repair(path),
        }
    }

    /// Adds a problem, if there is room.
    fn record(&mut self, path: &[Step], error: ReadErrorInner) -> bool {
        if self.problems.len() == ParseError::MAX_PROBLEMS {
            self.has_more = true;
            return false;
        }
        self.problems.push(problem(path, error));
        true
    }

    /// Treats the location, or else what holds it, otherwise than before; not possible for the whole.
    fn repair(&mut self, mut path: Vec<Step>) -> bool {
        self.repairs += 1;
        if self.repairs > Self::MAX_REPAIRS {
            self.has_more = true;
            return false;
        }
        while let Some(last) = path.last() {
            let is_item = matches!(last, Step::Index(_));
            let node = path.iter().fold(&mut self.tree, Node::child_or_new);
            let next = match node.substitution {
                None if is_item => Some(Substitution::Skip),
                None => Some(Substitution::Placeholder(0)),
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

    /// Whether there is a problem at the location or inside it.
    fn is_known(&self, path: &[Step]) -> bool {
        let node = path.iter().try_fold(&self.tree, |node, step| match step {
            Step::Name(name) => node.names.get(name),
            Step::Index(index) => node.items.get(index),
        });
        node.is_some_and(|node| {
            node.substitution.is_some() || !node.names.is_empty() || !node.items.is_empty()
        })
    }

    /// The info of the struct that has the field at the end of the path.
    fn type_info_around(&mut self, path: &[Step]) -> Option<&mut TypeInfo> {
        match path {
            [Step::Name(_)] => Some(&mut self.document),
            [Step::Name(table), Step::Index(_), Step::Name(_)] => {
                Table::from_name(table).map(|table| self.rows_mut(table))
            }
            _ => None,
        }
    }

    fn rows_mut(&mut self, table: Table) -> &mut TypeInfo {
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
        Cause::Absent(Absent::BelowMinConfidence {
            confidence,
            min_confidence,
        }) => ParseProblemKind::BelowMinConfidence {
            confidence,
            min_confidence,
        },
        Cause::Missing(name) if PART_NAMES.contains(&name) => ParseProblemKind::NotFound,
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
    }
}

/// A path as people write it: `line_items[2].price`.
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
