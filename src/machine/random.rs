//! Deterministic randomness: numbers that follow from a seed.

/// The `index`-th random number of `seed` (SplitMix64). It has no state, so a job's record needs
/// none; the same on every platform.
pub(super) fn draw(seed: u64, index: u32) -> u64 {
    let mut bits = seed.wrapping_add(
        u64::from(index)
            .wrapping_add(1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15),
    );
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
