//! Stores what must survive a process, so that each accepted document is fetched, or reported as
//! unknown, and none is submitted twice.
//!
//! A submit is billed, and the service takes no key that would make it safe to repeat. A
//! [`Ledger`] is a file that has an entry for each document that was submitted, known by its bytes.
//! A [`Session`] stores there what happens to the jobs of a batch, before it happens where that
//! matters.
//!
//! ```
//! use typless::machine::{BatchOptions, Machine, Output, Time};
//! use typless::wire::{Api, Document};
//! use typless_ledger::{Ledger, LedgerOptions, Standing, with_digest};
//! # use typless::machine::{Failure, Purpose, Transmit};
//! # fn perform(transmit: &Transmit) -> Result<http::Response<bytes::Bytes>, Failure> {
//! #     let body: &'static [u8] = match transmit.purpose {
//! #         Purpose::Submit => br#"{"extraction_id": "0d14338251a6db69"}"#,
//! #         _ => concat!(
//! #             r#"{"status": "SUCCESS", "error": {}, "#,
//! #             r#""result": {"object_id": "14a5", "extracted_fields": []}}"#,
//! #         ).as_bytes(),
//! #     };
//! #     Ok(http::Response::new(bytes::Bytes::from_static(body)))
//! # }
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("ledger.db");
//! let api = Api::new(Api::PRODUCTION, "my-key")?;
//! let mut now = Time::from_unix_seconds(1_700_000_000);
//! let ledger = Ledger::open(&path, LedgerOptions::new())?;
//! let (mut session, mut batch) = ledger.start(&api, BatchOptions::new(), now);
//!
//! // What an earlier process has left comes first, then what is new.
//! session.recover(&mut batch, |_entry| None, now)?;
//! let document = || Document::new("4711.pdf", "line-item-invoice", &b"%PDF-1.7"[..]);
//! batch.add(with_digest(document()?)?, now);
//! batch.close();
//!
//! loop {
//!     let mut output = batch.next_output(now);
//!     let mut has_events = false;
//!     while let Output::Event(event) = output {
//!         session.record(&batch, &event, now);
//!         has_events = true;
//!         output = batch.next_output(now);
//!     }
//!     // One sync of the disk for all of them. Submits leave after it.
//!     if has_events {
//!         session.commit(&mut batch, now)?;
//!     }
//!     match output {
//!         Output::Send(transmit) => match perform(&transmit) {
//!             Ok(response) => batch.handle_response(transmit.id, response, now),
//!             Err(failure) => batch.handle_failure(transmit.id, failure, now),
//!         },
//!         _ if has_events => {} // there may be more to do now
//!         Output::Wait(until) => now = until,
//!         _ => break,
//!     }
//! }
//!
//! // From here on it is known, under whatever name.
//! let renamed = with_digest(Document::new("b.pdf", "line-item-invoice", &b"%PDF-1.7"[..])?)?;
//! assert_eq!(session.lookup(&renamed, now)?.standing, Standing::Fetchable);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With a driver of `typless-transports`, `batch` is `driver.machine_mut()`, and the loop is
//! `next_event` and `ready_event`. An async program that must not wait for the disk
//! [stores](Session::store) on another thread.
//!
//! # What becomes of an entry
//!
//! | [state](EntryState) | what is stored | when its process has ended |
//! | --- | --- | --- |
//! | `Ready` | nothing was accepted, nothing is out | free: who has the document submits it |
//! | `Submitting` | a submit was announced, and may be out | unknown: never made again by itself |
//! | `Submitted` | the ticket, and all that the job knew | who recovers it follows it, at no cost |
//! | `Finished` | the outcome | see [`Standing`] |
//!
//! A document is claimed in the transaction that stores the intent to submit it. Each open ledger
//! holds a lock on a file of its own, which the system releases when its process ends: no entry is
//! taken from a process that lives, and none is blocked by one that does not.
//!
//! [`Standing`] says what may be done with a document that is known, and its table is what a rerun
//! does. [`Session::resume`] fetches a result again, which is not billed.
//!
//! # Submits that are unknown
//!
//! The outcome [`SubmitUnknown`](typless::machine::JobError::SubmitUnknown) stays until somebody
//! finds out. An id that comes late is stored by itself. Otherwise give the entry its extraction
//! with [`Ledger::adopt`], or let its document be submitted again with [`Ledger::release`] or
//! [`Session::again`].
//!
//! Where nobody else uses the API key, a program can find out by itself: it submits each document
//! with its [mark](EntryKey::name_token), drains the queue of what is
//! [unclaimed](Ledger::is_unclaimed), and passes the results to [`Ledger::reconcile`]. Only a mark
//! adopts a result, never a name, nor that nothing else is left.
//!
//! # What is stored, and what is not
//!
//! An entry has the names, type, customer, length and SHA-256 of its document, and a digest of the
//! API key. Never the document, nor the API key. Results, and what the service sent that could not
//! be read, only [where asked for](LedgerOptions::with_results).
//!
//! Results are not stored before you have them: write them to where they belong before the commit
//! that stores their outcome, so that a crash in between leads to another fetch and not to a loss.

mod account;
mod canonical;
mod changes;
mod damage;
mod digest;
mod entries;
mod entry;
mod error;
#[cfg(test)]
mod failing_tests;
mod fetched;
mod file_system;
mod holders;
mod key;
mod ledger;
mod options;
mod pending;
mod process;
mod reconcile;
mod recover;
mod refused;
mod row;
mod schema;
mod session;
mod standing;
mod store;
mod upkeep;

pub use damage::Damage;
pub use digest::{ContentDigest, DigestError, with_digest};
pub use entries::Entries;
pub use entry::{Entry, EntryState, Name, Outcome};
pub use error::LedgerError;
pub use key::{EntryKey, KeyError};
pub use ledger::Ledger;
pub use options::LedgerOptions;
pub use reconcile::Reconciled;
pub use recover::{Recovered, Resumed, Skipped, SkippedReason};
pub use refused::{Refused, RefusedReason};
pub use session::{Committed, Session, Stored};
pub use standing::{Lookup, LookupError, Standing};
pub use upkeep::{Checked, Pruned};

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
