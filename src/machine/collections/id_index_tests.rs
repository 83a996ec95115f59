//! The index against a map, and how its entries lie.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::id_index::{IdHash, IdIndex, MIN_PLACES, NONE, Place};

/// Ids by slot, and the index of them.
struct Ids {
    index: IdIndex,
    ids: BTreeMap<u32, String>,
}

impl Ids {
    fn find(&self, id: &str) -> Option<u32> {
        self.index
            .find(self.index.hash(id), |slot| self.ids[&slot] == id)
    }
}

proptest! {
    #[test]
    fn what_is_put_in_is_found_until_it_is_taken_out(
        seed: u64,
        steps in prop::collection::vec((any::<bool>(), 0..40_u32), 0..200),
    ) {
        let mut all = Ids { index: IdIndex::new(seed), ids: BTreeMap::new() };
        for (insert, slot) in steps {
            let id = format!("{slot:040x}");
            let hash = all.index.hash(&id);
            if insert && all.ids.insert(slot, id.clone()).is_none() {
                all.index.insert(hash, slot);
            } else if !insert {
                prop_assert_eq!(all.index.remove(hash, slot), all.ids.remove(&slot).is_some());
            }
            prop_assert_eq!(all.index.len(), all.ids.len());
            for slot in 0..40 {
                let expected = all.ids.contains_key(&slot).then_some(slot);
                prop_assert_eq!(all.find(&format!("{slot:040x}")), expected);
            }
        }
    }

    #[test]
    fn ids_of_one_hash_are_told_apart(
        homes in prop::collection::vec(prop_oneof![Just(0), Just(u32::MAX), any::<u32>()], 1..60),
    ) {
        let mut index = IdIndex::new(1);
        let hashes: Vec<IdHash> = homes.iter().map(|home| IdHash(u64::from(*home) << 32)).collect();
        for (slot, hash) in (0..).zip(&hashes) {
            index.insert(*hash, slot);
        }
        for (slot, hash) in (0..).zip(&hashes).step_by(2) {
            prop_assert!(index.remove(*hash, slot));
        }
        for (slot, hash) in (0..).zip(&hashes) {
            let expected = (slot % 2 == 1).then_some(slot);
            prop_assert_eq!(index.find(*hash, |found| found == slot), expected);
        }
    }
}

#[test]
fn many_are_found_as_each_is() {
    let mut index = IdIndex::new(7);
    let ids: Vec<String> = (0..1000).map(|number| format!("id-{number}")).collect();
    assert_eq!(index.find(index.hash("id-0"), |_| true), None);
    assert!(
        index
            .find_together(&["id-0"], |slots| assert!(slots.is_empty()), |_, _| true)
            .iter()
            .all(Option::is_none)
    );
    for slot in (0..1000).step_by(3) {
        index.insert(index.hash(&ids[slot as usize]), slot);
    }
    let (mut fetched, mut found) = (Vec::new(), Vec::new());
    for some in ids.chunks(IdIndex::TOGETHER) {
        let slots = index.find_together(
            some,
            |slots| fetched.extend_from_slice(slots),
            |slot, id| ids[slot as usize] == id,
        );
        assert!(slots[some.len()..].iter().all(Option::is_none));
        found.extend_from_slice(&slots[..some.len()]);
    }
    assert!(found.iter().flatten().all(|slot| fetched.contains(slot)));
    assert_eq!(
        found,
        (0..1000)
            .map(|slot| (slot % 3 == 0).then_some(slot))
            .collect::<Vec<_>>()
    );
}

#[test]
fn what_is_looked_up_together_is_told_apart_where_hashes_are_the_same() {
    let mut index = IdIndex::new(7);
    // Two slots under the hash of the second, the first of which is another's.
    for slot in [5, 6] {
        index.insert(index.hash("b"), slot);
    }
    let found = index.find_together(&["a", "b"], |_| (), |slot, id| (slot, id) == (6, "b"));
    assert_eq!(found[..3], [None, Some(6), None]);
    assert_eq!(index.find_together(&["b"], |_| (), |_, _| false)[0], None);
}

#[test]
fn a_table_that_empties_gets_small_again() {
    let mut index = IdIndex::new(7);
    let hashes: Vec<IdHash> = (0..10_000)
        .map(|number| index.hash(&number.to_string()))
        .collect();
    for (slot, hash) in (0..).zip(&hashes) {
        index.insert(*hash, slot);
    }
    assert!(index.places.len() <= 32_768);
    for (slot, hash) in (0..).zip(&hashes) {
        assert!(index.remove(*hash, slot));
    }
    assert_eq!((index.len(), index.places.len()), (0, MIN_PLACES));
}

#[test]
fn every_byte_and_the_seed_count_and_entries_lie_near_their_home() {
    let (index, other) = (IdIndex::new(1), IdIndex::new(2));
    for length in 0..60 {
        let id = "0".repeat(length);
        assert_ne!(index.hash(&id), index.hash(&format!("{id}0")));
        assert_ne!(index.hash(&id), other.hash(&id));
        for place in 0..length {
            let mut changed = id.clone();
            changed.replace_range(place..=place, "1");
            assert_ne!(index.hash(&id), index.hash(&changed), "{length} {place}");
        }
    }
    let mut index = IdIndex::new(3);
    for slot in 0..20_000 {
        index.insert(
            index.hash(&format!("0d14338251a6db69bfec36face27f7ed{slot:08x}")),
            slot,
        );
    }
    let away = |(at, place): (usize, &Place)| {
        at.wrapping_sub(index.home(place.hash)) & (index.places.len() - 1)
    };
    let taken = index
        .places
        .iter()
        .enumerate()
        .filter(|(_, place)| place.slot != NONE);
    assert!(
        taken.map(away).sum::<usize>() < 20_000 * 2,
        "ids that differ in their end only are spread over the table"
    );
}
