//! Blocks.

use super::blocks::Blocks;

#[test]
fn values_keep_their_number_however_many_follow() {
    let mut blocks = Blocks::new();
    for number in 0..1000_u32 {
        assert_eq!(blocks.len(), number as usize);
        blocks.push(number);
    }
    blocks[700] += 1;
    assert!((0..1000).all(|number| blocks[number] == number + u32::from(number == 700)));
    assert!(
        blocks.get(999).is_some() && blocks.get(1000).is_none() && blocks.get_mut(1024).is_none()
    );
    assert_eq!(blocks.iter().count(), 1000);
    blocks.clear();
    assert!(blocks.len() == 0 && blocks.get(0).is_none());
}
