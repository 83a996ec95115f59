//! One possible value of a field.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::lenient;

/// One possible value of a field, with its confidence and its position on the page.
#[derive(Clone)]
pub struct Candidate {
    value: Option<Box<str>>,
    confidence_score: Option<f64>,
    page_number: Option<u32>,
    bounding_box: Option<BoundingBox>,
}

impl Candidate {
    /// A value without confidence and position.
    pub(super) fn plain(value: Option<Box<str>>) -> Self {
        Self {
            value,
            confidence_score: None,
            page_number: None,
            bounding_box: None,
        }
    }

    /// The value as the service wrote it.
    ///
    /// Numbers and dates are text as well (see [`DataType`](super::DataType)), so an amount never
    /// passes through a float.
    pub fn text(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The service's confidence, from 0 to 1; `None` if unknown.
    pub fn confidence(&self) -> Option<f64> {
        self.confidence_score
    }

    /// The page, counted from 0; `None` if the value was not located.
    pub fn page(&self) -> Option<u32> {
        self.page_number
    }

    /// The position on the page; `None` if the value was not located.
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

/// Written by hand: the four coordinates and the other numbers are read straight into place.
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
        // For a value that was not located, the service writes -1 in all four. A negative width or
        // height is no box.
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
        // The range is checked first, so the cast is exact.
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

/// A rectangle on a page, in pixels at [`DPI`](Self::DPI) dots per inch, from the top left corner.
///
/// The unit is not documented; it was measured on a captured response and its document. The box
/// encloses the run of text that contains the value, including its label if both are one run.
#[derive(Debug, Clone, Copy, PartialEq)]
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
