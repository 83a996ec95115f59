//! Ages as whole numbers.

use std::time::Duration;

/// A second has 2^16 ticks: fine enough for a poll, and bins whose widths are powers of two need no division.
const BITS: u32 = 16;

/// Ages beyond this count as this: 2^34 ticks, three days. The service keeps nothing that long.
pub(super) const OLDEST: u64 = 1 << 34;

const NANOSECONDS: u64 = 1_000_000_000;

/// An age or a gap in ticks, rounded down; at most [`OLDEST`].
pub(in crate::machine) const fn to_ticks(age: Duration) -> u64 {
    if age.as_secs() >= OLDEST >> BITS {
        return OLDEST;
    }
    (age.as_secs() << BITS) + ((age.subsec_nanos() as u64) << BITS) / NANOSECONDS
}

/// The time that so many ticks are, rounded down to the nanosecond.
pub(in crate::machine) const fn to_duration(ticks: u64) -> Duration {
    let nanoseconds = ((ticks & ((1 << BITS) - 1)) * NANOSECONDS) >> BITS;
    Duration::new(ticks >> BITS, nanoseconds as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_survive_to_the_tick_and_end_at_the_oldest() {
        for milliseconds in [0, 1, 500, 6_300, 86_400_000] {
            let age = Duration::from_millis(milliseconds);
            let back = to_duration(to_ticks(age));
            assert!(
                back <= age && age - back < Duration::from_micros(16),
                "{age:?} {back:?}"
            );
        }
        assert_eq!(to_ticks(Duration::MAX), OLDEST);
        assert_eq!(to_duration(OLDEST), Duration::from_secs(262_144));
    }
}
