//! Counts of allocations.
//!
//! They are counted only in a program whose global allocator is [`INSTRUMENTED_SYSTEM`].

use stats_alloc::INSTRUMENTED_SYSTEM;

/// What some code took from the allocator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allocations {
    /// How often it allocated or reallocated.
    pub count: usize,
    /// How many bytes that was, those by which reallocations grew included.
    pub bytes: usize,
    /// How many of them it still has.
    pub live: usize,
}

/// Runs some code and counts what it allocates; whatever other threads allocate meanwhile is counted too.
pub fn count<T>(code: impl FnOnce() -> T) -> (T, Allocations) {
    let before = INSTRUMENTED_SYSTEM.stats();
    let value = code();
    let taken = INSTRUMENTED_SYSTEM.stats() - before;
    let live = taken
        .bytes_allocated
        .saturating_sub(taken.bytes_deallocated);
    (
        value,
        Allocations {
            count: taken.allocations + taken.reallocations,
            bytes: taken.bytes_allocated,
            live,
        },
    )
}
