//! The fields of a record, one after another.

use std::collections::BTreeSet;
use std::slice::Iter;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::super::{DataType, Field};
use super::extra::{self, Content, Extra};
use super::fault::{Absent, Cause, Fault, Step};
use super::field_value::{AbsentValue, CandidateValue, FieldValue, List};
use super::notes::Treatment;
use super::options::is_below;
use super::parsed::ReviewItem;
use super::record::{Record, Table};
use super::stand_in::StandIn;
use super::table::TableValue;
use super::text_value::TextValue;

/// The fields of a record, one after another: what has a value, and what the type asked for without.
pub(super) struct Access<'de, 'p> {
    record: Record<'de, 'p>,
    wanted: Wanted<'de>,
    extras: Iter<'static, &'static str>,
    fields: Iter<'de, Field>,
    offered: Iter<'p, &'static str>,
    last: &'de str,
    entry: Option<Entry<'de, 'p>>,
}

/// The names a type takes.
pub(super) enum Wanted<'de> {
    /// Those of a struct, and which of them have come.
    Names {
        names: &'static [&'static str],
        came: Flags,
    },
    /// Not known beforehand. The type may be a map, which takes every name, or a struct with something flattened into it, which
    /// takes some names and hands the others on.
    Unknown { came: BTreeSet<&'de str> },
    /// Whatever there is.
    Everything { came: BTreeSet<&'de str> },
}

/// What comes under a name.
enum Entry<'de, 'p> {
    Field(FieldValue<'de, 'p>),
    Absent(AbsentValue<'de, 'p>),
    Extra(Extra<'de, 'p>),
    StandIn(StandIn),
}

impl<'de, 'p> Access<'de, 'p> {
    pub(super) fn new(record: Record<'de, 'p>, wanted: Wanted<'de>) -> Self {
        let (fields, offered) = (record.fields.iter(), record.shape.offered.iter());
        let has_extras =
            record.document.is_some() && !(wanted.is_unknown() && record.shape.is_plain_map);
        let extras = if has_extras {
            extra::NAMES.iter()
        } else {
            [].iter()
        };
        Self {
            record,
            wanted,
            extras,
            fields,
            offered,
            last: "",
            entry: None,
        }
    }

    /// The name that came last.
    pub(super) fn last(&self) -> &'de str {
        self.last
    }

    /// The next name and what comes under it.
    fn next(&mut self) -> Option<(&'de str, Entry<'de, 'p>)> {
        while let Some(&name) = self.extras.next() {
            if let Some(entry) = self.extra(name) {
                return Some((name, entry));
            }
        }
        while let Some(field) = self.fields.next() {
            if let Some(entry) = self.field(field) {
                return Some((field.name(), entry));
            }
        }
        while let Some(&name) = self.offered.next() {
            // Whatever has this name did not come, else nobody would have asked for it.
            if self.wanted.take(name) != Take::Again {
                let reason = if extra::NAMES.contains(&name) && self.record.document.is_some() {
                    Absent::NotFound
                } else {
                    Absent::NoSuchField
                };
                let absent = Entry::Absent(AbsentValue {
                    reason,
                    text: None,
                    list: None,
                });
                if let Some(entry) = self.treated(name, false, absent) {
                    return Some((name, entry));
                }
            }
        }
        None
    }

    fn extra(&mut self, name: &'static str) -> Option<Entry<'de, 'p>> {
        let document = self.record.document?;
        let shape = self.record.shape;
        let is_wanted = match &self.wanted {
            Wanted::Names { names, .. } => names.contains(&name),
            Wanted::Unknown { .. } => {
                !shape.unclaimed.contains(&name) || shape.offered.contains(&name)
            }
            Wanted::Everything { .. } => true,
        };
        if !is_wanted
            || document.field(name).is_some()
            || shape.ignored.iter().any(|ignored| **ignored == *name)
        {
            return None;
        }
        let content = match name {
            "object_id" => Content::Text(document.object_id()?),
            "file_name" => Content::Text(document.file_name()?),
            "customer" => Content::Text(document.customer()?),
            _ => {
                let (pass, table) = (self.record.pass, Table::named(name)?);
                let node = self.record.node.and_then(|node| node.child(name));
                Content::Table(TableValue {
                    pass,
                    table,
                    rows: table.rows(document),
                    node,
                })
            }
        };
        self.wanted.take(name);
        let must_be_claimed = self.wanted.is_unknown() && !shape.offered.contains(&name);
        self.treated(
            name,
            false,
            Entry::Extra(Extra {
                name,
                content,
                must_be_claimed,
            }),
        )
    }

    fn field(&mut self, field: &'de Field) -> Option<Entry<'de, 'p>> {
        let Record {
            pass, place, shape, ..
        } = self.record;
        let name = field.name();
        let take = self.wanted.take(name);
        if take == Take::Again || shape.ignored.iter().any(|ignored| **ignored == *name) {
            return None;
        }
        let is_date = field.data_type() == Some(DataType::Date);
        let node = self.record.node.and_then(|node| node.child(name));
        let floor = pass.options.floor_of(name);
        let list = List {
            pass,
            place,
            field,
            is_date,
            floor,
            node,
        };
        let is_offered = || take == Take::Unwanted || shape.offered.contains(&name);
        let entry = match field
            .best()
            .and_then(|best| best.text().map(|text| (best, text)))
        {
            Some((best, text)) if take != Take::Unwanted && is_below(best.confidence(), floor) => {
                let confidence = best.confidence();
                if !is_offered() {
                    pass.review.borrow_mut().push(ReviewItem::new(
                        place.path(name, None),
                        confidence,
                        floor,
                        text,
                    ));
                    return None;
                }
                Entry::Absent(AbsentValue {
                    reason: Absent::BelowFloor { confidence, floor },
                    text: Some(text),
                    list: Some(list),
                })
            }
            Some((candidate, text)) => Entry::Field(FieldValue {
                best: CandidateValue {
                    candidate,
                    text,
                    is_date,
                    has_parts: true,
                    node,
                },
                list,
            }),
            None if is_offered() => Entry::Absent(AbsentValue {
                reason: Absent::NotFound,
                text: None,
                list: Some(list),
            }),
            None => return None,
        };
        self.treated(name, is_date, entry)
    }

    /// The entry, or what is put in its place since it is known to be wrong.
    fn treated(&self, name: &str, is_date: bool, entry: Entry<'de, 'p>) -> Option<Entry<'de, 'p>> {
        match self
            .record
            .node
            .and_then(|node| node.child(name))
            .and_then(|node| node.treatment)
        {
            None => Some(entry),
            Some(Treatment::StandIn(attempt)) => {
                Some(Entry::StandIn(StandIn::new(attempt, is_date)))
            }
            Some(Treatment::Skip) => None,
        }
    }
}

impl<'de> MapAccess<'de> for Access<'de, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((name, entry)) = self.next() else {
            return Ok(None);
        };
        let needs_claim = matches!(&entry, Entry::Extra(extra) if extra.must_be_claimed);
        (self.last, self.entry) = (name, Some(entry));
        let mut is_struct = false;
        let key = seed.deserialize(Key {
            name,
            is_struct: &mut is_struct,
        });
        if needs_claim && !is_struct {
            return Err(Fault::new(Cause::PlainMap));
        }
        key.map(Some).map_err(|fault| {
            let mut unexpected = Fault::new(Cause::Unexpected);
            unexpected.inner.message = fault.inner.message;
            unexpected.inner.steps.push(Step::Name(name.into()));
            unexpected
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let outcome = match self.entry.take() {
            Some(Entry::Field(field)) => seed.deserialize(field),
            Some(Entry::Absent(absent)) => seed.deserialize(absent),
            Some(Entry::Extra(extra)) => seed.deserialize(extra),
            Some(Entry::StandIn(stand_in)) => seed.deserialize(stand_in),
            None => Err(Fault::unreadable("a name before its value")),
        };
        outcome.map_err(|fault| {
            fault
                .expecting::<S::Value>()
                .inside(Step::Name(self.last.into()))
        })
    }
}

impl<'de> Wanted<'de> {
    pub(super) fn names(names: &'static [&'static str]) -> Self {
        Self::Names {
            names,
            came: Flags::default(),
        }
    }

    pub(super) fn unknown() -> Self {
        Self::Unknown {
            came: BTreeSet::new(),
        }
    }

    pub(super) fn everything() -> Self {
        Self::Everything {
            came: BTreeSet::new(),
        }
    }

    fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// Marks a name as come.
    fn take(&mut self, name: &'de str) -> Take {
        let is_first = match self {
            Self::Names { names, came } => match names.iter().position(|wanted| *wanted == name) {
                Some(position) => came.set(position),
                None => return Take::Unwanted,
            },
            Self::Unknown { came } | Self::Everything { came } => came.insert(name),
        };
        if is_first { Take::First } else { Take::Again }
    }
}

/// How a name stands to those the type takes.
#[derive(Clone, Copy, PartialEq)]
enum Take {
    First,
    Again,
    /// A struct has no such field. The name comes all the same, as the struct may deny unknown ones.
    Unwanted,
}

/// Which of a struct's names have come; on the heap only beyond 128.
#[derive(Default)]
pub(super) struct Flags {
    low: u128,
    high: BTreeSet<usize>,
}

impl Flags {
    /// Sets a flag; whether it was not set.
    fn set(&mut self, position: usize) -> bool {
        match u32::try_from(position)
            .ok()
            .and_then(|position| 1_u128.checked_shl(position))
        {
            Some(bit) => {
                let is_new = self.low & bit == 0;
                self.low |= bit;
                is_new
            }
            None => self.high.insert(position),
        }
    }
}

/// The name of a field.
struct Key<'de, 'k> {
    name: &'de str,
    /// Set when it is compared with the fields of a struct, rather than kept.
    is_struct: &'k mut bool,
}

impl<'de> Deserializer<'de> for Key<'de, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.name)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        *self.is_struct = true;
        visitor.visit_borrowed_str(self.name)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        TextValue::new(self.name).deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        ignored_any
    }
}
