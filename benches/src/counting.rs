//! Counts allocations.
//!
//! This works only in a program whose global allocator is [`INSTRUMENTED_SYSTEM`].

use stats_alloc::INSTRUMENTED_SYSTEM;

/// What some code allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allocations {
    /// The number of allocations and reallocations.
    pub count: usize,
    /// The bytes allocated, including those by which reallocations grew.
    pub bytes: usize,
    /// The bytes that are still allocated.
    pub live: usize,
}

/// Runs `code` and counts its allocations, and those of other threads in the meantime.
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
