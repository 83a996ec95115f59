//! Without a fuzzer there is nothing to do.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| typless_fuzz::retry_after_header(data));

#[cfg(not(fuzzing))]
fn main() {}
