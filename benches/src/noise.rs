//! Pseudorandom bytes that do not compress, the same in each run.

/// A generator of pseudorandom bytes (splitmix64).
#[derive(Debug, Clone)]
pub struct Noise {
    state: u64,
}

impl Noise {
    /// A generator with this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Fills the buffer with the next bytes.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        for word in buffer.chunks_mut(8) {
            let mixed = self.next_word();
            word.copy_from_slice(&mixed.to_le_bytes()[..word.len()]);
        }
    }

    /// The next number below `end`, close to uniform; zero if `end` is zero.
    pub fn next_below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next_word()) * u128::from(end)) >> u64::BITS) as u64
    }

    fn next_word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
