//! The objects and lists of a response that this crate reads, and their keys.

use super::super::extraction::PART_NAMES;

/// A place for an object or a list that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Level {
    /// The status response.
    Envelope,
    Result,
    /// The list of fields.
    Fields,
    Field,
    /// The list of candidates.
    Candidates,
    Candidate,
    /// The list of rows.
    Rows,
    /// A list of fields, or an object.
    Row,
    /// The list of text blocks.
    TextBlocks,
    TextBlock,
}

impl Level {
    /// Whether this may be an object, or a list.
    pub(super) fn may_be(self, is_object: bool) -> bool {
        match self {
            Self::Envelope | Self::Result | Self::Field | Self::Candidate | Self::TextBlock => {
                is_object
            }
            Self::Fields | Self::Candidates | Self::Rows | Self::TextBlocks => !is_object,
            Self::Row => true,
        }
    }

    /// The keys of the object. Of each, only one occurrence can be read.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Envelope => &["status", "result", "error"],
            Self::Result => &[
                "object_id",
                "file_name",
                "customer",
                "adjusted_s3_url",
                "extracted_fields",
                "line_items",
                "vat_rates",
                "text_blocks",
            ],
            Self::Field | Self::Row => &["name", "data_type", "multiple_values", "values"],
            Self::Candidate => &PART_NAMES,
            Self::TextBlock => &[
                "value",
                "number",
                "page_number",
                "x",
                "y",
                "width",
                "height",
            ],
            Self::Fields | Self::Candidates | Self::Rows | Self::TextBlocks => &[],
        }
    }

    /// The level under a key of the object, if it is one.
    pub(super) fn under(self, key: &str) -> Option<Self> {
        Some(match (self, key) {
            (Self::Envelope, "result") => Self::Result,
            (Self::Result, "extracted_fields") => Self::Fields,
            (Self::Result, "line_items" | "vat_rates") => Self::Rows,
            (Self::Result, "text_blocks") => Self::TextBlocks,
            (Self::Field | Self::Row, "values") => Self::Candidates,
            _ => return None,
        })
    }

    /// The level of the list's items, if it is one.
    pub(super) fn item(self) -> Option<Self> {
        Some(match self {
            Self::Fields | Self::Row => Self::Field,
            Self::Candidates => Self::Candidate,
            Self::Rows => Self::Row,
            Self::TextBlocks => Self::TextBlock,
            _ => return None,
        })
    }
}
