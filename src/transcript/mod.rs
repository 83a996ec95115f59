//! Transcripts: a run of a machine as text, and its replay.
//!
//! A machine is deterministic: the same options and inputs give the same outputs. So a log of the
//! inputs is all that a bug report needs. A [`Recorder`] goes around any machine and records its
//! inputs and outputs; drive it instead of the machine. [`Transcript::replay`] passes the inputs to
//! a new machine and returns the first difference in its outputs.
//!
//! ```
//! use typless::machine::{Job, JobOptions, Machine, Output, Time};
//! use typless::transcript::{Recorder, Transcript};
//! # use typless::wire::{Api, Document};
//! # fn perform(_: &typless::machine::Transmit) -> http::Response<bytes::Bytes> {
//! #     let body = bytes::Bytes::from_static(br#"{"message": "no such document type"}"#);
//! #     http::Response::builder().status(422).body(body).unwrap()
//! # }
//! # let api = Api::new(Api::PRODUCTION, "key")?;
//! # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
//!
//! let now = Time::from_unix_seconds(1_700_000_000);
//! let job = Job::submit(&api, document.clone(), JobOptions::default(), now);
//! let mut recorder = Recorder::new(job, now);
//! // With a driver of `typless-transports`: `Driver::new(recorder, transport, clock)`,
//! // and `into_machine` at the end.
//! loop {
//!     match recorder.next_output(now) {
//!         Output::Send(transmit) => {
//!             recorder.handle_response(transmit.id, perform(&transmit), now);
//!         }
//!         Output::Event(_) => {}
//!         Output::Wait(_) | Output::NeedInput | Output::Done => break,
//!     }
//! }
//! println!("{}", recorder.transcript()); // for the report
//!
//! let transcript = Transcript::parse(recorder.transcript())?;
//! let job = Job::submit(&api, document, JobOptions::default(), transcript.start());
//! transcript.replay(job)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Contents
//!
//! A transcript contains neither the key nor the document: of a request's body only the length. A
//! replay needs neither; use a document of the same length and names. **It contains the responses
//! of the service in full: results, which are your customers' data, and the ids of extractions.**
//! Read it before you pass it on.
//!
//! # The format
//!
//! One line for each step, with the time in seconds since the start and a sign. Empty lines and
//! lines that begin with `#` are ignored.
//!
//! ```text
//! typless transcript 1
//! @ 1700000000                            the start; below it, how the machine was created
//!     Job, Ready
//! +0 = JobEvent { sequence: 1, .. }       an event
//! +0 > 1 POST https://host/path, 2 bytes  a request: id, method, URL, length of the body, limits
//! +0.2 < 1 429 {"message": "slow down"}   its response: status and body; below it, the headers
//!     retry-after: 30
//! +0.2 ! 2 Interrupted connection reset   or its failure: kind and cause
//! +0.2 * abandon                          another input, such as a notification
//! +0.2 ~ +30.2                            nothing to do until then
//! +0.2 ?                                  nothing to do until an input comes
//! +0.2 .                                  done
//! ```
//!
//! The signs `=`, `>`, `~`, `?` and `.` are outputs: each stands for a call of
//! [`next_output`](crate::machine::Machine::next_output) at that time. Bytes that are not plain
//! text on one line are escaped, like a byte string in Rust, after a `\`.

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
