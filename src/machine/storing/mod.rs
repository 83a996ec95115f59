//! How a program that may end at any time loses nothing and submits nothing twice: what to store,
//! and when.
//!
//! A submit is billed, and the service takes no key that would make it safe to repeat. So a program
//! stores that it submits *before* it does, and the id as soon as there is one. Then, whenever it
//! ends, what is stored shows all that may have been billed.
//!
//! 1. Each document has a row in your database, with a reference that finds its file again. It is
//!    written before the document is added.
//! 2. At each event that [must be stored](super::BatchEvent::must_be_stored), the job's
//!    [snapshot](super::Batch::snapshot) takes the place of what the row had, or at the last event
//!    its outcome ([`code`](super::JobError::code) fits a column). This happens before the loop
//!    goes on, because a request leaves only after its event.
//! 3. At the start, each row with a snapshot is [restored](super::Batch::restore), and each new one
//!    is added. A submit that was out when the process ended is then reported as
//!    [`SubmitUnknown`](super::JobError::SubmitUnknown): it may be billed, and only the service
//!    knows.
//!
//! To store many events at once, use
//! [`with_confirmation`](super::BatchOptions::with_confirmation): no submit leaves before
//! [`confirm`](super::Batch::confirm) has its event, while everything else goes on. Take the events
//! that are ready, commit them together, and confirm the last one.
//!
//! The example `durable_service` of `typless-transports` does so in a web service with tokio: group
//! commit to a file, webhooks, a shutdown at SIGTERM. A test kills it a hundred times.
//!
//! The sequence of events starts from the beginning in each process, so it orders the events of
//! one. A job's rows need no order: the last snapshot has all that those before it had.
//!
//! The package `typless-ledger` does all this with a file that processes share, and knows a
//! document again under another name.
//!
//! # The whole program
//!
//! `Table` is your database, and `Client` your HTTP client and your clock. A test ends this program
//! at each of its steps and starts it again.
//!
//! ```
#![doc = include_str!("program.rs")]
//! #
//! # // A table and a client that need no disk and no network.
//! # struct Rows(std::collections::BTreeMap<String, Row>);
//! # impl Table for Rows {
//! #     fn rows(&self) -> Vec<(String, Row)> {
//! #         self.0.clone().into_iter().collect()
//! #     }
//! #     fn put(&mut self, reference: &str, row: Row) {
//! #         self.0.insert(reference.to_owned(), row);
//! #     }
//! # }
//! # struct Scripted(Time);
//! # impl Client for Scripted {
//! #     fn now(&self) -> Time {
//! #         self.0
//! #     }
//! #     fn wait(&mut self, until: Time) {
//! #         self.0 = until;
//! #     }
//! #     fn send(&mut self, transmit: &Transmit) -> Result<http::Response<bytes::Bytes>, Failure> {
//! #         let body: &'static [u8] = match transmit.purpose {
//! #             typless::machine::Purpose::Submit => br#"{"extraction_id": "0d14338251a6db69"}"#,
//! #             _ => concat!(
//! #                 r#"{"status": "SUCCESS", "error": {}, "#,
//! #                 r#""result": {"object_id": "14a5", "extracted_fields": []}}"#,
//! #             ).as_bytes(),
//! #         };
//! #         Ok(http::Response::new(bytes::Bytes::from_static(body)))
//! #     }
//! # }
//! # let mut table = Rows([("4711.pdf".to_owned(), Row::New)].into());
//! # let api = Api::new(Api::PRODUCTION, "my-key")?;
//! # let mut client = Scripted(Time::from_unix_seconds(1_700_000_000));
//! # let document = |reference: &str| {
//! #     let document = Document::new(reference, "line-item-invoice", &b"%PDF"[..])?;
//! #     document.with_reference(reference)
//! # };
//! # run(&api, &mut table, &mut client, document)?;
//! # assert_eq!(table.0["4711.pdf"], Row::Finished("success".to_owned()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
