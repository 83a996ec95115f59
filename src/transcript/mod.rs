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
//! # A batch
//!
//! The documents of a batch, and all else that it is given, go through the recorder. A replay needs
//! only the empty batch: it makes documents of the recorded names and lengths. Of a run of a
//! thousand documents, [`Transcript::cut`] leaves the one that went wrong:
//!
//! ```
//! use typless::machine::{Batch, BatchOptions, Machine, Output, Time};
//! use typless::transcript::{Recorder, Transcript};
//! # use typless::wire::{Api, Document};
//! # fn perform(transmit: &typless::machine::Transmit) -> http::Response<bytes::Bytes> {
//! #     let request = transmit.request.body().to_bytes().unwrap();
//! #     let is_refused = request.windows(7).any(|name| name == b"two.pdf");
//! #     let (status, body) = if is_refused {
//! #         (422, r#"{"message": "no such document type"}"#)
//! #     } else if !request.is_empty() {
//! #         (202, r#"{"extraction_id": "0d14338251a6db69"}"#)
//! #     } else {
//! #         (200, r#"{"status": "SUCCESS", "error": {}, "result": {"object_id": "14a5"}}"#)
//! #     };
//! #     let body = bytes::Bytes::from_static(body.as_bytes());
//! #     http::Response::builder().status(status).body(body).unwrap()
//! # }
//! # let api = Api::new(Api::PRODUCTION, "key")?;
//!
//! let new = |now| Batch::new(&api, BatchOptions::new(), now);
//! let mut now = Time::from_unix_seconds(1_700_000_000);
//! let mut recorder = Recorder::new(new(now), now);
//! for file in ["one.pdf", "two.pdf"] {
//!     recorder.add(Document::new(file, "line-item-invoice", &b"%PDF"[..])?, now);
//! }
//! recorder.close();
//! let mut wrong = None;
//! loop {
//!     match recorder.next_output(now) {
//!         Output::Send(transmit) => {
//!             recorder.handle_response(transmit.id, perform(&transmit), now);
//!         }
//!         Output::Event(event) => {
//!             if let Ok(outcome) = Batch::into_outcome(event) {
//!                 wrong = wrong.or(outcome.result.is_err().then_some(outcome.key));
//!             }
//!         }
//!         Output::Wait(until) => now = until,
//!         Output::NeedInput | Output::Done => break,
//!     }
//! }
//!
//! let transcript = Transcript::parse(recorder.transcript())?;
//! transcript.replay(new(transcript.start()))?;
//! let cut = transcript.cut(wrong.expect("the second document"), new)?;
//! assert!(cut.has_same_events() && !cut.transcript().contains("one.pdf"));
//! println!("{}", cut.transcript()); // for the report
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The key of a job is in each of its events, such as `JobKey(17.0)`, and can be parsed from that
//! text. Where a batch begins with estimators or with a throttle state, so does the one for the
//! replay; the transcript has them.
//!
//! A drain is recorded and replayed as well. It is not cut: what a drain does with one id depends
//! on no other, but for pauses, and the lines of its events and requests name it.
//!
//! # Contents
//!
//! A transcript contains neither the key nor a document: of a request's body only the length. A
//! replay needs neither; use a document of the same length and names. **It contains the responses
//! of the service in full: results, which are your customers' data, and the ids of extractions.**
//! That of a batch also has the file names, types, customers, references and digests of its
//! documents. Read it before you pass it on.
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
//! [`next_output`](crate::machine::Machine::next_output) at that time. An event is its `Debug`: of
//! a result it has only numbers, as the response has all of it. Bytes that are not plain text on
//! one line are escaped, like a byte string in Rust, after a `\`.
//!
//! The inputs have the names of the methods, and what these were given:
//!
//! | machine | inputs |
//! | --- | --- |
//! | job, batch, drain | `set_key`, without the key |
//! | job, batch | `confirm 3`, `notification 0d14338251a6db69` |
//! | job, call | `abandon` |
//! | batch | `abandon 17.0`, `close`, `close_sources`, `shutdown` |
//! | batch | `add {..}`, `resume {..}`, `restore {..}`: a document, ticket or snapshot as JSON |
//! | batch | `add_all 2`: an iterator of at least 2 documents, by its size hint |
//! | batch | `draw 1 {..}`, `draw end`: a document of it, with at least 1 after it; its end |
//! | drain | `acknowledge 0d14338251a6db69`, `retry 0d14338251a6db69`, `close` |
//!
//! A document is drawn during the output that follows its line.

mod batch_input;
mod cut;
mod document;
mod inputs;
mod line;
mod parse;
mod recordable;
mod recorded_source;
mod recorder;
mod replay;
mod text;

pub use cut::{Cut, CutError};
pub use parse::{Step, StepKind, Transcript, TranscriptError};
pub use recordable::Recordable;
pub use recorder::Recorder;
pub use replay::Divergence;
