//! What the figures should be, and whether they are.

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

    /// A bound on something counted, which is the same in each run: breaking it fails the run.
    pub fn bound(&mut self, text: &str, held: bool) {
        self.broken |= !held;
        self.lines.push(format!(
            "{} bound  {text}",
            if held { "pass" } else { "FAIL" }
        ));
    }

    /// A goal for something timed, which depends on the machine and what else it does: missing it fails nothing.
    pub fn goal(&mut self, text: &str, reached: bool) {
        self.lines.push(format!(
            "{} goal   {text}",
            if reached { "pass" } else { "miss" }
        ));
    }

    /// A goal for a ratio, in a run in which the same thing measured twice differs by this share: what is nearer to the goal than that is not decided.
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
