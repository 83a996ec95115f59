//! Which candidates and texts of a result have a repaired value.

use super::levels::Level;
use super::walker::{Frame, Key};

/// What was repaired in a candidate's value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Damage {
    /// A character of the text.
    pub(in super::super) text: bool,
    /// It was `NaN` or infinite, and is null.
    pub(in super::super) number: bool,
    /// The key of the value, or one around it, came several times.
    pub(in super::super) repeated: bool,
    /// The name of the field came several times, or a character of it was repaired.
    pub(in super::super) name: bool,
}

impl Damage {
    pub(in super::super) const NONE: Self = Self {
        text: false,
        number: false,
        repeated: false,
        name: false,
    };
    pub(super) const REPEATED: Self = Self {
        repeated: true,
        ..Self::NONE
    };
    pub(super) const NAME: Self = Self {
        name: true,
        ..Self::NONE
    };

    pub(in super::super) fn add(&mut self, other: Self) {
        self.text |= other.text;
        self.number |= other.number;
        self.repeated |= other.repeated;
        self.name |= other.name;
    }
}

/// One candidate, or all of a field, or a text of the result itself, and what was repaired there.
///
/// There may be as many as there are candidates, so they hold no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Mark {
    pub(in super::super) list: List,
    /// The row, if the list is a table.
    pub(in super::super) row: u32,
    pub(in super::super) field: u32,
    /// `None` for all.
    pub(in super::super) candidate: Option<u32>,
    pub(in super::super) damage: Damage,
}

/// The keys of the texts of a result. That of a mark is its `field`.
pub(in super::super) const TEXTS: [&str; 3] = ["object_id", "file_name", "customer"];

/// Where a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum List {
    /// The [`TEXTS`] of the result, which are no fields.
    Texts,
    Fields,
    LineItems,
    VatRates,
}

/// In a row that is an object, the number of a field is known at its end. Until then, a field from
/// an unknown key has the number of the key, and the others have these.
const UNDER_NAME: u32 = u32::MAX;
const UNDER_VALUES: u32 = u32::MAX - 1;

impl Mark {
    /// The mark of the value that is read now; `None` if it is not that of a candidate, nor the
    /// name of a field.
    pub(super) fn new(frames: &[Frame], damage: Damage) -> Option<Self> {
        let last = frames.last()?;
        if last.level == Level::Result {
            return Self::for_text(last.known_key()?, damage);
        }
        let is_marked = match (last.level, last.known_key()) {
            (Level::Candidate, key) => key == Some("value"),
            (Level::Field | Level::Row, Some(key)) => key == "name",
            (Level::Row, None) => last.is_object,
            _ => false,
        };
        if !is_marked {
            return None;
        }
        let result = frames
            .iter()
            .position(|frame| frame.level == Level::Result)?;
        let list = match frames.get(result)?.known_key()? {
            "extracted_fields" => List::Fields,
            "line_items" => List::LineItems,
            "vat_rates" => List::VatRates,
            _ => return None,
        };
        let mut mark = Self {
            list,
            row: 0,
            field: 0,
            candidate: None,
            damage,
        };
        for frame in frames.get(result + 1..)? {
            let index = u32::try_from(frame.index).ok()?;
            match (frame.level, frame.is_object) {
                (Level::Rows, _) => mark.row = index,
                (Level::Fields, _) | (Level::Row, false) => mark.field = index,
                (Level::Row, true) => {
                    mark.field = match (frame.known_key(), &frame.key) {
                        (Some("name"), _) => UNDER_NAME,
                        (Some("values"), _) => UNDER_VALUES,
                        (None, Key::Unknown(_)) => {
                            u32::try_from(frame.unknown_keys.checked_sub(1)?).ok()?
                        }
                        _ => return None,
                    };
                }
                (Level::Candidates, _) => mark.candidate = Some(index),
                _ => {}
            }
        }
        Some(mark)
    }

    /// Whether both are of the same place.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        let damage = self.damage;
        *self == Self { damage, ..*other }
    }

    fn for_text(key: &str, damage: Damage) -> Option<Self> {
        let text = TEXTS.iter().position(|text| *text == key)?;
        Some(Self {
            list: List::Texts,
            row: 0,
            field: u32::try_from(text).ok()?,
            candidate: None,
            damage,
        })
    }
}

/// Completes the marks of a row that was an object: as the row is read, either it is one field, or
/// each unknown key is one, after that of the name.
pub(super) fn complete_row(marks: &mut Vec<Mark>, row: &Frame) {
    let is_field = row.has_name && row.has("values");
    let marked = marks.split_off(row.first_mark.min(marks.len()));
    marks.extend(marked.into_iter().filter_map(|mark| {
        let Mark { mut damage, .. } = mark;
        let field = match mark.field {
            UNDER_NAME if is_field => {
                damage = Damage {
                    repeated: damage.repeated,
                    ..Damage::NAME
                };
                0
            }
            UNDER_NAME if row.has_name => {
                damage.name = false;
                0
            }
            UNDER_VALUES if is_field => 0,
            UNDER_NAME | UNDER_VALUES => return None,
            _ if is_field => return None,
            field => field.saturating_add(u32::from(row.has_name)),
        };
        Some(Mark {
            field,
            damage,
            ..mark
        })
    }));
}
