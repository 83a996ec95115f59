//! The text layer of a PDF: pages of lines, runs and words, each with its place.

mod glyphs;
mod intact;
mod lines;
mod page;

pub(crate) use page::{Area, Page, Run, Word};

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError};
use hayro_interpret::kurbo::Rect;
use hayro_interpret::{
    Context, InterpreterCache, InterpreterSettings, RenderContent, TransformExt, interpret_page,
};

use self::glyphs::{GlyphCollector, LimitReached};
use crate::ReadError;

/// More pages than any invoice has; a document beyond that is refused rather than read in part.
const MAX_PAGES: usize = 500;

/// Reads the text of all pages.
pub(crate) fn read_pages(document: &[u8]) -> Result<Vec<Page>, ReadError> {
    intact::check(document)?;
    // The library accepts damaged files, but it may have bugs, and a panic in it must not reach the
    // caller. Nothing it worked on is used afterwards.
    catch_unwind(AssertUnwindSafe(|| interpret(document))).unwrap_or_else(|cause| match cause
        .downcast_ref::<LimitReached>(
    ) {
        Some(LimitReached(limit)) => Err(ReadError::too_complex(*limit)),
        None => Err(ReadError::damaged("its content makes no sense")),
    })
}

fn interpret(document: &[u8]) -> Result<Vec<Page>, ReadError> {
    let pdf = Pdf::new(document.to_vec()).map_err(|error| load_error(&error))?;
    let sources = pdf.pages();
    if sources.is_empty() {
        return Err(ReadError::damaged("it has no pages"));
    }
    if sources.len() > MAX_PAGES {
        return Err(ReadError::too_many_pages(sources.len(), MAX_PAGES));
    }

    let settings = InterpreterSettings {
        // Annotations hold notes and stamps; form fields, which hold values, are drawn as
        // annotations too.
        render_content: RenderContent::all(),
        ..InterpreterSettings::default()
    };
    let cache = InterpreterCache::new();
    let mut collector = GlyphCollector::default();
    let mut pages = Vec::with_capacity(sources.len());
    for source in sources.iter() {
        let (width, height) = source.render_dimensions();
        let (width, height) = (f64::from(width), f64::from(height));
        let mut context = Context::new(
            source.initial_transform(true).to_kurbo(),
            Rect::new(0.0, 0.0, width, height),
            &cache,
            pdf.xref(),
            settings.clone(),
        );
        collector.begin_page(width, height);
        interpret_page(source, &mut context, &mut collector);
        let upright = collector.take_page();
        pages.push(Page {
            width: upright.width,
            height: upright.height,
            lines: lines::from_glyphs(upright.glyphs),
            to_shown: upright.to_shown,
        });
    }

    if collector.seen() == 0 {
        return Err(ReadError::no_text(pages.len()));
    }
    // A few odd symbols are normal; a document most of whose glyphs are unknown would be read as
    // gibberish.
    if collector.unreadable() * 2 > collector.seen() {
        return Err(ReadError::unreadable_text(
            collector.seen(),
            collector.unreadable(),
        ));
    }
    Ok(pages)
}

fn load_error(error: &LoadPdfError) -> ReadError {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            ReadError::password_protected("it opens with a password only")
        }
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => {
            ReadError::password_protected("in a way that is not supported")
        }
        LoadPdfError::Decryption(
            DecryptionError::MissingIDEntry | DecryptionError::InvalidEncryption,
        ) => ReadError::password_protected("and what is needed to decrypt it is missing or wrong"),
        LoadPdfError::Invalid => ReadError::damaged("its objects or pages cannot be found"),
    }
}
