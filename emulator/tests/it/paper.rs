//! Draws simple PDFs: text in Helvetica, lines and boxes, measured from the top left corner.

use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str};

const REGULAR: Name<'static> = Name(b"Regular");
const BOLD: Name<'static> = Name(b"Bold");

/// A document, page by page.
pub(crate) struct Paper {
    width: f32,
    height: f32,
    rotation: i32,
    offset: (f32, f32),
    compressed: bool,
    pages: Vec<Vec<u8>>,
}

/// A page that is drawn on.
pub(crate) struct Sheet {
    content: Content,
    height: f32,
    offset: (f32, f32),
}

/// A document of one page.
pub(crate) fn one_page(draw: impl FnOnce(&mut Sheet)) -> Vec<u8> {
    Paper::a4().page(draw).finish()
}

impl Paper {
    /// A4, upright.
    pub(crate) fn a4() -> Self {
        Self {
            width: 595.0,
            height: 842.0,
            rotation: 0,
            offset: (0.0, 0.0),
            compressed: false,
            pages: Vec::new(),
        }
    }

    /// Shown turned to the right by this angle.
    pub(crate) fn rotated(mut self, degrees: i32) -> Self {
        self.rotation = degrees;
        self
    }

    /// With a page whose lower left corner is not the origin.
    pub(crate) fn with_offset(mut self, x: f32, y: f32) -> Self {
        self.offset = (x, y);
        self
    }

    /// With compressed pages, as most programs write them.
    pub(crate) fn compressed(mut self) -> Self {
        self.compressed = true;
        self
    }

    /// One more page.
    pub(crate) fn page(mut self, draw: impl FnOnce(&mut Sheet)) -> Self {
        let mut sheet = Sheet {
            content: Content::new(),
            height: self.height,
            offset: self.offset,
        };
        draw(&mut sheet);
        self.pages.push(sheet.content.finish().into_vec());
        self
    }

    /// The file.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut pdf = Pdf::new();
        let [catalog, tree, regular, bold] = [1, 2, 3, 4].map(Ref::new);
        let ids: Vec<(Ref, Ref)> = (5..)
            .step_by(2)
            .take(self.pages.len())
            .map(|id| (Ref::new(id), Ref::new(id + 1)))
            .collect();
        pdf.catalog(catalog).pages(tree);
        let count = i32::try_from(ids.len()).expect("few pages");
        pdf.pages(tree)
            .kids(ids.iter().map(|(page, _)| *page))
            .count(count);
        for (font, name) in [(regular, "Helvetica"), (bold, "Helvetica-Bold")] {
            pdf.type1_font(font)
                .base_font(Name(name.as_bytes()))
                .encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for ((page_id, content_id), content) in ids.into_iter().zip(&self.pages) {
            let (x, y) = self.offset;
            let mut page = pdf.page(page_id);
            page.media_box(Rect::new(x, y, x + self.width, y + self.height));
            page.rotate(self.rotation);
            page.parent(tree);
            page.contents(content_id);
            page.resources()
                .fonts()
                .pair(REGULAR, regular)
                .pair(BOLD, bold);
            page.finish();
            if self.compressed {
                let packed = miniz_oxide::deflate::compress_to_vec_zlib(content, 9);
                pdf.stream(content_id, &packed).filter(Filter::FlateDecode);
            } else {
                pdf.stream(content_id, content);
            }
        }
        pdf.finish()
    }
}

impl Sheet {
    /// Text that begins at `x`, its baseline at `y`.
    pub(crate) fn text(&mut self, x: f32, y: f32, size: f32, text: &str) -> &mut Self {
        self.show(REGULAR, x, y, size, text)
    }

    /// Bold text.
    pub(crate) fn bold(&mut self, x: f32, y: f32, size: f32, text: &str) -> &mut Self {
        self.show(BOLD, x, y, size, text)
    }

    /// Text that ends at `x`.
    pub(crate) fn right(&mut self, x: f32, y: f32, size: f32, text: &str) -> &mut Self {
        let start = x - width(text, size, false);
        self.show(REGULAR, start, y, size, text)
    }

    /// Bold text that ends at `x`.
    pub(crate) fn bold_right(&mut self, x: f32, y: f32, size: f32, text: &str) -> &mut Self {
        let start = x - width(text, size, true);
        self.show(BOLD, start, y, size, text)
    }

    /// Text that runs upwards from a place measured from the lower left corner, upright on a page
    /// turned by 90 degrees.
    pub(crate) fn upwards(&mut self, x: f32, y: f32, size: f32, text: &str) -> &mut Self {
        let bytes: Vec<u8> = text.chars().map(win_ansi).collect();
        self.content
            .begin_text()
            .set_font(REGULAR, size)
            .set_text_matrix([0.0, 1.0, -1.0, 0.0, x, y])
            .show(Str(&bytes))
            .end_text();
        self
    }

    /// A filled box.
    pub(crate) fn fill(&mut self, [x, y, width, height]: [f32; 4]) -> &mut Self {
        let bottom = self.height - y - height;
        self.content
            .rect(x + self.offset.0, bottom + self.offset.1, width, height)
            .fill_nonzero();
        self
    }

    /// The colour of what comes next, each part from 0 to 1.
    pub(crate) fn colour(&mut self, [red, green, blue]: [f32; 3]) -> &mut Self {
        self.content.set_fill_rgb(red, green, blue);
        self
    }

    fn show(&mut self, font: Name<'_>, x: f32, y: f32, size: f32, text: &str) -> &mut Self {
        let bytes: Vec<u8> = text.chars().map(win_ansi).collect();
        self.content
            .begin_text()
            .set_font(font, size)
            .next_line(x + self.offset.0, self.height - y + self.offset.1)
            .show(Str(&bytes))
            .end_text();
        self
    }
}

/// How wide a text is.
fn width(text: &str, size: f32, bold: bool) -> f32 {
    const REGULAR_WIDTHS: [u16; 95] = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556,
        556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722,
        722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722,
        667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556,
        556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,
        500, 334, 260, 334, 584,
    ];
    const BOLD_WIDTHS: [u16; 95] = [
        278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556,
        556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722,
        722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722,
        667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611,
        611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556,
        500, 389, 280, 389, 584,
    ];
    let widths = if bold { BOLD_WIDTHS } else { REGULAR_WIDTHS };
    let units: u16 = text
        .chars()
        .map(|character| {
            let index = (character as usize).checked_sub(32);
            // What is not ASCII here is the euro sign and accented small letters, all about as wide
            // as a digit.
            index
                .and_then(|index| widths.get(index).copied())
                .unwrap_or(556)
        })
        .sum();
    f32::from(units) * size / 1000.0
}

fn win_ansi(character: char) -> u8 {
    match character {
        '€' => 0x80,
        '–' => 0x96,
        '•' => 0x95,
        'š' => 0x9a,
        'ž' => 0x9e,
        'Š' => 0x8a,
        'Ž' => 0x8e,
        character => u8::try_from(character).unwrap_or(b'?'),
    }
}
