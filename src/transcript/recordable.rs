//! What a machine must tell and take to be recorded.

use std::fmt::Debug;

use serde_json::json;

use super::text;
use crate::machine::{Call, Job, Machine, Time};
use crate::wire::{Notification, Request};

/// A machine that can be recorded and replayed: it tells how it was made, and takes inputs as words.
///
/// Implemented by [`Job`] and [`Call`]; a machine of your own needs two short methods. Events are compared by their `Debug`, which should say the same for the same event
/// and show nothing secret.
pub trait Recordable: Machine<Event: Debug> {
    /// How the machine was made, for people: its options, what it follows, without a secret. Asked once, of a fresh machine; may have several lines.
    fn origin(&self) -> String;

    /// Takes an input that is neither an answer nor a failure, by its words, such as `confirm 3`. Says whether there is such an input.
    fn take_input(&mut self, input: &str, now: Time) -> bool;
}

/// Takes `abandon`, `confirm` with a sequence, `notification` with an id, and `set_key`, which says no more: the key is not in a transcript, and changes no output.
impl Recordable for Job {
    fn origin(&self) -> String {
        self.origin()
    }

    fn take_input(&mut self, input: &str, now: Time) -> bool {
        match input.split_once(' ').unwrap_or((input, "")) {
            ("abandon", "") => self.abandon(now),
            ("set_key", "") => {}
            ("confirm", sequence) => match sequence.parse() {
                Ok(sequence) => self.confirm(sequence),
                Err(_) => return false,
            },
            ("notification", id) => match notification(id) {
                Some(notification) => self.handle_notification(&notification, now),
                None => return false,
            },
            _ => return false,
        }
        true
    }
}

/// Takes `abandon`.
impl<R: Request<Response: Debug>> Recordable for Call<R> {
    fn origin(&self) -> String {
        self.origin()
    }

    fn take_input(&mut self, input: &str, now: Time) -> bool {
        let known = input == "abandon";
        if known {
            self.abandon(now);
        }
        known
    }
}

/// The words for a notification.
pub(super) fn notification_input(notification: &Notification) -> String {
    format!(
        "notification {}",
        text::write(notification.extraction_id().as_str().as_bytes())
    )
}

fn notification(id: &str) -> Option<Notification> {
    let id = String::from_utf8(text::read(id)?).ok()?;
    Notification::decode(json!({"data": {"id": id}}).to_string().as_bytes()).ok()
}
