//! The first look at a damaged body: whether it is complete, and which keys it has twice.

use super::super::lenient;
use super::levels::Level;
use super::walker::{Step, Walker};

/// What is known of a body that is one complete object.
pub(super) struct Survey {
    /// Whether its only `status` is `SUCCESS`, undamaged.
    pub(super) is_success: bool,
    pub(super) repeated: Repeated,
}

/// The members with a known key that have a later occurrence: a bit for each, by its number.
#[derive(Default)]
pub(super) struct Repeated {
    bits: Vec<u64>,
}

impl Repeated {
    fn insert(&mut self, number: usize) {
        let word = number / 64;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        if let Some(bits) = self.bits.get_mut(word) {
            *bits |= 1 << (number % 64);
        }
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        let word = self.bits.get(number / 64).copied().unwrap_or_default();
        word & (1 << (number % 64)) != 0
    }
}

impl Survey {
    /// `None` if the body ends early, has something behind its object, or is none.
    pub(super) fn new(body: &[u8], root: Level) -> Option<Self> {
        let mut walker = Walker::new(body, root);
        let mut repeated = Repeated::default();
        let mut status = Status::Absent;
        while let Some((step, place)) = walker.next() {
            let Some(frame) = walker.here() else {
                // Inside of what is not read.
                continue;
            };
            let is_status = frame.level == Level::Envelope && frame.known_key() == Some("status");
            match step {
                Step::Key(member) => {
                    if let Some(previous) = member.previous {
                        repeated.insert(previous);
                        if is_status {
                            status = Status::Damaged;
                        }
                    }
                }
                Step::Text if is_status => status.add(body.get(place).unwrap_or_default()),
                Step::Bare if is_status => status = Status::Damaged,
                _ => {}
            }
        }
        walker.is_complete().then(|| Self {
            is_success: status == Status::Success,
            repeated,
        })
    }
}

/// What is known of the status of the response.
#[derive(PartialEq)]
enum Status {
    Absent,
    Success,
    Other,
    /// There are several, or it is no text.
    Damaged,
}

impl Status {
    fn add(&mut self, json: &[u8]) {
        let text = std::str::from_utf8(json).ok().and_then(lenient::unquoted);
        *self = match (&self, text) {
            (Self::Absent, Some(text)) if text.trim().eq_ignore_ascii_case("SUCCESS") => {
                Self::Success
            }
            (Self::Absent, Some(_)) => Self::Other,
            _ => Self::Damaged,
        };
    }
}
