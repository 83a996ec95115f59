//! The survival curve: the inverse of the share of jobs that are not finished at an age.

use super::bins::{BINS, Bin, EDGES};

/// 1 in the fixed-point numbers of a curve, which have 24 binary places.
pub(super) const ONE: u64 = 1 << 24;

/// The upper bound of a curve, 2^38 with 24 binary places: then fewer than one job in 10^11 is
/// left.
const MAX_INVERSE: u64 = 1 << 62;

/// The median of the assumed processing times, in ticks: 15 s.
pub(in crate::machine) const MEDIAN: u64 = 15 << 16;

/// The distribution assumed before anything is known: log-logistic with a median of 15 s and a
/// shape of 1.2.
pub(in crate::machine) static PRIOR: Curve = Curve::prior();

/// 1 / S at an age, where S is the share of jobs not finished at it: linear between the borders of
/// the bins; and its integral over the age, in ticks with 24 binary places.
///
/// Both are looked up in constant time, and with them the lateness by the odds rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::machine) struct Curve {
    inverse: [u64; EDGES],
    area: [u128; EDGES],
}

impl Curve {
    const fn prior() -> Self {
        let mut curve = Self::flat();
        let mut index = 0;
        while index < BINS {
            let bin = Bin::at(index);
            curve.extend(index, bin.width, ONE + power_of_shape(bin.end()));
            index += 1;
        }
        curve
    }

    /// The curve for how many jobs entered each bin and how many left it unfinished, in any unit.
    pub(super) fn from_counts(mut counts: impl FnMut(usize) -> (u64, u64)) -> Self {
        let mut curve = Self::flat();
        for index in 0..BINS {
            let (entered, left) = counts(index);
            // A few jobs prove nothing for certain, so some are assumed to remain.
            let left = left
                .clamp(entered.div_ceil(MAX_DECLINE), entered.max(1))
                .max(1);
            // 1 / S grows by entered / left. 1 / S is at most 2^62, so the product is below 2^126.
            let grown =
                u128::from(curve.inverse[index]) * u128::from(entered.max(1)) / u128::from(left);
            curve.extend(
                index,
                Bin::at(index).width,
                u64::try_from(grown).unwrap_or(MAX_INVERSE),
            );
        }
        curve
    }

    /// The lateness, in ticks, accumulated at the age `to` since a poll at the age `from`: the odds
    /// rule, the integral of `S(from) / S(t) - 1` over t.
    pub(in crate::machine) fn lateness(&self, from: u64, to: u64) -> u64 {
        let Some(span) = to.checked_sub(from) else {
            return 0;
        };
        // S(from) times the integral of 1 / S, in ticks. The subtraction of the integral of 1
        // saturates: rounding may lose a tick.
        let area = self.area_at(to).saturating_sub(self.area_at(from));
        let weighted = area / u128::from(self.inverse_at(from));
        u64::try_from(weighted)
            .unwrap_or(u64::MAX)
            .saturating_sub(span)
    }

    /// The smallest gap within `gaps` after which the lateness since `from` has reached `price` at
    /// that age; the largest gap if none has. All in ticks.
    pub(in crate::machine) fn gap(
        &self,
        from: u64,
        gaps: (u64, u64),
        price: impl Fn(u64) -> u64,
    ) -> u64 {
        let (area, inverse) = (self.area_at(from), u128::from(self.inverse_at(from)));
        let is_reached = |gap| {
            let gathered = self.area_at(from + gap).saturating_sub(area);
            // lateness >= price, with the gap and 1 / S(from) moved to the right side. The product
            // of two numbers below 2^64 fits in 128 bits.
            gathered >= inverse * u128::from(price(from + gap).saturating_add(gap))
        };
        let (mut early, largest) = gaps;
        // A price that grows with the age may overtake the lateness again, so the search is in the
        // first doubling of the gap in which the price is reached.
        let mut late = early.min(largest);
        while late < largest && !is_reached(late) {
            (early, late) = (late + 1, late.saturating_mul(2).clamp(late + 1, largest));
        }
        while early < late {
            let middle = early + (late - early) / 2;
            if is_reached(middle) {
                late = middle;
            } else {
                early = middle + 1;
            }
        }
        late
    }

    /// 1 / S at the border before the bin of this index.
    pub(super) const fn inverse_at_edge(&self, edge: usize) -> u64 {
        self.inverse[edge]
    }

    /// 1 / S at an age.
    pub(super) fn inverse_at(&self, age: u64) -> u64 {
        let bin = Bin::for_age(age);
        let base = self.inverse[bin.index];
        let grown = self.growth(bin, age) + u128::from(base);
        u64::try_from(grown).unwrap_or(u64::MAX)
    }

    /// The integral of 1 / S from zero to an age.
    fn area_at(&self, age: u64) -> u128 {
        let bin = Bin::for_age(age);
        // A trapezoid: the mean of 1 / S at its ends, times its width in ticks. 1 / S is at most
        // 2^62 and ages are below 2^35, so even the extended last bin stays below 2^105.
        let twice = 2 * u128::from(self.inverse[bin.index]) + self.growth(bin, age);
        self.area[bin.index] + twice * u128::from(age - bin.from) / 2
    }

    /// How much 1 / S has grown since the start of the bin.
    fn growth(&self, bin: Bin, age: u64) -> u128 {
        let step = self.inverse[bin.index + 1] - self.inverse[bin.index];
        // Linear: the step over the bin, times the share of the bin's 2^width ticks. Below 2^97
        // before the shift.
        (u128::from(step) * u128::from(age - bin.from)) >> bin.width
    }

    const fn flat() -> Self {
        Self {
            inverse: [ONE; EDGES],
            area: [0; EDGES],
        }
    }

    /// Sets 1 / S and the integral at the end of a bin, whose start is set.
    const fn extend(&mut self, index: usize, width: u32, end: u64) {
        let start = self.inverse[index];
        let end = if end > MAX_INVERSE { MAX_INVERSE } else { end };
        self.inverse[index + 1] = end;
        // A trapezoid again. Both ends are at most 2^62 and the width at most 2^29 ticks, so all
        // 145 bins together stay below 2^99.
        self.area[index + 1] = self.area[index] + (((start as u128 + end as u128) << width) / 2);
    }
}

/// At least one in this many of the jobs that enter a bin is assumed to leave it unfinished.
const MAX_DECLINE: u64 = 16;

/// The odds of the assumed distribution at an age in ticks, `(age / MEDIAN)` to the power of 1.2,
/// with the binary places of [`ONE`]. Ages are at most 2^33, the end of the last bin.
const fn power_of_shape(age: u64) -> u64 {
    // x^1.2 = x * x^(1/5). The ratio has 100 binary places, so its fifth root has 20; the root is
    // found bit by bit. age * 2^92 is below 2^125; the ratio is below 2^14, so with its 100 places
    // below 2^114.
    let ratio = ((age as u128) << 92) / MEDIAN as u128;
    let ratio = ratio << 8;
    let mut root: u128 = 0;
    let mut bit = 22;
    loop {
        let tried = root | (1 << bit);
        if tried * tried * tried * tried * tried <= ratio {
            root = tried;
        }
        if bit == 0 {
            break;
        }
        bit -= 1;
    }
    // The root is below 2^23 and ONE is 2^24: the product is below 2^80.
    ((age as u128 * root * ONE as u128 / MEDIAN as u128) >> 20) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lateness of a curve by a fine sum in floating point, in seconds.
    fn by_sum(share_left: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
        let steps = 20_000;
        let width = (to - from) / f64::from(steps);
        (0..steps)
            .map(|step| {
                (share_left(from) / share_left(from + (f64::from(step) + 0.5) * width) - 1.0)
                    * width
            })
            .sum()
    }

    #[test]
    fn the_odds_of_the_assumed_distribution_are_right() {
        for bin in (0..BINS).map(Bin::at) {
            let expected = (bin.end() as f64 / MEDIAN as f64).powf(1.2);
            let computed = power_of_shape(bin.end()) as f64 / ONE as f64;
            assert!(
                (computed - expected).abs() <= expected * 4e-6 + 1e-7,
                "{bin:?}: {computed} {expected}"
            );
        }
    }

    #[test]
    fn the_lateness_is_that_of_the_assumed_distribution() {
        let share_left = |age: f64| 1.0 / (1.0 + (age / 15.0).powf(1.2));
        for (from, to) in [
            (0.0, 1.0),
            (0.0, 6.3),
            (6.3, 12.4),
            (60.0, 80.0),
            (600.0, 660.0),
            (3600.0, 3900.0),
            (40_000.0, 40_300.0),
        ] {
            let ticks = |age: f64| (age * 65536.0).round() as u64;
            let computed = PRIOR.lateness(ticks(from), ticks(to)) as f64 / 65536.0;
            let expected = by_sum(share_left, from, to);
            assert!(
                (computed - expected).abs() <= expected * 0.01 + 2e-3,
                "{from} to {to}: {computed} {expected}"
            );
        }
    }

    #[test]
    fn nothing_overflows_whatever_is_counted() {
        for counts in [
            (0, 0),
            (0, u64::MAX),
            (u64::MAX, 0),
            (1, 0),
            (1 << 48, 1),
            (5, 5),
        ] {
            let curve = Curve::from_counts(|_| counts);
            let ages = [0, 1, 40_000, 1 << 20, 1 << 33, 1 << 34];
            for from in ages {
                for to in ages {
                    curve.lateness(from, to);
                }
                for price in [0, 1 << 16, 1 << 28, u64::MAX] {
                    let gap = curve.gap(from, (1 << 15, 1 << 31), |_| price);
                    assert!(
                        (1 << 15..=1 << 31).contains(&gap),
                        "{counts:?} {from} {price}: {gap}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_first_gap_that_is_late_enough_is_found_though_the_price_overtakes_the_lateness_again() {
        // Most jobs finish around 10 s, and the others hardly ever.
        let curve = Curve::from_counts(|index| {
            (
                1000,
                if index == Bin::for_age(10 << 16).index {
                    200
                } else {
                    1000
                },
            )
        });
        let price = |age: u64| age * age / (32 << 16);
        let late = |age: u64| curve.lateness(0, age) >= price(age);
        let largest = 300 << 16;
        assert!(!late(largest) && !late(largest / 2));
        let gap = curve.gap(0, (1 << 15, largest), price);
        assert!(late(gap) && (10 << 16..20 << 16).contains(&gap), "{gap}");
        assert!(
            (0..gap)
                .step_by(1000)
                .all(|age| age < 1 << 15 || !late(age))
        );
    }

    #[test]
    fn later_is_never_less_late() {
        let curve = Curve::from_counts(|index| (1000, if index % 7 == 0 { 100 } else { 1000 }));
        for from in [0, 7, 123_456, 1 << 22, 1 << 30] {
            let mut before = 0;
            for step in 0..2000 {
                let lateness = curve.lateness(from, from + step * 4_001);
                // A tick is lost to rounding at most.
                assert!(lateness + 1 >= before, "{from} {step}");
                before = lateness;
            }
        }
    }
}
