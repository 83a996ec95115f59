//! Ctrl-C.

use crate::failure::Exit;

/// Does this at the first Ctrl-C; a second one ends the process at once, and so does the first if it does not reach anybody any more.
pub(crate) fn on_interruption(first: impl FnOnce() -> bool + Send + 'static) {
    let mut first = Some(first);
    let handle = move || {
        if !first.take().is_some_and(|first| first()) {
            std::process::exit(Exit::Interrupted as i32);
        }
    };
    // Where signals can't be handled, Ctrl-C ends the process, as it always did.
    let _ = ctrlc::set_handler(handle);
}
