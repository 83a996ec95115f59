//! What follows for a value that was repaired.

use super::super::super::repair::Damage;
use super::super::{Candidate, DataType, Field};
use super::parsed::ReviewReason;

/// What follows for a value that was repaired.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum RepairEffect {
    /// It was not, or nothing was lost.
    Nothing,
    /// A person should look at it.
    Review(ReviewReason),
    /// It is a number or a date, and is not taken.
    Problem,
}

impl RepairEffect {
    /// What follows for the best candidate of a field. Those before it are null, perhaps for this
    /// reason only.
    pub(super) fn for_best(field: &Field) -> Self {
        Self::new(field.damage(), field)
    }

    /// What follows for one candidate of a field.
    pub(super) fn for_candidate(candidate: &Candidate, field: &Field) -> Self {
        Self::new(candidate.damage(), field)
    }

    fn new(damage: Damage, field: &Field) -> Self {
        let is_problem = match field.data_type() {
            _ if damage == Damage::NONE => return Self::Nothing,
            Some(DataType::Number | DataType::Date) => damage.text || damage.number,
            Some(DataType::String | DataType::Author) => false,
            Some(DataType::Other(_)) | None => damage.number,
        };
        if is_problem {
            Self::Problem
        } else {
            review_reason(damage).map_or(Self::Nothing, Self::Review)
        }
    }
}

/// Why a person should look at a text; `None` if nothing of it was repaired.
pub(super) fn review_reason(damage: Damage) -> Option<ReviewReason> {
    if damage == Damage::NONE {
        None
    } else if damage.repeated {
        Some(ReviewReason::DuplicateKey)
    } else {
        Some(ReviewReason::Repaired)
    }
}
