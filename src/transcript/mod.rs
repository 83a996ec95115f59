//! Transcripts: a run as text, and the same run again.
//!
//! Same options and same inputs, same outputs: so a log of what went in is all that a report of a fault needs. A [`Recorder`] goes around any machine and
//! writes down what is said on both sides; whatever drives the machine drives the recorder, and the driver's own calls for other inputs have their counterparts on it.
//! [`Transcript::replay`] feeds what was written to a fresh machine, and tells where that says something else.
//!
//! ```
//! use typless::machine::{Job, JobOptions, Machine, Output, Time};
//! use typless::transcript::{Recorder, Transcript};
//! # use typless::wire::{Api, Document};
//! # fn perform(_: &typless::machine::Transmit) -> http::Response<bytes::Bytes> {
//! #     http::Response::builder().status(422).body(bytes::Bytes::from_static(br#"{"message": "no such document type"}"#)).unwrap()
//! # }
//! # let api = Api::new(Api::PRODUCTION, "key")?;
//! # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
//!
//! let now = Time::from_unix_seconds(1_700_000_000);
//! let mut recorder = Recorder::new(Job::submit(&api, document.clone(), JobOptions::default(), now), now);
//! // With a driver of `typless-transports`: `Driver::new(recorder, transport, clock)`, and `into_machine` at the end.
//! loop {
//!     match recorder.next_output(now) {
//!         Output::Send(transmit) => recorder.handle_response(transmit.id, perform(&transmit), now),
//!         Output::Event(_) => {}
//!         Output::Wait(_) | Output::NeedInput | Output::Done => break,
//!     }
//! }
//! println!("{}", recorder.transcript()); // for the report
//!
//! let transcript = Transcript::parse(recorder.transcript())?;
//! transcript.replay(Job::submit(&api, document, JobOptions::default(), transcript.start()))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is in it, and what is not
//!
//! The key is not in it, and no byte of a document: of a request's body only its length is kept. So whoever replays it needs neither; another document of the same length and names does.
//! **What the service answered is in it, in full, since that is what the machine saw: among it results, which are your customers' data, and the ids of extractions.** Read it before you hand it on.
//!
//! # The format
//!
//! One line for each step. It begins with the time told, in seconds since the start, and a sign. Lines that are empty or begin with `#` are for people.
//!
//! ```text
//! typless transcript 1
//! @ 1700000000                                 the start; below it, indented, how the machine was made
//!     Job, Ready
//! +0 = JobEvent { sequence: 1, .. }            an event
//! +0 > 1 POST https://host/path, 203 bytes ..  a request: its id, method, address, body's length, limits
//! +0.2 < 1 429 {"message": "slow down"}        its answer: status and body; below it, indented, its headers
//!     retry-after: 30
//! +0.2 ! 2 Interrupted connection reset        or its failure: kind and cause
//! +0.2 * abandon                               another input, such as a notification or a confirmation
//! +0.2 ~ +30.2                                 nothing to do until then
//! +0.2 ?                                       nothing to do until an input comes
//! +0.2 .                                       done
//! ```
//!
//! The signs `=`, `>`, `~`, `?` and `.` are outputs: each stands for a call of [`next_output`](crate::machine::Machine::next_output) at that time. Bytes that are no plain text on one
//! line are written behind a `\`, escaped as in a byte string of Rust.

mod line;
mod parse;
mod recordable;
mod recorder;
mod replay;
mod text;

pub use parse::{Step, StepKind, Transcript, TranscriptError};
pub use recordable::Recordable;
pub use recorder::Recorder;
pub use replay::Divergence;
