//! The optimal schedule for a known distribution.

use super::trace::Trace;

/// A grid of ages up to a week, in steps of a twentieth of a second, or 0.4 % of the age if that is
/// more.
struct Grid {
    ages: Vec<f64>,
    /// The fraction of jobs that are unfinished, and its integral.
    left: Vec<f64>,
    area: Vec<f64>,
}

impl Grid {
    fn new(trace: &Trace) -> Self {
        let (mut ages, mut left, mut area) = (vec![0.0], vec![1.0], vec![0.0]);
        let (mut age, mut total, mut before) = (0.0, 0.0, 1.0);
        while age < 7.0 * 86_400.0 && before > 1e-9 {
            let step = f64::max(0.05, age * 0.004);
            let now = trace.left(age + step);
            total += step * (before + 4.0 * trace.left(age + step / 2.0) + now) / 6.0;
            age += step;
            before = now;
            ages.push(age);
            left.push(now);
            area.push(total);
        }
        Self { ages, left, area }
    }
}

/// The ages of the polls with the minimum cost, which is polls times price plus mean delay, by
/// dynamic programming from the end.
pub fn best(trace: &Trace, price: f64) -> Vec<f64> {
    let grid = Grid::new(trace);
    let count = grid.ages.len();
    let (mut costs, mut next) = (vec![0.0; count], vec![count; count]);
    for from in (0..count - 1).rev() {
        costs[from] = f64::INFINITY;
        for to in from + 1..count {
            let waiting = (grid.ages[to] - grid.ages[from]) * grid.left[from]
                - (grid.area[to] - grid.area[from]);
            let cost = price * grid.left[from] + waiting + costs[to];
            if cost < costs[from] {
                costs[from] = cost;
                next[from] = to;
            }
            // The waiting cost alone grows with each further age.
            if price * grid.left[from] + waiting > costs[from] {
                break;
            }
        }
    }
    std::iter::successors(next.first(), |at| next.get(**at))
        .take_while(|at| **at < count)
        .map(|at| grid.ages[*at])
        .collect()
}

/// A rule for when a poll is due, from the fractions of unfinished jobs at the last poll and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the set is complete")]
pub enum Rule {
    /// The integral of `S(last) / S(now) - 1`, which the policy uses.
    Odds,
    /// The integral of `1 - S(now) / S(last)`: the actual lateness, which would be simpler.
    Lateness,
}

/// The ages of the polls by a rule, for a known distribution.
pub fn by_rule(trace: &Trace, rule: Rule, price: f64) -> Vec<f64> {
    let grid = Grid::new(trace);
    let (mut ages, mut gathered, mut last) = (Vec::new(), 0.0, 0);
    for at in 1..grid.ages.len() {
        let late = |index: usize| match rule {
            Rule::Odds => grid.left[last] / grid.left[index].max(1e-300) - 1.0,
            Rule::Lateness => 1.0 - grid.left[index] / grid.left[last].max(1e-300),
        };
        gathered += (late(at - 1) + late(at)) / 2.0 * (grid.ages[at] - grid.ages[at - 1]);
        let gap = grid.ages[at] - grid.ages[last];
        if (gathered >= price && gap >= 0.5) || gap >= 300.0 {
            ages.push(grid.ages[at]);
            (gathered, last) = (0.0, at);
        }
    }
    ages
}
