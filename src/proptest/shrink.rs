//! Makes a script that fails shorter.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::strategy::{NewTree, ValueTree};
use proptest::test_runner::TestRunner;

use super::script::{Script, Step};

/// Scripts of another strategy, which are made shorter by leaving out steps: first many together,
/// in the end one by one.
///
/// The strategies that scripts are made of can't do that: they shorten rounds and values, and what
/// is left has many steps that do not matter.
#[derive(Debug)]
pub(super) struct Shrinking<S>(pub(super) S);

impl<I, S> Strategy for Shrinking<S>
where
    I: Debug + Clone,
    S: Strategy<Value = Vec<Step<I>>>,
{
    type Tree = Shorter<I>;
    type Value = Script<I>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Shorter::new(self.0.new_tree(runner)?.current()))
    }
}

/// A script that becomes shorter while it fails.
#[derive(Debug)]
pub(super) struct Shorter<I> {
    /// The steps of the shortest script that failed.
    steps: Vec<Step<I>>,
    /// How many steps are left out together.
    size: usize,
    /// All before this step are still to be left out with this size.
    end: usize,
    /// Whether steps were left out with this size.
    was_shortened: bool,
    /// Whether the steps before `end` are left out of the current script.
    is_trying: bool,
}

impl<I> Shorter<I> {
    fn new(steps: Vec<Step<I>>) -> Self {
        Self {
            size: steps.len(),
            end: steps.len(),
            steps,
            was_shortened: false,
            is_trying: false,
        }
    }

    /// The first of the steps that are left out.
    fn start(&self) -> usize {
        self.end.saturating_sub(self.size)
    }

    /// Leaves out the next steps. Returns whether there are any.
    fn try_next(&mut self) -> bool {
        if self.end == 0 {
            // Without the steps left out now, earlier ones may no longer matter.
            if self.size > 1 {
                self.size /= 2;
            } else if !self.was_shortened {
                return false;
            }
            self.end = self.steps.len();
            self.was_shortened = false;
        }
        self.is_trying = self.end > 0;
        self.is_trying
    }
}

impl<I: Debug + Clone> ValueTree for Shorter<I> {
    type Value = Script<I>;

    fn current(&self) -> Script<I> {
        let mut steps = self.steps.clone();
        if self.is_trying {
            steps.drain(self.start()..self.end);
        }
        Script::new(steps)
    }

    fn simplify(&mut self) -> bool {
        if self.is_trying {
            let start = self.start();
            self.steps.drain(start..self.end);
            self.end = start;
            self.was_shortened = true;
            self.is_trying = false;
        }
        self.try_next()
    }

    fn complicate(&mut self) -> bool {
        if !self.is_trying {
            return false;
        }
        self.is_trying = false;
        self.end = self.start();
        // If no steps are left, the script that failed is run again: a `false` would end the
        // shortening of everything around it as well.
        self.try_next();
        true
    }
}
