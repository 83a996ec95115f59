//! Ctrl-C.

use std::sync::mpsc::Sender;

use super::worker::Message;
use crate::failure::Exit;

/// Reports the first Ctrl-C; a second one ends the process at once.
pub(super) fn on_interruption(sender: Sender<Message>) {
    let mut again = false;
    let handle = move || {
        if again || sender.send(Message::Interrupted).is_err() {
            std::process::exit(Exit::Interrupted as i32);
        }
        again = true;
    };
    // Where signals can't be handled, Ctrl-C ends the process, as it always did.
    let _ = ctrlc::set_handler(handle);
}
