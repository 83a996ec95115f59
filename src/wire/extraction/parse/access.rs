//! How a record is read: its fields, one after another.

use std::slice::Iter;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::super::{DataType, Field};
use super::candidate_value::CandidateValue;
use super::collector::Substitution;
use super::extra::{self, Content, Extra};
use super::field_value::{AbsentValue, FieldValue, List};
use super::location::Table;
use super::methods::{forward, methods};
use super::options::is_below;
use super::parsed::{ReviewItem, ReviewReason};
use super::placeholder::Placeholder;
use super::read_error::{Absent, Cause, ReadError, Step};
use super::record::Record;
use super::repair_effect::{RepairEffect, review_reason};
use super::table::TableValue;
use super::text_value::TextValue;
use super::wanted::{Take, Wanted};

/// The entries of a record: the fields that have a value, and those that the type requires.
pub(super) struct Access<'de, 'p> {
    record: Record<'de, 'p>,
    wanted: Wanted<'de>,
    extras: Iter<'static, &'static str>,
    fields: Iter<'de, Field>,
    offered: Iter<'p, &'static str>,
    last: &'de str,
    entry: Option<Entry<'de, 'p>>,
}

/// The value under a name.
enum Entry<'de, 'p> {
    Field(FieldValue<'de, 'p>),
    Absent(AbsentValue<'de, 'p>),
    Extra(Extra<'de, 'p>),
    Placeholder(Placeholder),
}

impl<'de, 'p> Access<'de, 'p> {
    pub(super) fn new(record: Record<'de, 'p>, wanted: Wanted<'de>) -> Self {
        record.see_names(&wanted);
        let (fields, offered) = (record.fields.iter(), record.info.offered.iter());
        let has_extras =
            record.document.is_some() && !(wanted.is_unknown() && record.info.is_plain_map);
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

    /// The name that was offered last.
    pub(super) fn last(&self) -> &'de str {
        self.last
    }

    /// The next name and its value.
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
            // A name that was already offered is not asked for again, so this one was not.
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
                if let Some(entry) = self.substituted(name, false, absent) {
                    return Some((name, entry));
                }
            }
        }
        None
    }

    fn extra(&mut self, name: &'static str) -> Option<Entry<'de, 'p>> {
        let document = self.record.document?;
        let info = self.record.info;
        let is_wanted = match &self.wanted {
            Wanted::Names { names, .. } => names.contains(&name),
            Wanted::Unknown { .. } => {
                !info.unclaimed.contains(&name) || info.offered.contains(&name)
            }
            Wanted::Everything { .. } => true,
        };
        if !is_wanted
            || document.field(name).is_some()
            || info.ignored.iter().any(|ignored| **ignored == *name)
        {
            return None;
        }
        let text = match name {
            "object_id" => Some(document.object_id()),
            "file_name" => Some(document.file_name()),
            "customer" => Some(document.customer()),
            _ => None,
        };
        if let (Some(text), Some(reason)) = (text, review_reason(document.text_damage(name))) {
            let text = text.unwrap_or_default();
            let path = self.record.location.path(name, None);
            let item = ReviewItem::new(path, reason, None, 0.0, text);
            self.record.pass.review.borrow_mut().push(item);
        }
        let content = match text {
            Some(text) => Content::Text(text?),
            None => {
                let (pass, table) = (self.record.pass, Table::from_name(name)?);
                let node = self.record.node.and_then(|node| node.child(name));
                let rows = table.rows(document);
                if rows.is_empty() {
                    pass.names.see_unknown_columns();
                }
                Content::Table(TableValue {
                    pass,
                    table,
                    rows,
                    node,
                })
            }
        };
        self.wanted.take(name);
        let must_be_claimed = self.wanted.is_unknown() && !info.offered.contains(&name);
        self.substituted(
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
            pass,
            location,
            info,
            ..
        } = self.record;
        let name = field.name();
        let take = self.wanted.take(name);
        if take == Take::Again || info.ignored.iter().any(|ignored| **ignored == *name) {
            return None;
        }
        let is_date = field.data_type() == Some(DataType::Date);
        let node = self.record.node.and_then(|node| node.child(name));
        let min_confidence = pass.options.min_confidence_for(name);
        let list = List {
            pass,
            location,
            field,
            is_date,
            min_confidence,
            node,
        };
        let effect = RepairEffect::for_best(field);
        if take == Take::Unwanted {
            list.review_name();
        }
        let is_offered = || take == Take::Unwanted || info.offered.contains(&name);
        let entry = match field
            .best()
            .and_then(|best| best.text().map(|text| (best, text)))
        {
            best if take != Take::Unwanted && effect == RepairEffect::Problem => {
                Entry::Absent(AbsentValue {
                    reason: Absent::Repaired,
                    text: best.map(|(_, text)| text),
                    list: Some(list),
                })
            }
            Some((best, text)) if take != Take::Unwanted && is_below(best, min_confidence) => {
                let confidence = best.confidence();
                if !is_offered() {
                    pass.review.borrow_mut().push(ReviewItem::new(
                        location.path(name, None),
                        ReviewReason::BelowMinConfidence,
                        confidence,
                        min_confidence,
                        text,
                    ));
                    return None;
                }
                Entry::Absent(AbsentValue {
                    reason: Absent::BelowMinConfidence {
                        confidence,
                        min_confidence,
                    },
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
            None => {
                list.review(None);
                return None;
            }
        };
        self.substituted(name, is_date, entry)
    }

    /// The entry, or its substitute if it is known to be wrong.
    fn substituted(
        &self,
        name: &str,
        is_date: bool,
        entry: Entry<'de, 'p>,
    ) -> Option<Entry<'de, 'p>> {
        match self
            .record
            .node
            .and_then(|node| node.child(name))
            .and_then(|node| node.substitution)
        {
            None => Some(entry),
            Some(Substitution::Placeholder(attempt)) => {
                Some(Entry::Placeholder(Placeholder::new(attempt, is_date)))
            }
            Some(Substitution::Skip) => None,
        }
    }
}

impl<'de> Record<'de, '_> {
    /// Takes note of the names of its fields, and of those that the type has for them.
    fn see_names(&self, wanted: &Wanted<'de>) {
        let is_row = self.document.is_none();
        let names = match wanted {
            Wanted::Names { names, .. } => *names,
            Wanted::Unknown { .. } | Wanted::Everything { .. } => {
                if is_row {
                    self.pass.names.see_unknown_columns();
                }
                &[]
            }
        };
        self.pass.names.see(|name| {
            (names.contains(&name) && (is_row || !extra::NAMES.contains(&name)))
                || self.fields.iter().any(|field| field.name() == name)
        });
    }

    fn visit<V: Visitor<'de>>(
        self,
        wanted: Wanted<'de>,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let mut access = Access::new(self, wanted);
        visitor
            .visit_map(&mut access)
            .map_err(|error| error.in_struct(access.last()))
    }
}

impl<'de> Deserializer<'de> for Record<'de, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.visit(Wanted::everything(), visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.visit(Wanted::unknown(), visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        // Either a struct without fields or a hand-written reader that does not list its fields.
        let wanted = if fields.is_empty() {
            Wanted::unknown()
        } else {
            Wanted::names(fields)
        };
        self.visit(wanted, visitor)
    }

    methods! { self, visitor:
        deserialize_option => visitor.visit_some(self);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_unit deserialize_unit_struct deserialize_ignored_any => visitor.visit_unit();
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq
        tuple tuple_struct enum identifier
    }
}

impl<'de> MapAccess<'de> for Access<'de, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
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
            return Err(ReadError::new(Cause::PlainMap));
        }
        key.map(Some).map_err(|error| {
            let mut unexpected = ReadError::new(Cause::Unexpected);
            unexpected.inner.message = error.inner.message;
            unexpected.inner.steps.push(Step::Name(name.into()));
            unexpected
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let outcome = match self.entry.take() {
            Some(Entry::Field(field)) => seed.deserialize(field),
            Some(Entry::Absent(absent)) => seed.deserialize(absent),
            Some(Entry::Extra(extra)) => seed.deserialize(extra),
            Some(Entry::Placeholder(placeholder)) => seed.deserialize(placeholder),
            None => Err(ReadError::unreadable("a key before its value")),
        };
        outcome.map_err(|error| {
            error
                .expecting::<S::Value>()
                .inside(Step::Name(self.last.into()))
        })
    }
}

/// A field's name, as serde reads it.
struct Key<'de, 'k> {
    name: &'de str,
    /// Set if serde compares the name with the fields of a struct rather than keeping it.
    is_struct: &'k mut bool,
}

impl<'de> Deserializer<'de> for Key<'de, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_str(self.name)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        *self.is_struct = true;
        visitor.visit_borrowed_str(self.name)
    }

    methods! { self, visitor:
        deserialize_option => visitor.visit_some(self);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
    }

    forward! { self => TextValue::new(self.name); deserialize_enum }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct ignored_any
    }
}
