//! Ids with the layout of the vendor's.

use std::fmt;

use serde::{Serialize, Serializer};
use typless::machine::Time;

use super::rng::Rng;

/// The id of an extraction or of a result: 20 bytes, written as 40 lower-case hexadecimal digits.
///
/// The vendor's ids are laid out as KSUIDs: four bytes with the seconds since 2014-05-13T16:53:20Z,
/// then sixteen random ones. The id of the webhook's sample event, made at 2022-02-03T10:19:17,
/// begins with `0e895e25`, which is that second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id([u8; Self::BYTES]);

impl Id {
    const BYTES: usize = 20;

    /// The moment that KSUIDs count from, in seconds since the Unix epoch.
    const EPOCH_SECONDS: u64 = 1_400_000_000;

    /// Parses an id; `None` for text that no id of ours has.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits: &[u8; 2 * Self::BYTES] = text.as_bytes().try_into().ok()?;
        let mut id = [0; Self::BYTES];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(id))
    }

    fn new(now: Time, rng: [u64; 2]) -> Self {
        let second = now
            .since_epoch()
            .as_secs()
            .saturating_sub(Self::EPOCH_SECONDS);
        let second = u32::try_from(second).unwrap_or(u32::MAX);
        let mut id = [0; Self::BYTES];
        id[..4].copy_from_slice(&second.to_be_bytes());
        id[4..12].copy_from_slice(&rng[0].to_be_bytes());
        id[12..].copy_from_slice(&rng[1].to_be_bytes());
        Self(id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Makes ids; the same seed and times make the same ones, and none is made twice.
#[derive(Debug)]
pub(super) struct Ids {
    rng: Rng,
}

impl Ids {
    pub(super) fn new(rng: Rng) -> Self {
        Self { rng }
    }

    pub(super) fn next(&mut self, now: Time) -> Id {
        Id::new(now, [self.rng.number(), self.rng.number()])
    }
}

/// The value of a lower-case hexadecimal digit.
fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_the_second_it_was_made_in() {
        let id = Ids::new(Rng::new(7))
            .next(Time::from_unix_seconds(1_643_883_557))
            .to_string();
        assert!(id.starts_with("0e895e25"), "{id}");
        assert_eq!(id.len(), 40);
    }

    #[test]
    fn ids_are_read_as_they_are_written() {
        let id = Ids::new(Rng::new(7)).next(Time::EPOCH);
        assert_eq!(Id::parse(&id.to_string()), Some(id));
        assert_eq!(Id::parse(&id.to_string().to_uppercase()), None);
        assert_eq!(Id::parse("0d14338251a6db69bfec36face27f7edcab7322"), None);
    }

    #[test]
    fn times_before_and_after_all_ids_have_ids() {
        let mut ids = Ids::new(Rng::new(0));
        assert!(ids.next(Time::EPOCH).to_string().starts_with("00000000"));
        assert!(ids.next(Time::MAX).to_string().starts_with("ffffffff"));
    }

    #[test]
    fn one_seed_makes_the_same_ids_and_another_makes_others() {
        let three = |seed| {
            let mut ids = Ids::new(Rng::new(seed));
            [
                ids.next(Time::EPOCH),
                ids.next(Time::EPOCH),
                ids.next(Time::EPOCH),
            ]
        };
        assert_eq!(three(1), three(1));
        assert_ne!(three(1), three(2));
        assert_ne!(three(1)[0], three(1)[1]);
    }
}
