//! For your property tests: strategies for everything that comes from the service, and a checker of
//! the laws of machines.
//!
//! It needs the feature `proptest`, usually in a development dependency:
//!
//! ```toml
//! [dev-dependencies]
//! typless = { version = "0.1", features = ["proptest"] }
//! proptest = "1"
//! ```
//!
//! This module has types and traits of proptest 1 in its API; the rest of the crate has none.
//!
//! # Test your structs with any result
//!
//! [`usual_results`] are results as the service usually writes them: your struct should be read
//! from all of them. [`odd_results`] are the rest: they may be rejected, but must not panic or mix
//! up values. Both have the fields of your document type.
//!
//! ```
//! use proptest::prelude::*;
//! use typless::proptest::{Fields, odd_results, usual_results};
//! use typless::wire::{DataType, Extraction};
//!
//! #[derive(serde::Deserialize)]
//! struct Invoice {
//!     invoice_number: Option<String>,
//!     total_amount: Option<f64>,
//! }
//!
//! fn fields() -> Fields {
//!     Fields::new()
//!         .with_field("invoice_number", DataType::String)
//!         .with_field("total_amount", DataType::Number)
//! }
//!
//! proptest! {
//! # /*
//!     #[test]
//! # */
//!     fn a_usual_result_is_read_in_full(json in usual_results(&fields())) {
//!         let extraction = Extraction::from_json(json)?;
//!         let invoice: Invoice = extraction.parse()?;
//!         prop_assert_eq!(invoice.invoice_number.as_deref(), extraction.text("invoice_number"));
//!         let has_amount = extraction.text("total_amount").is_some();
//!         prop_assert_eq!(invoice.total_amount.is_some(), has_amount);
//!     }
//!
//! # /*
//!     #[test]
//! # */
//!     fn an_odd_amount_is_a_number_or_a_problem(json in odd_results(&fields())) {
//!         match Extraction::from_json(json)?.parse::<Invoice>() {
//!             Ok(invoice) => prop_assert!(invoice.total_amount.is_none_or(f64::is_finite)),
//!             Err(error) => prop_assert_eq!(error.problems()[0].path(), "total_amount"),
//!         }
//!     }
//! }
//! # a_usual_result_is_read_in_full();
//! # an_odd_amount_is_a_number_or_a_problem();
//! ```
//!
//! # Check your machine against the laws
//!
//! The checker runs your own [`Machine`](crate::machine::Machine), such as one around a
//! [`Job`](crate::machine::Job), along [scripts](Script) of what may happen to it:
//!
//! ```
//! use std::time::Duration;
//!
//! use proptest::prelude::*;
//! use typless::bytes::Bytes;
//! use typless::http::Response;
//! use typless::machine::{Failure, Job, JobEvent, JobOptions, Machine, Output, RequestId, Time};
//! use typless::proptest::{Flavour, JobInput, LawChecker, job_inputs, scripts_with_inputs};
//! use typless::wire::{Api, Document};
//!
//! /// A job, and the number of its polls.
//! struct Counting {
//!     job: Job,
//!     polls: u32,
//! }
//!
//! impl Machine for Counting {
//!     type Event = JobEvent;
//!     type Outcome = <Job as Machine>::Outcome;
//!
//!     fn next_output(&mut self, now: Time) -> Output<JobEvent> {
//!         let output = self.job.next_output(now);
//!         if let Output::Send(transmit) = &output {
//!             self.polls += u32::from(transmit.request.method() == "GET");
//!         }
//!         output
//!     }
//!
//!     fn handle_response(&mut self, id: RequestId, response: Response<Bytes>, now: Time) {
//!         self.job.handle_response(id, response, now);
//!     }
//!
//!     fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
//!         self.job.handle_failure(id, failure, now);
//!     }
//!
//!     fn into_outcome(event: JobEvent) -> Result<Self::Outcome, JobEvent> {
//!         Job::into_outcome(event)
//!     }
//! }
//!
//! fn counting(options: JobOptions, now: Time) -> Counting {
//!     let api = Api::new(Api::PRODUCTION, "no-key").expect("a key");
//!     let content = &b"%PDF"[..];
//!     let document = Document::new("invoice.pdf", "line-item-invoice", content).expect("valid");
//!     Counting { job: Job::submit(&api, document, options, now), polls: 0 }
//! }
//!
//! proptest! {
//! # #![proptest_config(ProptestConfig::with_cases(32))]
//! # /*
//!     #[test]
//! # */
//!     fn keeps_the_laws(script in scripts_with_inputs(Flavour::Mixed, job_inputs())) {
//!         let options = JobOptions::new().with_deadline(Duration::from_secs(3600));
//!         LawChecker::new(|now| counting(options, now))
//!             .with_job_options(options)
//!             .with_sequence(1, |event| event.sequence)
//!             .with_inputs(|input: &JobInput, machine: &mut Counting, moment| {
//!                 input.apply(&mut machine.job, moment);
//!             })
//!             .check(&script)?;
//!     }
//! }
//! # keeps_the_laws();
//! ```
//!
//! A [`Violation`] names the law, and shows the script up to the step that broke it. Steps without
//! which the same test fails are left out of it before. To keep a script as a regression test, use
//! [`Script::new`]. If the machine panics, proptest's feature `handle-panics` hides the messages of
//! all panics but the last.
//!
//! # Which laws are checked
//!
//! | [law](crate::machine#laws) | checked | by |
//! | --- | --- | --- |
//! | 1, 2, 3, 5 | always | each output and input |
//! | 4 | always | a second run in which the clock goes back |
//! | 6: one outcome, last | unless [`with_outcomes(None)`][outcomes] | |
//! | 6: sequences | with [`with_sequence`](LawChecker::with_sequence) | |
//! | 6: repeated replies | always | a second run without them |
//! | 7 | no | |
//! | 8 | with [`with_max_submits`](LawChecker::with_max_submits) | first replies |
//! | 9 | unless [`with_outcomes(None)`][outcomes] | |
//! | 10 | with [`with_max_in_flight`](LawChecker::with_max_in_flight) | not the rate |
//! | 11 | with [`with_deadline`](LawChecker::with_deadline) | a service that stops |
//! | 12 | no | |
//!
//! It also checks that the [ids of requests](crate::machine::RequestId) grow, that the same inputs
//! give the same outputs, and that the machine has nothing more to do after finitely many outputs
//! at one time. It does not check what notifications change. Outputs are compared by their `Debug`.
//! [`with_job_options`](LawChecker::with_job_options) sets laws 8, 10 and 11 as a job promises
//! them, [`for_jobs`](LawChecker::for_jobs) sets everything for a job, and
//! [`for_drains`](LawChecker::for_drains) everything for a drain.
//!
//! [outcomes]: LawChecker::with_outcomes

mod batch_input;
mod checker;
mod drain_input;
mod exchanges;
mod fields;
mod handles;
mod job_input;
mod law;
mod moment;
mod responses;
mod results;
mod run;
mod script;
mod scripts;
mod setup;
mod shrink;
mod text;

pub use batch_input::{BatchInput, batch_inputs, growing_batch_inputs};
pub use checker::LawChecker;
pub use drain_input::{DrainInput, drain_inputs};
pub use fields::Fields;
pub use handles::{documents, extraction_ids, notifications, snapshots, tickets};
pub use job_input::{JobInput, job_inputs};
pub use law::{Law, Violation};
pub use moment::Moment;
pub use responses::{
    error_bodies, garbled_responses, listing_responses, refusals, status_bodies, status_responses,
    submit_responses,
};
pub use results::{extractions, odd_results, results, usual_results};
pub use script::{Reply, Script, Step, Which};
pub use scripts::{Flavour, scripts, scripts_with_inputs};
