//! Turns between customers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What waits for its turn, by customer: each customer with something waiting gets one turn a round, so that one's flood delays nobody else's.
///
/// Holds a batch's documents that are ready to be submitted. What is no customer's has turns of its own. A step costs no more than the logarithm of the number of
/// customers who wait.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    waiting: BTreeMap<Option<Arc<str>>, VecDeque<T>>,
    /// Each customer with something waiting once, the next first.
    round: VecDeque<Option<Arc<str>>>,
    len: usize,
}

impl<T> Turns<T> {
    pub(crate) const fn new() -> Self {
        Self { waiting: BTreeMap::new(), round: VecDeque::new(), len: 0 }
    }

    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Waits behind what this customer has waiting. A customer who had nothing is the last of the round.
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

    /// Takes out the one whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let customer = self.round.pop_front()?;
        let queue = self.waiting.get_mut(&customer)?;
        let value = queue.pop_front()?;
        self.len -= 1;
        if queue.is_empty() {
            self.waiting.remove(&customer);
        } else {
            self.round.push_back(customer);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_customers_flood_does_not_delay_anothers() {
        let (flood, other) = (Arc::from("flood"), Arc::from("other"));
        let mut turns = Turns::new();
        (0..1000).for_each(|number| turns.push(Some(&flood), number));
        turns.push(Some(&other), 1000);
        turns.push(None, 1001);
        turns.push(Some(&other), 1002);
        assert_eq!(turns.len(), 1003);
        let order: Vec<i32> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(order[..7], [0, 1000, 1001, 1, 1002, 2, 3]);
        assert_eq!((order.len(), turns.len()), (1003, 0));
    }

    #[test]
    fn who_comes_back_has_the_last_turn_of_the_round() {
        let (one, two) = (Arc::from("one"), Arc::from("two"));
        let mut turns = Turns::new();
        turns.push(Some(&one), 'a');
        turns.push(Some(&two), 'b');
        assert_eq!(turns.pop(), Some('a'));
        turns.push(Some(&one), 'c');
        assert_eq!([turns.pop(), turns.pop(), turns.pop()], [Some('b'), Some('c'), None]);
    }
}
