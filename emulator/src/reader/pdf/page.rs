//! What a page consists of: lines, runs of text, words and the areas they cover.

use hayro_interpret::kurbo::{Affine, Rect};

/// Pixels per point at the service's 300 dots per inch.
const PIXELS_PER_POINT: f64 = 300.0 / 72.0;

/// A page's text. All lengths are points; the origin is the top left corner of the page when its
/// text is upright.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) lines: Vec<Line>,
    /// Takes places to where they are on the page as it is shown, which may have its text on its
    /// side.
    pub(crate) to_shown: Affine,
}

impl Page {
    /// `x`, `y`, `width` and `height` of an area on the page as it is shown, in whole pixels at 300
    /// dots per inch, as the service reports them.
    pub(crate) fn pixels(&self, area: Area) -> [i64; 4] {
        // Positions come from a page a few metres wide at most, so the cast cannot lose anything
        // that matters.
        #[expect(clippy::cast_possible_truncation)]
        let pixel = |points: f64| (points.max(0.0) * PIXELS_PER_POINT).round() as i64;
        let shown = self.to_shown.transform_rect_bbox(Rect::new(
            area.left,
            area.top,
            area.right,
            area.bottom,
        ));
        let (left, top) = (pixel(shown.x0), pixel(shown.y0));
        [
            left,
            top,
            (pixel(shown.x1) - left).max(1),
            (pixel(shown.y1) - top).max(1),
        ]
    }
}

/// Runs that stand on the same baseline, from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) baseline: f64,
    pub(crate) runs: Vec<Run>,
}

/// Words set together, with no more than a space between them: what a reader sees as one piece of
/// text.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) words: Vec<Word>,
    pub(crate) area: Area,
    pub(crate) font_size: f64,
}

impl Run {
    /// The words with one space between them.
    pub(crate) fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }
}

/// Characters with no space between them.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) area: Area,
}

/// A rectangle, in points from the top left corner of the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Area {
    /// The smallest area that covers both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    pub(crate) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(self) -> f64 {
        self.bottom - self.top
    }

    pub(crate) fn middle(self) -> f64 {
        f64::midpoint(self.left, self.right)
    }

    /// How much of the horizontal extent is shared with another area; negative is the gap between
    /// them.
    pub(crate) fn shared_width(self, other: Self) -> f64 {
        self.right.min(other.right) - self.left.max(other.left)
    }

    /// How much of the vertical extent is shared with another area; negative is the gap between
    /// them.
    pub(crate) fn shared_height(self, other: Self) -> f64 {
        self.bottom.min(other.bottom) - self.top.max(other.top)
    }
}
