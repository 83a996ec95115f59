//! Writes the lines of a transcript.

use std::fmt::{self, Debug};
use std::time::Duration;

use bytes::Bytes;

use super::text;
use crate::machine::{Failure, FailureKind, Output, RequestId, Time, Transmit};
use crate::wire::printable;

/// The first line, with the version of the format.
pub(super) const TITLE: &str = "typless transcript 1";

/// The indentation of lines that belong to the line above.
pub(super) const INDENT: &str = "    ";

/// The kinds of failure and their names.
pub(super) const FAILURES: [(&str, FailureKind); 4] = [
    ("NotSent", FailureKind::NotSent),
    ("Interrupted", FailureKind::Interrupted),
    ("Source", FailureKind::Source),
    ("TooLarge", FailureKind::TooLarge),
];

/// A time in seconds since the start, such as `+6.53`; `-` if it is earlier.
#[derive(Clone, Copy)]
pub(super) struct Offset {
    pub(super) start: Time,
    pub(super) time: Time,
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, distance) = if self.time < self.start {
            ('-', self.start.saturating_since(self.time))
        } else {
            ('+', self.time.saturating_since(self.start))
        };
        write!(f, "{sign}{}", seconds(distance))
    }
}

/// Seconds with as many decimals as needed.
pub(super) fn seconds(duration: Duration) -> String {
    let digits = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// An output of a machine, without the time.
pub(super) fn output<E: Debug>(output: &Output<E>, start: Time) -> String {
    match output {
        Output::Event(event) => format!("= {}", printable(&format!("{event:?}"), usize::MAX)),
        Output::Send(transmit) => request(transmit),
        Output::Wait(until) => format!(
            "~ {}",
            Offset {
                start,
                time: *until
            }
        ),
        Output::NeedInput => "?".to_owned(),
        Output::Done => ".".to_owned(),
    }
}

/// A request. Of its body only the length: the rest is the document.
fn request(transmit: &Transmit) -> String {
    let Transmit {
        id,
        request,
        limits,
        ..
    } = transmit;
    format!(
        "> {} {} {}, {} bytes; connect {:?}, idle {:?}, total {:?}, at most {} bytes",
        id.get(),
        request.method(),
        request.uri(),
        request.body().len(),
        limits.connect,
        limits.idle,
        limits.total,
        limits.response_bytes
    )
}

/// A response, with its headers on their own lines.
pub(super) fn response(id: RequestId, response: &http::Response<Bytes>) -> String {
    let first = format!(
        "< {} {} {}",
        id.get(),
        response.status().as_u16(),
        text::write(response.body())
    );
    let headers = response
        .headers()
        .iter()
        .filter(|(_, value)| !value.is_sensitive());
    headers.fold(first.trim_end().to_owned(), |lines, (name, value)| {
        format!("{lines}\n{INDENT}{name}: {}", text::write(value.as_bytes()))
    })
}

pub(super) fn failure(id: RequestId, failure: &Failure) -> String {
    let kind = FAILURES
        .iter()
        .find(|(_, kind)| *kind == failure.kind())
        .map_or("Interrupted", |(word, _)| word);
    // As much of the cause as is shown, and as it is: what was made printable would grow once more
    // when it is shown again. A machine never looks at the cause itself.
    let cause = failure.recorded_cause();
    format!("! {} {kind} {}", id.get(), text::write(cause.as_bytes()))
        .trim_end()
        .to_owned()
}

pub(super) fn input(input: &str) -> String {
    format!("* {}", text::write(input.as_bytes()))
}
