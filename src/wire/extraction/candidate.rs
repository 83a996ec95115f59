//! One value a field may have, and where it stands.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::lenient;

/// One value a field may have, how sure the service is of it, and where it stands.
#[derive(Clone)]
pub struct Candidate {
    value: Option<Box<str>>,
    confidence_score: Option<f64>,
    page_number: Option<u32>,
    bounding_box: Option<BoundingBox>,
}

impl Candidate {
    /// A value of which no more is known than its text.
    pub(super) fn plain(value: Option<Box<str>>) -> Self {
        Self {
            value,
            confidence_score: None,
            page_number: None,
            bounding_box: None,
        }
    }

    /// The value as the service wrote it. Numbers and dates are text as well (see [`DataType`](super::DataType)), so money never passes through a float.
    pub fn text(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// How sure the service is, from 0 to 1.
    pub fn confidence(&self) -> Option<f64> {
        self.confidence_score
    }

    /// The page it stands on, from 0; `None` where it was not located.
    pub fn page(&self) -> Option<u32> {
        self.page_number
    }

    /// Where it stands on its page; `None` where it was not located.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        self.bounding_box
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("confidence", &self.confidence_score)
            .field("page", &self.page_number)
            .field("bounding_box", &self.bounding_box)
            .finish_non_exhaustive()
    }
}

/// Read by hand: the numbers go straight to where they stay, and the key that they come under decides no more than that.
impl<'de> Deserialize<'de> for Candidate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CandidateVisitor)
    }
}

struct CandidateVisitor;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    X,
    Y,
    Width,
    Height,
    PageNumber,
    Value,
    ConfidenceScore,
    #[serde(other)]
    Unknown,
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Y => "y",
            Self::Width => "width",
            Self::Height => "height",
            Self::PageNumber => "page_number",
            Self::Value => "value",
            Self::ConfidenceScore => "confidence_score",
            Self::Unknown => "unknown",
        }
    }
}

impl<'de> Visitor<'de> for CandidateVisitor {
    type Value = Candidate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Candidate, A::Error> {
        let (mut value, mut confidence_score, mut page_number) = (None, None, None);
        // The service writes -1 in all four for "not located"; a width or height below zero is no box either.
        let mut place = [None; 4];
        let mut seen = 0_u8;
        while let Some(key) = map.next_key::<Key>()? {
            let bit = 1 << (key as u8);
            if key != Key::Unknown && seen & bit != 0 {
                return Err(A::Error::duplicate_field(key.name()));
            }
            seen |= bit;
            match key {
                Key::X => place[0] = map.next_value_seed(lenient::Number)?,
                Key::Y => place[1] = map.next_value_seed(lenient::Number)?,
                Key::Width => place[2] = map.next_value_seed(lenient::Number)?,
                Key::Height => place[3] = map.next_value_seed(lenient::Number)?,
                Key::PageNumber => page_number = map.next_value_seed(lenient::Number)?,
                Key::ConfidenceScore => confidence_score = map.next_value_seed(lenient::Number)?,
                Key::Value => value = map.next_value_seed(lenient::Text::new())?,
                Key::Unknown => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let bounding_box = match place {
            [Some(x), Some(y), Some(width), Some(height)] if width >= 0.0 && height >= 0.0 => {
                Some(BoundingBox {
                    x,
                    y,
                    width,
                    height,
                })
            }
            _ => None,
        };
        // A cast saturates, and the range is checked first.
        let page_number = page_number
            .filter(|page| (0.0..=f64::from(u32::MAX)).contains(page))
            .map(|page| page as u32);
        Ok(Candidate {
            value,
            confidence_score,
            page_number,
            bounding_box,
        })
    }
}

/// A rectangle on a page, in pixels of the page at [`DPI`](Self::DPI) dots per inch, from the page's top left corner.
///
/// The unit is not documented; it was measured on a captured answer and its document. The box is that of the run of text in which the value stands, its label
/// included where both are one run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a rectangle has four numbers and will have no fifth"
)]
pub struct BoundingBox {
    /// From the left edge of the page to the left edge of the box.
    pub x: f64,
    /// From the top edge of the page to the top edge of the box.
    pub y: f64,
    /// The box's width.
    pub width: f64,
    /// The box's height.
    pub height: f64,
}

impl BoundingBox {
    /// The resolution in which coordinates are given.
    pub const DPI: f64 = 300.0;

    /// The same box in points (1/72 inch), the unit of PDF, still from the top left.
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
