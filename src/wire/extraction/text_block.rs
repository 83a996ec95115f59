//! The text blocks of a document.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer};

use super::super::lenient::{self, Object, Scalar};
use super::candidate::BoundingBox;

/// A run of text on a page, and its place: one of [`Extraction::text_blocks`].
///
/// `Debug` does not show the text.
///
/// [`Extraction::text_blocks`]: super::Extraction::text_blocks
#[derive(Clone)]
pub struct TextBlock {
    text: Box<str>,
    number: Option<u64>,
    page_number: Option<u32>,
    bounding_box: Option<BoundingBox>,
}

impl TextBlock {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The service's number of the block, which grows over the whole document from 0. Blocks may
    /// share one; what that means is not known.
    pub fn number(&self) -> Option<u64> {
        self.number
    }

    /// The page as the service counts it here: from 1, unlike [`Candidate::page`], which is from 0.
    ///
    /// [`Candidate::page`]: super::Candidate::page
    pub fn page_number(&self) -> Option<u32> {
        self.page_number
    }

    /// The position on the page, in the same unit as that of a value.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        self.bounding_box
    }
}

impl fmt::Debug for TextBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextBlock")
            .field("number", &self.number)
            .field("page_number", &self.page_number)
            .field("bounding_box", &self.bounding_box)
            .finish_non_exhaustive()
    }
}

/// The key of a result that holds its text blocks.
#[derive(Deserialize)]
pub(super) struct TextBlocks {
    #[serde(default, deserialize_with = "lenient::list")]
    pub(super) text_blocks: Vec<TextBlock>,
}

/// Only the text must be there: a block without it has another shape than the known one.
impl<'de> Deserialize<'de> for TextBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written<'a> {
            #[serde(borrow)]
            value: Scalar<'a>,
            #[serde(borrow, default)]
            number: Scalar<'a>,
            #[serde(borrow, default)]
            page_number: Scalar<'a>,
            #[serde(borrow, default)]
            x: Scalar<'a>,
            #[serde(borrow, default)]
            y: Scalar<'a>,
            #[serde(borrow, default)]
            width: Scalar<'a>,
            #[serde(borrow, default)]
            height: Scalar<'a>,
        }
        let Object(written) = Object::<Written<'_>>::deserialize(deserializer)?;
        let whole = |number: Scalar<'_>| number.into_number()?.parse::<u64>().ok();
        let float = |number: Scalar<'_>| number.into_number()?.parse().ok();
        let place = [written.x, written.y, written.width, written.height].map(float);
        Ok(Self {
            text: written
                .value
                .0
                .map(Cow::into_owned)
                .unwrap_or_default()
                .into(),
            number: whole(written.number),
            page_number: whole(written.page_number).and_then(|page| page.try_into().ok()),
            bounding_box: BoundingBox::new(place),
        })
    }
}
