//! Collects the glyphs a page draws: which characters, where, and how large.

use std::panic::resume_unwind;

use hayro_interpret::font::{Glyph as FontGlyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask,
};

/// Drawing steps that are followed in one document. A small file can cause billions by drawing
/// forms within forms.
const MAX_STEPS: usize = 5_000_000;
/// What a form, clip, group or image counts, in steps: each takes longer than many glyphs.
const HEAVY_STEPS: usize = 50;

/// Glyph space has a thousand units to the size of the font.
const UNITS_PER_EM: f64 = 1000.0;

/// The payload of the unwinding when a document needs more than [`MAX_STEPS`] steps.
pub(crate) struct LimitReached(pub(crate) usize);

/// A character or a few (a ligature) and the place they are drawn at.
#[derive(Debug, Clone)]
pub(crate) struct Glyph {
    pub(crate) text: String,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) baseline: f64,
    pub(crate) size: f64,
}

/// A page's glyphs, and the page's size when they are upright.
pub(crate) struct UprightPage {
    pub(crate) glyphs: Vec<Glyph>,
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Takes places to where they are on the page as it is shown.
    pub(crate) to_shown: Affine,
}

/// A drawing device that keeps the glyphs and lets everything else go.
#[derive(Debug, Default)]
pub(crate) struct GlyphCollector {
    /// The size of the page as it is shown.
    size: (f64, f64),
    /// The glyphs of the page by the quarter turns their text is turned to the right.
    page: [Vec<Glyph>; 4],
    steps: usize,
    seen: usize,
    unreadable: usize,
}

impl GlyphCollector {
    /// Begins a page of this size.
    pub(crate) fn begin_page(&mut self, width: f64, height: f64) {
        self.size = (width, height);
        self.page = Default::default();
    }

    /// The glyphs of the page that are set the way most of them are, on the page turned so that
    /// they are upright. Text in other directions, such as a note in the margin, is left out.
    pub(crate) fn take_page(&mut self) -> UprightPage {
        let pages = std::mem::take(&mut self.page);
        let count = |glyphs: &[Glyph]| glyphs.iter().filter(|glyph| glyph.text != " ").count();
        let (turns, glyphs) = pages
            .into_iter()
            .enumerate()
            .rev()
            .max_by_key(|(_, glyphs)| count(glyphs))
            .unwrap_or_default();
        let (width, height) = if turns % 2 == 1 {
            (self.size.1, self.size.0)
        } else {
            self.size
        };
        UprightPage {
            glyphs: on_page(glyphs, width, height),
            width,
            height,
            to_shown: upright(turns, self.size).inverse(),
        }
    }

    /// How many glyphs were drawn, spaces not counted.
    pub(crate) fn seen(&self) -> usize {
        self.seen
    }

    /// How many of them stand for an unknown character.
    pub(crate) fn unreadable(&self) -> usize {
        self.unreadable
    }

    fn step(&mut self, steps: usize) {
        self.steps += steps;
        if self.steps > MAX_STEPS {
            // The only way out of the interpreter; not a panic, so nothing is printed.
            resume_unwind(Box::new(LimitReached(MAX_STEPS)));
        }
    }
}

impl Device<'_> for GlyphCollector {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        self.step(run.glyphs().len() * 2);
        let origins: Vec<Point> = run
            .glyphs()
            .iter()
            .map(|glyph| props.transform * glyph.transform() * Point::ZERO)
            .collect();
        for (index, glyph) in run.glyphs().iter().enumerate() {
            let transform = props.transform * glyph.transform();
            let (text, known) = characters(glyph);
            if !text.trim().is_empty() {
                self.seen += 1;
                self.unreadable += usize::from(!known);
            }
            let size = self.size;
            for (turns, page) in self.page.iter_mut().enumerate() {
                let turned = upright(turns, size);
                let next = origins.get(index + 1).map(|origin| turned * *origin);
                if let Some(placed) = place(&text, turned * transform, advance(glyph), next) {
                    page.push(placed);
                    break;
                }
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {
        self.step(1);
    }

    fn draw_rect(&mut self, _: &Rect, _: DrawProps<'_>, _: &DrawMode) {
        self.step(1);
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.step(HEAVY_STEPS);
    }

    fn push_clip_rect(&mut self, _: &Rect) {
        self.step(HEAVY_STEPS);
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {
        self.step(HEAVY_STEPS);
    }

    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {
        self.step(HEAVY_STEPS);
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

/// The characters of a glyph in the plain form people type, and whether they are known at all.
fn characters(glyph: &FontGlyph<'_>) -> (String, bool) {
    let raw = match glyph.as_unicode() {
        Some(BfString::Char(character)) => character.to_string(),
        Some(BfString::String(string)) => string,
        None => return ("\u{fffd}".to_owned(), false),
    };
    let mut known = !raw.is_empty();
    let mut text = String::with_capacity(raw.len());
    for character in raw.chars() {
        match character {
            '\u{fb00}' => text.push_str("ff"),
            '\u{fb01}' => text.push_str("fi"),
            '\u{fb02}' => text.push_str("fl"),
            '\u{fb03}' => text.push_str("ffi"),
            '\u{fb04}' => text.push_str("ffl"),
            '\u{2010}' | '\u{2011}' | '\u{2212}' => text.push('-'),
            '\u{ad}' => text.push('-'),
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            character if character.is_whitespace() => text.push(' '),
            character if character.is_control() => known = false,
            '\u{e000}'..='\u{f8ff}' | '\u{fffd}' => {
                known = false;
                text.push('\u{fffd}');
            }
            character => text.push(character),
        }
    }
    (text, known)
}

/// How far the glyph moves on, in glyph space.
fn advance(glyph: &FontGlyph<'_>) -> f64 {
    let width = match glyph {
        FontGlyph::Outline(outline) => outline.advance_width(),
        FontGlyph::Type3(drawn) => drawn.advance_width(),
    };
    width.map_or(UNITS_PER_EM / 2.0, f64::from)
}

/// Turns a page of this size so that text turned to the right by quarter turns is upright.
fn upright(turns: usize, (width, height): (f64, f64)) -> Affine {
    match turns {
        1 => Affine::new([0.0, -1.0, 1.0, 0.0, 0.0, width]),
        2 => Affine::new([-1.0, 0.0, 0.0, -1.0, width, height]),
        3 => Affine::new([0.0, 1.0, -1.0, 0.0, height, 0.0]),
        _ => Affine::IDENTITY,
    }
}

/// The glyphs that lie on the page, or go on beyond its edge from there.
fn on_page(mut glyphs: Vec<Glyph>, width: f64, height: f64) -> Vec<Glyph> {
    let mut end: Option<(f64, f64)> = None;
    glyphs.retain(|glyph| {
        let middle = f64::midpoint(glyph.left, glyph.right);
        let is_on_page = (0.0..=width).contains(&middle)
            && (0.0..=height + glyph.size).contains(&glyph.baseline);
        let goes_on = end.is_some_and(|(right, baseline)| {
            (glyph.left - right).abs() < glyph.size * 0.5 && (glyph.baseline - baseline).abs() < 0.1
        });
        let is_kept = is_on_page || goes_on;
        end = is_kept.then_some((glyph.right, glyph.baseline));
        is_kept
    });
    glyphs
}

/// The glyph on the page; none if it is not set from left to right.
fn place(text: &str, transform: Affine, advance: f64, next_origin: Option<Point>) -> Option<Glyph> {
    let origin = transform * Point::ZERO;
    let along = transform * Point::new(UNITS_PER_EM, 0.0) - origin;
    let upright = transform * Point::new(0.0, UNITS_PER_EM) - origin;
    let size = upright.hypot();
    let lies_level = along.x > 0.0 && along.y.abs() <= along.x * 0.1 && upright.y < 0.0;
    if text.is_empty() || !lies_level || !size.is_finite() || size < 0.5 {
        return None;
    }
    let mut right = (transform * Point::new(advance, 0.0)).x;
    // A substitute font is stretched to the right width already; the start of the next glyph is
    // then the end of this one.
    if let Some(next) = next_origin
        && next.x > origin.x
    {
        right = right.min(next.x);
    }
    (origin.x.is_finite() && origin.y.is_finite() && right.is_finite()).then(|| Glyph {
        text: text.to_owned(),
        left: origin.x,
        right: right.max(origin.x),
        baseline: origin.y,
        size,
    })
}
