//! Turns of customers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What waits for its turn, by customer: each customer with something waiting gets one turn a
/// round, so that one's flood delays nobody else's.
///
/// Holds a batch's documents that are ready to be submitted. What is no customer's has turns of its
/// own. A step costs no more than the logarithm of the number of customers who wait.
#[derive(Debug)]
pub(crate) struct RoundRobin<T> {
    waiting: BTreeMap<Option<Arc<str>>, VecDeque<T>>,
    /// Each customer with something waiting once, the next first.
    round: VecDeque<Option<Arc<str>>>,
    len: usize,
}

impl<T> RoundRobin<T> {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            round: VecDeque::new(),
            len: 0,
        }
    }

    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Waits behind what this customer has waiting. A customer who had nothing is the last of the
    /// round.
    pub(crate) fn push(&mut self, customer: Option<&Arc<str>>, value: T) {
        self.len += 1;
        let customer = customer.cloned();
        self.waiting
            .entry(customer)
            .or_insert_with_key(|customer| {
                self.round.push_back(customer.clone());
                VecDeque::new()
            })
            .push_back(value);
    }

    /// Takes out the one whose turn it is. Those that wait no more are dropped: they take no turns
    /// from their customer.
    pub(crate) fn pop(&mut self, waits: impl Fn(&T) -> bool) -> Option<T> {
        loop {
            let customer = self.round.pop_front()?;
            let queue = self.waiting.get_mut(&customer)?;
            let before = queue.len();
            let value = std::iter::from_fn(|| queue.pop_front()).find(&waits);
            self.len -= before - queue.len();
            if queue.is_empty() {
                self.waiting.remove(&customer);
            } else {
                self.round.push_back(customer);
            }
            if value.is_some() {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_customers_flood_does_not_delay_anothers() {
        let (flood, other) = (Arc::from("flood"), Arc::from("other"));
        let mut turns = RoundRobin::new();
        (0..1000).for_each(|number| turns.push(Some(&flood), number));
        turns.push(Some(&other), 1000);
        turns.push(None, 1001);
        turns.push(Some(&other), 1002);
        assert_eq!(turns.len(), 1003);
        let order: Vec<i32> = std::iter::from_fn(|| turns.pop(|_| true)).collect();
        assert_eq!(order[..7], [0, 1000, 1001, 1, 1002, 2, 3]);
        assert_eq!((order.len(), turns.len()), (1003, 0));
    }

    #[test]
    fn who_comes_back_has_the_last_turn_of_the_round() {
        let (one, two) = (Arc::from("one"), Arc::from("two"));
        let mut turns = RoundRobin::new();
        turns.push(Some(&one), 'a');
        turns.push(Some(&two), 'b');
        let all = |_: &char| true;
        assert_eq!(turns.pop(all), Some('a'));
        turns.push(Some(&one), 'c');
        assert_eq!(
            [turns.pop(all), turns.pop(all), turns.pop(all)],
            [Some('b'), Some('c'), None]
        );
    }

    #[test]
    fn who_waits_no_more_takes_no_turn() {
        let (one, two) = (Arc::from("one"), Arc::from("two"));
        let mut turns = RoundRobin::new();
        (0..100).for_each(|number| turns.push(Some(&one), number));
        (100..110).for_each(|number| turns.push(Some(&two), number));
        let waits = |number: &i32| *number >= 99;
        assert_eq!(
            [turns.pop(waits), turns.pop(waits), turns.pop(waits)],
            [Some(99), Some(100), Some(101)]
        );
        assert_eq!(turns.len(), 8);
        assert_eq!((turns.pop(|_| false), turns.len()), (None, 0));
    }
}
