//! The index against a map, and how its entries lie.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::id_index::{IdHash, IdIndex, NONE, Place, SMALLEST};

/// Ids by slot, and the index of them.
struct Ids {
    index: IdIndex,
    ids: BTreeMap<u32, String>,
}

impl Ids {
    fn find(&self, id: &str) -> Option<u32> {
        self.index.find(self.index.hash(id), |slot| self.ids[&slot] == id)
    }
}

proptest! {
    #[test]
    fn what_is_put_in_is_found_until_it_is_taken_out(seed: u64, steps in prop::collection::vec((any::<bool>(), 0..40_u32), 0..200)) {
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
                prop_assert_eq!(all.find(&format!("{slot:040x}")), all.ids.contains_key(&slot).then_some(slot));
            }
        }
    }

    #[test]
    fn ids_of_one_hash_are_told_apart(homes in prop::collection::vec(prop_oneof![Just(0), Just(u32::MAX), any::<u32>()], 1..60)) {
        let mut index = IdIndex::new(1);
        let hashes: Vec<IdHash> = homes.iter().map(|home| IdHash(u64::from(*home) << 32)).collect();
        for (slot, hash) in (0..).zip(&hashes) {
            index.insert(*hash, slot);
        }
        for (slot, hash) in (0..).zip(&hashes).step_by(2) {
            prop_assert!(index.remove(*hash, slot));
        }
        for (slot, hash) in (0..).zip(&hashes) {
            prop_assert_eq!(index.find(*hash, |found| found == slot), (slot % 2 == 1).then_some(slot));
        }
    }
}

#[test]
fn many_are_found_as_each_is() {
    let mut index = IdIndex::new(7);
    let ids: Vec<String> = (0..1000).map(|number| format!("id-{number}")).collect();
    assert_eq!(index.find(index.hash("id-0"), |_| true), None);
    index.find_each(&["id-0"], |_| (), |_, _| true, |_, _| panic!("it is empty"));
    for slot in (0..1000).step_by(3) {
        index.insert(index.hash(&ids[slot as usize]), slot);
    }
    let listed: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (mut fetched, mut found) = (Vec::new(), Vec::new());
    index.find_each(
        &listed,
        |slots| fetched.extend_from_slice(slots),
        |slot, id| ids[slot as usize] == id,
        |id, slot| found.push(((*id).to_owned(), slot)),
    );
    assert!(found.iter().all(|(_, slot)| fetched.contains(slot)));
    assert_eq!(found, (0..1000).step_by(3).map(|slot| (ids[slot as usize].clone(), slot)).collect::<Vec<_>>());
}

#[test]
fn a_table_that_empties_gets_small_again() {
    let mut index = IdIndex::new(7);
    let hashes: Vec<IdHash> = (0..10_000).map(|number| index.hash(&number.to_string())).collect();
    for (slot, hash) in (0..).zip(&hashes) {
        index.insert(*hash, slot);
    }
    assert!(index.places.len() <= 32_768);
    for (slot, hash) in (0..).zip(&hashes) {
        assert!(index.remove(*hash, slot));
    }
    assert_eq!((index.len(), index.places.len()), (0, SMALLEST));
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
        index.insert(index.hash(&format!("0d14338251a6db69bfec36face27f7ed{slot:08x}")), slot);
    }
    let away = |(at, place): (usize, &Place)| at.wrapping_sub(index.home(place.hash)) & (index.places.len() - 1);
    let taken = index.places.iter().enumerate().filter(|(_, place)| place.slot != NONE);
    assert!(taken.map(away).sum::<usize>() < 20_000 * 2, "ids that differ in their end only are spread over the table");
}
