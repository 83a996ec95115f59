//! Finds a value by its path.

use super::candidate::{Candidate, Part};
use super::{BoundingBox, Extraction, Field, Row};

/// Where a value is on the document.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) page: Option<u32>,
    pub(super) bounding_box: Option<BoundingBox>,
}

impl Place {
    pub(super) fn new(candidate: &Candidate) -> Self {
        Self {
            page: candidate.page(),
            bounding_box: candidate.bounding_box(),
        }
    }
}

impl Extraction {
    /// The value at a path, with its confidence, page and box; `None` if there is no such field, or
    /// it was not found on the document.
    ///
    /// ```
    /// use typless::wire::Extraction;
    ///
    /// # let json = r#"{"line_items": [[], [], [{"name": "price", "values": [
    /// #     {"value": "12.50", "confidence_score": 0.7, "page_number": 1,
    /// #      "x": 358, "y": 737, "width": 557, "height": 33}]}]]}"#;
    /// # let extraction = Extraction::from_json(json)?;
    /// let price = extraction.at("line_items[2].price").expect("a price");
    ///
    /// assert_eq!(price.text(), Some("12.50"));
    /// assert_eq!((price.page(), price.confidence()), (Some(1), Some(0.7)));
    /// assert_eq!(price.bounding_box().map(|found| found.x), Some(358.0));
    /// # Ok::<(), typless::wire::DecodeError>(())
    /// ```
    ///
    /// These are the paths of [`ReviewItem`](super::ReviewItem) and
    /// [`ParseProblem`](super::ParseProblem). Indices count from 0.
    ///
    /// | path | is the value of |
    /// | --- | --- |
    /// | `total_amount` | the best candidate of the field |
    /// | `purchase_order[1]` | one of its candidates |
    /// | `line_items[2].price`, `vat_rates[0].vat_rate_percentage` | a field of a row |
    /// | `total_amount.confidence_score` | the candidate, whatever part of it is named |
    ///
    /// If the document type itself has a field named `line_items` or `vat_rates`, the path leads to
    /// that field, as it does for [`parse`](Self::parse).
    pub fn at(&self, path: &str) -> Option<&Candidate> {
        self.candidate_at(path)
            .filter(|candidate| candidate.text().is_some())
    }

    /// Where the value at a path is, if it has one.
    pub(super) fn place_at(&self, path: &str) -> Place {
        self.candidate_at(path).map(Place::new).unwrap_or_default()
    }

    fn candidate_at(&self, path: &str) -> Option<&Candidate> {
        let row = |name: &str, rows: &'_ [Row]| -> Option<(usize, &str)> {
            let (index, path) = path
                .strip_prefix(name)?
                .strip_prefix('[')?
                .split_once("].")?;
            let index = index.parse().ok().filter(|index| *index < rows.len())?;
            self.field(name).is_none().then_some((index, path))
        };
        for (name, rows) in [
            ("line_items", self.line_items()),
            ("vat_rates", self.vat_rates()),
        ] {
            if let Some((index, path)) = row(name, rows) {
                return candidate_at(rows.get(index)?.fields(), path);
            }
        }
        candidate_at(self.fields(), path)
    }
}

/// The candidate at a path within a record. A field may have any name, so the longest is tried
/// first.
fn candidate_at<'f>(fields: &'f [Field], path: &str) -> Option<&'f Candidate> {
    let field = |name: &str| fields.iter().find(|field| field.name() == name);
    if let Some(field) = field(path) {
        return field.best().or_else(|| field.candidates().first());
    }
    if let Some((path, part)) = path.rsplit_once('.') {
        if Part::from_name(part) != Part::Unknown {
            return candidate_at(fields, path);
        }
    }
    let (name, index) = path.strip_suffix(']')?.rsplit_once('[')?;
    field(name)?.candidates().get(index.parse::<usize>().ok()?)
}
