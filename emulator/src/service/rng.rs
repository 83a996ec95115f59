//! Pseudo-random numbers that follow from a seed.

use std::f64::consts::TAU;

/// Pseudo-random numbers (SplitMix64); the same seed gives the same ones.
#[derive(Debug, Clone)]
pub(super) struct Rng {
    state: u64,
}

/// What a number is drawn for. Each purpose has its own numbers, so that one option does not change
/// the effects of another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Pace = 1,
    Queue = 2,
    Webhooks = 3,
    Faults = 4,
}

impl Rng {
    /// The numbers of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The numbers that a seed has for one purpose.
    pub(super) fn for_purpose(purpose: Purpose, seed: u64) -> Self {
        let mut numbers = Self::new(seed ^ (purpose as u64) << 56);
        Self::new(numbers.number())
    }

    /// Any number of 64 bits; none repeats before all others were drawn.
    pub(super) fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.state;
        number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ number >> 31
    }

    /// A number from 0 (included) to 1 (excluded).
    pub(super) fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Draws whether something with this probability happens: never at 0, always at 1.
    pub(super) fn draw_bool(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A number of the standard normal distribution.
    pub(super) fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (TAU * angle).cos()
    }

    /// One of them; `None` if there is none.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let index = (self.unit() * choices.len() as f64) as usize;
        choices.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_share() {
        let mut rng = Rng::for_purpose(Purpose::Faults, 1);
        let happened = (0..10_000).filter(|_| rng.draw_bool(0.2)).count();
        assert!((1_900..2_100).contains(&happened), "{happened}");
        assert!((0..100).all(|_| rng.draw_bool(1.0)) && !(0..100).any(|_| rng.draw_bool(0.0)));
    }

    #[test]
    fn normal_numbers_lie_as_they_should() {
        let mut rng = Rng::for_purpose(Purpose::Pace, 1);
        let numbers: Vec<f64> = (0..10_000).map(|_| rng.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 10_000.0;
        let within_one = numbers.iter().filter(|number| number.abs() < 1.0).count();
        assert!(
            mean.abs() < 0.03 && (6_700..6_950).contains(&within_one),
            "{mean} {within_one}"
        );
    }

    #[test]
    fn each_purpose_has_numbers_of_its_own() {
        let first = |purpose, seed| Rng::for_purpose(purpose, seed).number();
        assert_eq!(first(Purpose::Pace, 1), first(Purpose::Pace, 1));
        assert_ne!(first(Purpose::Pace, 1), first(Purpose::Pace, 2));
        assert_ne!(first(Purpose::Pace, 1), first(Purpose::Queue, 1));
        assert_eq!(Rng::new(0).pick::<u8>(&[]), None);
    }
}
