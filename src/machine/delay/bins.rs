//! The bins in which ages are counted: eight to a doubling, so that a bin's width is an eighth to a
//! sixteenth of its ages.

/// The first bin is from zero to 2^15 ticks, half a second: no poll comes sooner.
const FIRST_BITS: u32 = 15;

/// A doubling has 2^3 bins of equal width.
const PER_DOUBLING_BITS: u32 = 3;

/// Doublings from half a second to 2^17 s, a day and a half.
const DOUBLINGS: usize = 18;

/// The number of bins. The last has no end: it also stands for all greater ages.
pub(super) const BINS: usize = 1 + (DOUBLINGS << PER_DOUBLING_BITS);

/// The borders of the bins, from zero to the nominal end of the last.
pub(super) const EDGES: usize = BINS + 1;

/// One bin: ages in ticks from `from`, over 2^`width` ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bin {
    pub(super) index: usize,
    pub(super) from: u64,
    pub(super) width: u32,
}

impl Bin {
    /// The bin of an age; the last bin for ages beyond its end.
    pub(super) const fn for_age(age: u64) -> Self {
        if age < 1 << FIRST_BITS {
            return Self {
                index: 0,
                from: 0,
                width: FIRST_BITS,
            };
        }
        // The position of the highest bit; the next three bits select the bin of the doubling.
        // `age` is at least 2^15 here, so no subtraction below underflows.
        let doubling = 63 - age.leading_zeros();
        let width = doubling - PER_DOUBLING_BITS;
        let part = (age >> width) & ((1 << PER_DOUBLING_BITS) - 1);
        let index = 1 + (((doubling - FIRST_BITS) << PER_DOUBLING_BITS) as usize) + part as usize;
        if index < BINS {
            Self {
                index,
                // The age with the bits below the bin's width cleared.
                from: (age >> width) << width,
                width,
            }
        } else {
            Self::last()
        }
    }

    /// The bin of this index; the last bin for a greater index.
    pub(super) const fn at(index: usize) -> Self {
        match index {
            0 => Self::for_age(0),
            1..BINS => {
                let (doubling, part) = (
                    (index - 1) >> PER_DOUBLING_BITS,
                    (index - 1) & ((1 << PER_DOUBLING_BITS) - 1),
                );
                let width = FIRST_BITS + doubling as u32 - PER_DOUBLING_BITS;
                Self {
                    index,
                    from: ((1 << PER_DOUBLING_BITS) + part as u64) << width,
                    width,
                }
            }
            _ => Self::last(),
        }
    }

    /// Where the next bin begins.
    pub(super) const fn end(self) -> u64 {
        self.from + (1 << self.width)
    }

    const fn last() -> Self {
        Self::at(BINS - 1)
    }
}

/// Splits a span of ages at the borders of the bins: each bin, with the first and last age of the
/// span in it. Ages beyond the end of the last bin belong to it.
pub(super) fn parts(from: u64, to: u64) -> impl Iterator<Item = (Bin, u64, u64)> {
    let mut age = from;
    std::iter::from_fn(move || {
        let bin = Bin::for_age(age);
        let end = if bin.index + 1 < BINS {
            bin.end().min(to)
        } else {
            to
        };
        let part = (age < to).then_some((bin, age, end));
        age = end;
        part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_follow_each_other_without_a_gap() {
        for index in 0..BINS {
            let bin = Bin::at(index);
            assert_eq!(bin, Bin::for_age(bin.from));
            assert_eq!(bin, Bin::for_age(bin.end() - 1));
            assert_eq!(
                bin.end(),
                if index + 1 < BINS {
                    Bin::at(index + 1).from
                } else {
                    1 << 33
                }
            );
            assert!(index == 0 || bin.from >= 8 << bin.width);
        }
        assert_eq!(Bin::for_age(u64::MAX), Bin::at(BINS - 1));
    }

    #[test]
    fn parts_make_up_the_whole() {
        for (from, to) in [
            (0, 1),
            (5, 5),
            (6, 5),
            (0, 1 << 20),
            (100_000, 3_000_000),
            (1 << 32, 1 << 34),
            (1 << 34, (1 << 34) + 9),
        ] {
            let parts: Vec<_> = parts(from, to).collect();
            assert_eq!(
                parts.iter().map(|(_, low, high)| high - low).sum::<u64>(),
                to.saturating_sub(from)
            );
            assert!(
                parts
                    .windows(2)
                    .all(|two| two[0].2 == two[1].1 && two[0].0.index < two[1].0.index)
            );
        }
    }
}
