//! Checks the figures against bounds and goals.

use std::process::ExitCode;

/// The verdicts of a run.
#[derive(Debug, Default)]
pub struct Bounds {
    lines: Vec<String>,
    broken: bool,
}

impl Bounds {
    /// No verdicts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a bound on a count, which is the same in each run: a broken bound fails the run.
    pub fn bound(&mut self, text: &str, held: bool) {
        self.broken |= !held;
        self.lines.push(format!(
            "{} bound  {text}",
            if held { "pass" } else { "FAIL" }
        ));
    }

    /// Adds a goal for a time, which depends on the machine and its load: a missed goal does not
    /// fail the run.
    pub fn goal(&mut self, text: &str, reached: bool) {
        self.lines.push(format!(
            "{} goal   {text}",
            if reached { "pass" } else { "miss" }
        ));
    }

    /// Adds a goal for a ratio. `noise` is the relative difference between two measurements of the
    /// same code; a ratio that is nearer to the goal than that is reported as open.
    pub fn ratio(&mut self, text: &str, ratio: f64, goal: f64, noise: f64) {
        let verdict = match () {
            () if (ratio - goal).abs() <= goal * noise => "open",
            () if ratio > goal => "pass",
            () => "miss",
        };
        self.lines.push(format!(
            "{verdict} goal   {text}: {ratio:.2}x, at least {goal}x"
        ));
    }

    /// Prints the verdicts; failure if a bound was broken.
    pub fn finish(self) -> ExitCode {
        println!();
        for line in &self.lines {
            println!("{line}");
        }
        if self.broken {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
