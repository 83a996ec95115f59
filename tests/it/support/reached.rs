//! Which faults random runs reached, in which states.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A fault, the state in which it arrived, and which request it was about: [`Whom`] as a letter.
///
/// [`Whom`]: super::observer::Whom
pub(crate) type Combination = (String, &'static str, char);

/// What random runs reached, and in how many cases. Its clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Reached(Rc<RefCell<Cases>>);

#[derive(Default)]
struct Cases {
    current: u64,
    /// The last case that reached it, and how many did.
    reached: BTreeMap<Combination, (u64, u64)>,
}

impl Reached {
    /// From here on it is the next case.
    pub(crate) fn begin_case(&self) {
        self.0.borrow_mut().current += 1;
    }

    pub(crate) fn note(&self, fault: &str, state: &'static str, whom: char) {
        let mut cases = self.0.borrow_mut();
        let current = cases.current;
        let combination = (fault.to_owned(), state, whom);
        let (last, count) = cases.reached.entry(combination).or_default();
        if *last != current || *count == 0 {
            (*last, *count) = (current, *count + 1);
        }
    }

    /// Each combination, and in how many cases it was reached.
    pub(crate) fn counts(&self) -> BTreeMap<Combination, u64> {
        let cases = self.0.borrow();
        let counts = cases.reached.iter();
        counts
            .map(|(combination, (_, count))| (combination.clone(), *count))
            .collect()
    }
}
