//! Ages as whole numbers.

use std::time::Duration;

/// A second has 2^16 ticks: fine enough for a poll, and bins whose widths are powers of two need no
/// division.
const TICK_BITS: u32 = 16;

/// The largest age in ticks: 2^34 ticks, three days. Longer ages count as this. The service keeps
/// nothing that long.
pub(super) const MAX_AGE_TICKS: u64 = 1 << 34;

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// An age or a gap in ticks, rounded down; at most [`MAX_AGE_TICKS`].
pub(in crate::machine) const fn to_ticks(age: Duration) -> u64 {
    if age.as_secs() >= MAX_AGE_TICKS >> TICK_BITS {
        return MAX_AGE_TICKS;
    }
    // Seconds are below 2^18 and nanoseconds below 2^30, so shifted by 16 bits both fit.
    (age.as_secs() << TICK_BITS)
        + ((age.subsec_nanos() as u64) << TICK_BITS) / NANOSECONDS_PER_SECOND
}

/// The duration of this many ticks, rounded down to the nanosecond.
pub(in crate::machine) const fn to_duration(ticks: u64) -> Duration {
    // The fraction of a second, below 2^16 ticks, times 10^9 < 2^30: below 2^46.
    let nanoseconds = ((ticks & ((1 << TICK_BITS) - 1)) * NANOSECONDS_PER_SECOND) >> TICK_BITS;
    Duration::new(ticks >> TICK_BITS, nanoseconds as u32)
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
        assert_eq!(to_ticks(Duration::MAX), MAX_AGE_TICKS);
        assert_eq!(to_duration(MAX_AGE_TICKS), Duration::from_secs(262_144));
    }
}
