//! Machines that can be recorded.

use std::fmt::Debug;

use serde_json::json;

use super::text;
use crate::machine::{Call, Job, Machine, Time};
use crate::wire::{Notification, Request};

/// A machine that can be recorded and replayed.
///
/// Implemented by [`Job`] and [`Call`]; your own machine needs two short methods. Events are
/// compared by their `Debug`, which must be the same for the same event and show nothing secret.
pub trait Recordable: Machine<Event: Debug> {
    /// How the machine was created, as text for people: its options and what it follows, without
    /// secrets.
    ///
    /// Called once, on a new machine. May have several lines.
    fn origin(&self) -> String;

    /// Handles an input that is neither a response nor a failure, given as text such as `confirm
    /// 3`. Returns whether there is such an input.
    fn handle_input(&mut self, input: &str, now: Time) -> bool;
}

/// Handles `abandon`, `confirm` with a sequence, `notification` with an id, and `set_key` without
/// the key, which is not recorded and changes no output.
impl Recordable for Job {
    fn origin(&self) -> String {
        self.origin()
    }

    fn handle_input(&mut self, input: &str, now: Time) -> bool {
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

/// Handles `abandon`.
impl<R: Request<Response: Debug>> Recordable for Call<R> {
    fn origin(&self) -> String {
        self.origin()
    }

    fn handle_input(&mut self, input: &str, now: Time) -> bool {
        let known = input == "abandon";
        if known {
            self.abandon(now);
        }
        known
    }
}

/// The text of a notification.
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
