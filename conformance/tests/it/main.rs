//! The tests of the suite itself.

mod faults;
mod reference;
