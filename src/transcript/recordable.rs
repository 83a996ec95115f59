//! Machines that can be recorded.

use std::fmt::Debug;

use serde_json::json;

use super::batch_input::BatchInput;
use super::text;
use crate::machine::{Batch, Call, Drain, Job, Machine, Time, batch_origin};
use crate::wire::{ExtractionId, Notification, Request};

/// A machine that can be recorded and replayed.
///
/// Implemented by [`Job`], [`Batch`], [`Drain`] and [`Call`]; your own machine needs two short
/// methods. Events are compared by their `Debug`, which must be the same for the same event and
/// show nothing secret.
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

/// Handles what a [`Recorder`](super::Recorder) of a batch writes. A document is made of its names
/// and its length, with blanks for content, and what is drawn from an iterator comes from the
/// transcript.
impl Recordable for Batch {
    fn origin(&self) -> String {
        batch_origin(self)
    }

    fn handle_input(&mut self, input: &str, now: Time) -> bool {
        let input = BatchInput::parse(input);
        let is_known = input.is_some();
        if let Some(input) = input {
            input.apply(self, now);
        }
        is_known
    }
}

/// Handles `acknowledge` and `retry` with an id, `close`, and `set_key` without the key.
impl Recordable for Drain {
    fn origin(&self) -> String {
        self.origin()
    }

    fn handle_input(&mut self, input: &str, now: Time) -> bool {
        match input.split_once(' ').unwrap_or((input, "")) {
            ("close", "") => self.close(),
            // Which one it is changes no output. This one is valid.
            ("set_key", "") => drop(self.set_key("key")),
            ("acknowledge", id) => match extraction_id(id) {
                Some(id) => self.acknowledge(&id),
                None => return false,
            },
            ("retry", id) => match extraction_id(id) {
                Some(id) => self.retry(&id, now),
                None => return false,
            },
            _ => return false,
        }
        true
    }
}

/// The text of a notification.
pub(super) fn notification_input(notification: &Notification) -> String {
    id_input("notification", notification.extraction_id())
}

/// The text of an input that names an extraction.
pub(super) fn id_input(input: &str, id: &ExtractionId) -> String {
    format!("{input} {}", text::write(id.as_str().as_bytes()))
}

pub(super) fn notification(id: &str) -> Option<Notification> {
    let id = extraction_id(id)?;
    Notification::decode(json!({"data": {"id": id.as_str()}}).to_string().as_bytes()).ok()
}

pub(super) fn extraction_id(id: &str) -> Option<ExtractionId> {
    ExtractionId::new(std::str::from_utf8(&text::read(id)?).ok()?).ok()
}
