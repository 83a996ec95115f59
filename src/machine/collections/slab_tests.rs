//! The slab against a map, and what becomes of its places.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::slab::{Key, Slab};

proptest! {
    #[test]
    fn a_key_finds_its_value_until_it_is_removed_and_never_another(
        steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..80),
    ) {
        let (mut slab, mut model, mut given) = (Slab::new(), BTreeMap::new(), Vec::new());
        for (value, (insert, which)) in (0_u32..).zip(steps) {
            if insert {
                let key = slab.insert(value);
                prop_assert!(!given.contains(&key));
                given.push(key);
                model.insert(key, value);
            } else if !given.is_empty() {
                let key = *which.get(&given);
                prop_assert_eq!(slab.remove(key), model.remove(&key));
            }
            prop_assert_eq!(slab.len(), model.len());
            for key in &given {
                prop_assert_eq!(slab.get(*key), model.get(key));
                let there = slab.at(key.slot).map(|(key, value)| (key, *value));
                prop_assert!(there.is_none_or(|(key, value)| model.get(&key) == Some(&value)));
            }
            let values: BTreeMap<_, _> = slab.iter().map(|(key, value)| (key, *value)).collect();
            prop_assert_eq!(values, model.clone());
        }
    }
}

#[test]
fn places_are_reused() {
    let mut slab = Slab::new();
    let keys = [slab.insert('a'), slab.insert('b'), slab.insert('c')];
    slab.remove(keys[1]);
    let again = slab.insert('d');
    assert_eq!(
        (again.slot, again.generation),
        (keys[1].slot, keys[1].generation + 1)
    );
    slab.fetch(&[again.slot, 17], |value| *value);
    *slab.get_mut(again).expect("it is there") = 'e';
    assert_eq!(slab.at_mut(again.slot), Some((again, &mut 'e')));
    assert!(slab.get(keys[1]).is_none() && slab.get_mut(keys[1]).is_none());
}

#[test]
fn memory_of_a_burst_is_given_back_and_its_keys_stay_dead() {
    let mut slab = Slab::new();
    let keys: Vec<Key> = (0..5000).map(|value| slab.insert(value)).collect();
    for key in &keys {
        slab.remove(*key);
    }
    assert_eq!(slab.places.len(), 0);
    let again: Vec<Key> = (0..5000).map(|value| slab.insert(value)).collect();
    assert!(keys.iter().all(|key| slab.get(*key).is_none()));
    assert!(again.iter().all(|key| slab.get(*key).is_some()));
}

#[test]
fn a_place_without_another_key_stays_empty() {
    let mut slab = Slab::new();
    slab.first_generation = u32::MAX;
    let last = slab.insert('a');
    assert_eq!(slab.remove(last), Some('a'));
    assert_ne!(slab.insert('b').slot, last.slot);
    assert_eq!(slab.get(last), None);
}
