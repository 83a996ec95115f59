//! The path of a repair.

use std::fmt::Write;
use std::ops::Range;

use super::super::lenient;
use super::text::copy_repaired;
use super::walker::{Frame, Key};

/// The path of the value that is read now. It ends where this crate reads no further: the path of
/// everything below an unknown key is that of the key.
pub(super) fn written(body: &[u8], frames: &[Frame]) -> String {
    let mut path = String::new();
    for frame in frames {
        if !frame.is_object {
            // Writing to a string does not fail.
            let _ = write!(path, "[{}]", frame.index);
            continue;
        }
        let unknown;
        let name = match (&frame.key, frame.known_key()) {
            (_, Some(name)) => name,
            (Key::Unknown(place), _) => {
                unknown = unknown_key(body, place);
                &unknown
            }
            _ => continue,
        };
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    }
    path
}

/// The beginning of a key, without escapes.
fn unknown_key(body: &[u8], place: &Range<usize>) -> String {
    const MAX_BYTES: usize = 600;
    const MAX_CHARS: usize = 100;
    let inside = place.start + 1..(place.end - 1).min(place.start + MAX_BYTES);
    let mut valid = Vec::new();
    copy_repaired(body.get(inside).unwrap_or_default(), &mut valid);
    let valid = String::from_utf8_lossy(&valid);
    let mut key = String::new();
    // What an escape that is cut off or invalid leaves is enough to find the place.
    let _ = lenient::unescape(&valid, |piece| key.push_str(piece));
    key.chars().take(MAX_CHARS).collect()
}
