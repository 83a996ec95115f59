//! The bins in which ages are counted: eight to a doubling, so that each is an eighth to a sixteenth as wide as the age it stands for.

/// The first bin reaches from zero to 2^15 ticks, half a second: no poll is made sooner.
const FIRST: u32 = 15;

/// An eighth of a doubling is the width of a bin.
const PER_DOUBLING: u32 = 3;

/// Doublings from half a second to 2^17 s, a day and a half.
const DOUBLINGS: usize = 18;

/// How many bins there are. The last has no end: what is said of it holds for all that is older.
pub(super) const BINS: usize = 1 + (DOUBLINGS << PER_DOUBLING);

/// The borders of the bins, from zero to the nominal end of the last.
pub(super) const EDGES: usize = BINS + 1;

/// One bin: ages from `from` on, over 2 to the power of `width` ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bin {
    pub(super) index: usize,
    pub(super) from: u64,
    pub(super) width: u32,
}

impl Bin {
    /// The bin of an age: the first that has it or ends at it.
    pub(super) const fn of(age: u64) -> Self {
        if age < 1 << FIRST {
            return Self {
                index: 0,
                from: 0,
                width: FIRST,
            };
        }
        let doubling = 63 - age.leading_zeros();
        let width = doubling - PER_DOUBLING;
        let part = (age >> width) & ((1 << PER_DOUBLING) - 1);
        let index = 1 + (((doubling - FIRST) << PER_DOUBLING) as usize) + part as usize;
        if index < BINS {
            Self {
                index,
                from: (age >> width) << width,
                width,
            }
        } else {
            Self::last()
        }
    }

    /// The bin of this index; the last for those beyond.
    pub(super) const fn at(index: usize) -> Self {
        match index {
            0 => Self::of(0),
            1..BINS => {
                let (doubling, part) = (
                    (index - 1) >> PER_DOUBLING,
                    (index - 1) & ((1 << PER_DOUBLING) - 1),
                );
                let width = FIRST + doubling as u32 - PER_DOUBLING;
                Self {
                    index,
                    from: ((1 << PER_DOUBLING) + part as u64) << width,
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

/// The parts into which bins cut a span of ages: the bin, and from where to where. What lies beyond the last bin's end belongs to it.
pub(super) fn parts(from: u64, to: u64) -> impl Iterator<Item = (Bin, u64, u64)> {
    let mut age = from;
    std::iter::from_fn(move || {
        let bin = Bin::of(age);
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
            assert_eq!(bin, Bin::of(bin.from));
            assert_eq!(bin, Bin::of(bin.end() - 1));
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
        assert_eq!(Bin::of(u64::MAX), Bin::at(BINS - 1));
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
