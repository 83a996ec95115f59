//! Puts glyphs together: to words, runs of words, and lines.
//!
//! Gaps are measured in the size of the font. Glyphs are chained in the order they were drawn, so
//! that text drawn over other text stays readable; only then are the chains of a line sorted from
//! left to right and joined.

use super::glyphs::Glyph;
use super::page::{Area, Line, Run, Word};

/// A gap wider than this separates words even where no space is drawn.
const WORD_GAP: f64 = 0.19;
/// A gap wider than this separates runs: it is more than the space between two words.
const RUN_GAP: f64 = 0.8;
/// Glyphs may reach back over each other by this much, as kerned ones do.
const OVERLAP: f64 = 0.3;
/// Baselines that differ by no more than this are one line.
const LINE_SHIFT: f64 = 0.3;

/// No line has more pieces than this, and no piece more words; what goes beyond is read as
/// another.
const MAX_PIECES: usize = 400;

/// The lines of a page from top to bottom.
pub(crate) fn from_glyphs(glyphs: Vec<Glyph>) -> Vec<Line> {
    let mut chains = chain(glyphs);
    chains.retain(|chain| !chain.words.is_empty());
    chains.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));

    let mut rows: Vec<Vec<Chain>> = Vec::new();
    for chain in chains {
        match rows.last_mut() {
            Some(row)
                if row.len() < MAX_PIECES
                    && row.first().is_some_and(|first| chain.is_level_with(first)) =>
            {
                row.push(chain);
            }
            _ => rows.push(vec![chain]),
        }
    }
    rows.into_iter().map(line).collect()
}

/// Words drawn one after the other without a jump.
#[derive(Debug)]
struct Chain {
    words: Vec<Word>,
    baseline: f64,
    size: f64,
    right: f64,
    inside_word: bool,
}

impl Chain {
    fn new(glyph: &Glyph) -> Self {
        Self {
            words: Vec::new(),
            baseline: glyph.baseline,
            size: glyph.size,
            right: glyph.left,
            inside_word: false,
        }
    }

    fn left(&self) -> f64 {
        self.words.first().map_or(self.right, |word| word.area.left)
    }

    fn is_level_with(&self, other: &Self) -> bool {
        let size = self.size.min(other.size);
        (self.baseline - other.baseline).abs() <= size * LINE_SHIFT
    }

    fn takes(&self, glyph: &Glyph) -> bool {
        let gap = glyph.left - self.right;
        let size = self.size.max(glyph.size);
        (self.baseline - glyph.baseline).abs() <= self.size.min(glyph.size) * LINE_SHIFT
            && self.words.len() < MAX_PIECES
            && self
                .words
                .last()
                .is_none_or(|word| word.text.len() < MAX_PIECES * 2)
            && self.size.min(glyph.size) * 1.7 >= size
            && (-size * OVERLAP..=size * RUN_GAP).contains(&gap)
    }

    fn push(&mut self, glyph: Glyph) {
        if glyph.text.trim().is_empty() {
            // The end of the last word stays the end, so that many spaces add up to one gap.
            self.inside_word = false;
            return;
        }
        let area = ink(&glyph);
        let gap = glyph.left - self.right;
        self.right = glyph.right;
        match self.words.last_mut() {
            Some(word) if self.inside_word && gap <= glyph.size * WORD_GAP => {
                word.text.push_str(&glyph.text);
                word.area = word.area.union(area);
            }
            _ => self.words.push(Word {
                text: glyph.text,
                area,
            }),
        }
        self.inside_word = true;
    }

    /// Whether the same text is drawn again in the same place, as some programs do to make it bold.
    fn repeats(&self, other: &Self) -> bool {
        let reach = self.size * 0.12;
        (self.left() - other.left()).abs() <= reach
            && (self.baseline - other.baseline).abs() <= reach
            && self.words.len() == other.words.len()
            && self
                .words
                .iter()
                .zip(&other.words)
                .all(|(mine, theirs)| mine.text == theirs.text)
    }
}

fn chain(glyphs: Vec<Glyph>) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for glyph in glyphs {
        match chains.last_mut() {
            Some(chain) if chain.takes(&glyph) => chain.push(glyph),
            _ => {
                let mut chain = Chain::new(&glyph);
                chain.push(glyph);
                chains.push(chain);
            }
        }
    }
    chains
}

/// One line of the chains on one baseline.
fn line(mut chains: Vec<Chain>) -> Line {
    chains.sort_by(|a, b| a.left().total_cmp(&b.left()));
    let baseline = chains.first().map_or(0.0, |chain| chain.baseline);
    let mut joined: Vec<Chain> = Vec::new();
    for chain in chains {
        let start = joined.len().saturating_sub(4);
        let recent = joined.get(start..).unwrap_or_default();
        if recent.iter().any(|earlier| earlier.repeats(&chain)) {
            continue;
        }
        match joined.last_mut() {
            Some(last) if joins(last, &chain) => join(last, chain),
            _ => joined.push(chain),
        }
    }
    Line {
        baseline,
        runs: joined.into_iter().filter_map(run).collect(),
    }
}

fn joins(left: &Chain, right: &Chain) -> bool {
    let gap = right.left() - left.right;
    let size = f64::midpoint(left.size, right.size);
    (-size * OVERLAP..=size * RUN_GAP).contains(&gap)
        && left.words.len() + right.words.len() <= MAX_PIECES
        && left.size.max(right.size) <= left.size.min(right.size) * 2.0
}

fn join(left: &mut Chain, right: Chain) {
    let gap = right.left() - left.right;
    let one_word = left.inside_word && gap <= left.size.min(right.size) * WORD_GAP;
    left.right = left.right.max(right.right);
    left.inside_word = right.inside_word;
    let mut words = right.words.into_iter();
    if one_word
        && let Some(last) = left.words.last_mut()
        && let Some(first) = words.next()
    {
        last.text.push_str(&first.text);
        last.area = last.area.union(first.area);
    }
    left.words.extend(words);
}

fn run(chain: Chain) -> Option<Run> {
    let area = chain
        .words
        .iter()
        .map(|word| word.area)
        .reduce(Area::union)?;
    Some(Run {
        words: chain.words,
        area,
        font_size: chain.size,
    })
}

/// The area a glyph inks, by the usual proportions of Latin letters: the service measures ink, not
/// line heights.
fn ink(glyph: &Glyph) -> Area {
    let mut above: f64 = 0.0;
    let mut below: f64 = 0.0;
    for character in glyph.text.chars() {
        let (over, under) = match character {
            'g' | 'p' | 'q' | 'y' => (0.54, 0.21),
            'a' | 'c' | 'e' | 'm' | 'n' | 'o' | 'r' | 's' | 'u' | 'v' | 'w' | 'x' | 'z' => {
                (0.54, 0.01)
            }
            'j' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '$' | '/' | '@' => (0.73, 0.18),
            '.' | '_' => (0.11, 0.01),
            ',' | ';' => (0.11, 0.14),
            '-' | '–' | '—' | '=' | '+' | '~' => (0.45, 0.0),
            _ => (0.73, 0.01),
        };
        above = above.max(over);
        below = below.max(under);
    }
    Area {
        left: glyph.left,
        top: glyph.baseline - glyph.size * above,
        right: glyph.right,
        bottom: glyph.baseline + glyph.size * below,
    }
}
