//! Property tests of what you build on this crate: strategies for everything that comes from the service, and a checker of the laws of machines.
//!
//! Only with the feature `proptest`; take it as a development dependency:
//!
//! ```toml
//! [dev-dependencies]
//! typless = { version = "0.1", features = ["proptest"] }
//! proptest = "1"
//! ```
//!
//! Being for tests, this module shows types and traits of proptest 1; the rest of the crate shows none.
//!
//! # Is my mapping right for whatever the service writes?
//!
//! [`usual_results`] are what the service usually writes: your mapping should read all of them. [`odd_results`] are the rest: your mapping may refuse them, but should not
//! panic, nor take one value for another. Both have the fields of your document type.
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
//!     Fields::new().with_field("invoice_number", DataType::String).with_field("total_amount", DataType::Number)
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
//!         prop_assert_eq!(invoice.total_amount.is_some(), extraction.text("total_amount").is_some());
//!     }
//!
//! # /*
//!     #[test]
//! # */
//!     fn of_an_odd_result_a_number_is_a_number_or_a_problem(json in odd_results(&fields())) {
//!         match Extraction::from_json(json)?.parse::<Invoice>() {
//!             Ok(invoice) => prop_assert!(invoice.total_amount.is_none_or(f64::is_finite)),
//!             Err(error) => prop_assert!(error.problems().iter().all(|problem| problem.path() == "total_amount")),
//!         }
//!     }
//! }
//! # a_usual_result_is_read_in_full();
//! # of_an_odd_result_a_number_is_a_number_or_a_problem();
//! ```
//!
//! # Does my machine keep the laws?
//!
//! A [`Machine`](crate::machine::Machine) of your own, such as one around a [`Job`](crate::machine::Job), is run along [scripts](Script) of what may happen to it:
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
//! /// A job, and how often it was polled.
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
//!     let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..]).expect("a document");
//!     Counting { job: Job::submit(&api, document, options, now), polls: 0 }
//! }
//!
//! proptest! {
//! # #![proptest_config(ProptestConfig::with_cases(32))]
//! # /*
//!     #[test]
//! # */
//!     fn a_counting_job_keeps_the_laws(script in scripts_with_inputs(Flavour::Mixed, job_inputs())) {
//!         let options = JobOptions::new().with_deadline(Duration::from_secs(3600));
//!         LawChecker::new(|now| counting(options, now))
//!             .with_job_options(options)
//!             .with_sequence(1, |event| event.sequence)
//!             .with_inputs(|input: &JobInput, machine: &mut Counting, moment| input.apply(&mut machine.job, moment))
//!             .check(&script)?;
//!     }
//! }
//! # a_counting_job_keeps_the_laws();
//! ```
//!
//! A [`Violation`] tells the law, the step and the script; proptest makes the script as short as it can. One that was found goes into a test by [`Script::new`].
//!
//! # Which laws are checked
//!
//! | [law](crate::machine#laws) | checked | how |
//! | --- | --- | --- |
//! | 1, 2, 3, 5 | of every machine | at each output and input |
//! | 4 | of every machine | by a second run that is told the time as it goes back |
//! | 6: one end, and the last | unless [`with_ends(None)`](LawChecker::with_ends) | [`Machine::into_outcome`](crate::machine::Machine::into_outcome) says what is an end; [`with_ends`](LawChecker::with_ends) says of how many |
//! | 6: numbers of events | with [`with_sequence`](LawChecker::with_sequence) | |
//! | 6: duplicates | of every machine | by a second run without them; what notifications change is not checked |
//! | 7 | no | measure it |
//! | 8 | with [`with_max_submits`](LawChecker::with_max_submits) | by the first reply to each `POST` |
//! | 9 | unless [`with_ends(None)`](LawChecker::with_ends) | |
//! | 10 | with [`with_max_in_flight`](LawChecker::with_max_in_flight) | what is sent per second is not checked |
//! | 11 | with [`with_deadline`](LawChecker::with_deadline) | after the script nobody answers any more |
//! | 12 | no | resume where it may be resumed, and compare the ends |
//!
//! Of every machine are checked, further, that the [ids of its requests](crate::machine::RequestId) grow, that the same inputs give the same outputs, and that it comes to rest
//! when it is asked again and again. Outputs are compared by their `Debug`. [`with_job_options`](LawChecker::with_job_options) sets 8, 10 and 11 as a job promises them;
//! [`for_jobs`](LawChecker::for_jobs) sets all, and [`for_drains`](LawChecker::for_drains) what there is to be set of a drain.

mod answers;
mod batch_input;
mod checker;
mod course;
mod drain_input;
mod exchanges;
mod fields;
mod handles;
mod job_input;
mod law;
mod moment;
mod results;
mod script;
mod scripts;
mod text;

pub use answers::{
    error_bodies, garbled_answers, listing_answers, refusals, status_answers, status_bodies,
    submit_answers,
};
pub use batch_input::{BatchInput, batch_inputs, growing_batch_inputs};
pub use checker::LawChecker;
pub use drain_input::{DrainInput, drain_inputs};
pub use fields::Fields;
pub use handles::{documents, extraction_ids, notifications, snapshots, tickets};
pub use job_input::{JobInput, job_inputs};
pub use law::{Law, Violation};
pub use moment::Moment;
pub use results::{extractions, odd_results, results, usual_results};
pub use script::{Reply, Script, Step, Which};
pub use scripts::{Flavour, scripts, scripts_with_inputs};
