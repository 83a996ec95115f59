//! One possible value of a field.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::super::lenient::{Scalar, unescape, unescaped_length};
use super::super::repair::Damage;

/// One possible value of a field, with its confidence and its position on the page.
#[derive(Clone)]
pub struct Candidate {
    /// The parts as the service wrote them, one after another: one allocation, and no digit lost.
    written: Box<str>,
    /// Where each part ends in `written`.
    ends: [usize; Part::COUNT],
    /// One bit for each part that is there.
    present: u8,
    /// What was repaired in the value.
    damage: Damage,
}

/// A part of a candidate. Its number is its place in [`Candidate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
pub(super) enum Part {
    Value,
    ConfidenceScore,
    PageNumber,
    X,
    Y,
    Width,
    Height,
    #[serde(other)]
    Unknown,
}

impl Part {
    const COUNT: usize = Self::Unknown as usize;

    /// The names of the parts, which are those of the service.
    pub(super) const NAMES: [&str; Self::COUNT] = [
        "value",
        "confidence_score",
        "page_number",
        "x",
        "y",
        "width",
        "height",
    ];

    pub(super) fn from_name(name: &str) -> Self {
        use Part::{ConfidenceScore, Height, PageNumber, Value, Width, X, Y};
        [Value, ConfidenceScore, PageNumber, X, Y, Width, Height]
            .into_iter()
            .find(|part| part.name() == name)
            .unwrap_or(Self::Unknown)
    }

    fn name(self) -> &'static str {
        Self::NAMES.get(self as usize).copied().unwrap_or("unknown")
    }
}

impl Candidate {
    /// A value without confidence and position.
    pub(super) fn plain(value: Option<Cow<'_, str>>) -> Self {
        let mut ends = [0; Part::COUNT];
        ends.fill(value.as_deref().map_or(0, str::len));
        Self {
            present: value.is_some().into(),
            written: value.unwrap_or_default().into(),
            ends,
            damage: Damage::NONE,
        }
    }

    /// Takes the value as JSON, and the other parts as they are written. `None` if the value has
    /// half of a surrogate pair.
    fn new(value: &str, numbers: &[Option<Cow<'_, str>>; Part::COUNT]) -> Option<Self> {
        // The text of a string is written straight into its place.
        let quoted = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let value_length = match quoted {
            Some(quoted) if quoted.contains('\\') => unescaped_length(quoted)?,
            Some(quoted) => quoted.len(),
            None => 0,
        };
        let scalar = match quoted {
            Some(_) => None,
            None => Scalar::from_json(value)?.0,
        };
        let length = numbers
            .iter()
            .flatten()
            .map(|text| text.len())
            .sum::<usize>();
        let bare = scalar.as_deref().map_or(0, str::len);
        let mut written = String::with_capacity(value_length + bare + length);
        match quoted {
            Some(quoted) if value_length < quoted.len() => {
                unescape(quoted, |piece| written.push_str(piece))?;
            }
            Some(quoted) => written.push_str(quoted),
            None => written.push_str(scalar.as_deref().unwrap_or_default()),
        }
        let mut present = u8::from(quoted.is_some() || scalar.is_some());
        let mut ends = [written.len(); Part::COUNT];
        for (index, (text, end)) in numbers.iter().zip(&mut ends).enumerate() {
            if let Some(text) = text {
                written.push_str(text);
                present |= 1 << index;
            }
            *end = written.len();
        }
        Some(Self {
            written: written.into(),
            ends,
            present,
            damage: Damage::NONE,
        })
    }

    /// What was repaired in the value.
    pub(super) fn damage(&self) -> Damage {
        self.damage
    }

    /// Notes what was repaired in the value.
    pub(super) fn mark(&mut self, damage: Damage) {
        self.damage.add(damage);
    }

    /// A part as the service wrote it; `None` if it is absent or, except for the value, no number.
    pub(super) fn written(&self, part: Part) -> Option<&str> {
        let index = part as usize;
        if part == Part::Unknown || self.present & (1 << index) == 0 {
            return None;
        }
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.written.get(start..self.ends[index])
    }

    /// The value as the service wrote it.
    ///
    /// Numbers and dates are text as well (see [`DataType`](super::DataType)), so an amount never
    /// passes through a float.
    pub fn text(&self) -> Option<&str> {
        self.written(Part::Value)
    }

    /// The service's confidence, from 0 to 1; `None` if unknown.
    pub fn confidence(&self) -> Option<f64> {
        self.number(Part::ConfidenceScore)
    }

    /// The same digit for digit, as the service wrote it, for arithmetic with decimals.
    pub fn confidence_text(&self) -> Option<&str> {
        self.written(Part::ConfidenceScore)
    }

    /// The page, counted from 0; `None` if the value was not located.
    pub fn page(&self) -> Option<u32> {
        // The range is checked first, so the cast is exact.
        self.number(Part::PageNumber)
            .filter(|page| page.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(page))
            .map(|page| page as u32)
    }

    /// The position on the page; `None` if the value was not located, or has a coordinate that is
    /// too large for an `f64`.
    ///
    /// [`parse`](super::Extraction::parse) reads the coordinates into other types, digit for digit.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        let place = [Part::X, Part::Y, Part::Width, Part::Height];
        BoundingBox::new(place.map(|part| self.number(part)))
    }

    /// Whether it has a box, as [`BoundingBox::new`] says, but of any size.
    pub(super) fn is_located(&self) -> bool {
        let is_size = |part| {
            self.written(part).is_some_and(|text| {
                !text.starts_with('-') || text.parse().is_ok_and(|size: f64| size >= 0.0)
            })
        };
        self.written(Part::X).is_some()
            && self.written(Part::Y).is_some()
            && is_size(Part::Width)
            && is_size(Part::Height)
    }

    fn number(&self, part: Part) -> Option<f64> {
        self.written(part)?
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("confidence", &self.confidence())
            .field("page", &self.page())
            .field("bounding_box", &self.bounding_box())
            .finish_non_exhaustive()
    }
}

/// Written by hand, so that all parts get one allocation.
impl<'de> Deserialize<'de> for Candidate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CandidateVisitor)
    }
}

struct CandidateVisitor;

impl<'de> Visitor<'de> for CandidateVisitor {
    type Value = Candidate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Candidate, A::Error> {
        let (mut value, mut numbers) = ("null", [const { None }; Part::COUNT]);
        let mut seen = 0_u8;
        while let Some(part) = map.next_key::<Part>()? {
            let Some(place) = numbers.get_mut(part as usize) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let bit = 1 << (part as u8);
            if seen & bit != 0 {
                return Err(A::Error::duplicate_field(part.name()));
            }
            seen |= bit;
            let json = map.next_value::<&'de RawValue>()?.get();
            match (part, json.as_bytes()) {
                (Part::Value, _) => value = json,
                // Of what JSON has, only numbers begin so.
                (_, [b'-' | b'0'..=b'9', ..]) => *place = Some(Cow::Borrowed(json)),
                _ => *place = Scalar::from_json(json).and_then(Scalar::into_number),
            }
        }
        Candidate::new(value, &numbers).ok_or_else(Scalar::unpaired_surrogate)
    }
}

/// A rectangle on a page, in pixels at [`DPI`](Self::DPI) dots per inch, from the top left corner.
///
/// The unit is not documented; it was measured on a captured response and its document. The box
/// encloses the run of text that contains the value, including its label if both are one run.
///
/// With serde it has the names of its fields, as the service writes them.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a rectangle has four numbers and will have no fifth"
)]
pub struct BoundingBox {
    /// The distance from the left edge of the page to the left edge of the box.
    pub x: f64,
    /// The distance from the top edge of the page to the top edge of the box.
    pub y: f64,
    /// The width of the box.
    pub width: f64,
    /// The height of the box.
    pub height: f64,
}

impl BoundingBox {
    /// The resolution of the coordinates, in dots per inch.
    pub const DPI: f64 = 300.0;

    /// For what was not located, the service writes -1 in all four. A negative width or height is
    /// no box.
    pub(super) fn new(place: [Option<f64>; 4]) -> Option<Self> {
        let [x, y, width, height] = place.map(|number| number.filter(|number| number.is_finite()));
        let found = Self {
            x: x?,
            y: y?,
            width: width?,
            height: height?,
        };
        (found.width >= 0.0 && found.height >= 0.0).then_some(found)
    }

    /// The same box in points (1/72 inch), the unit of PDF, also from the top left corner.
    pub fn to_points(self) -> Self {
        let scale = 72.0 / Self::DPI;
        Self {
            x: self.x * scale,
            y: self.y * scale,
            width: self.width * scale,
            height: self.height * scale,
        }
    }
}
