//! Every random run of a batch or of a drain can be recorded and replayed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::support;
use proptest::prelude::*;
use typless::machine::{Batch, BatchOptions, Drain, DrainOptions, JobKey, Machine, Time};
use typless::proptest::{
    BatchInput, DrainInput, Flavour, LawChecker, Moment, drain_inputs, growing_batch_inputs,
    scripts_with_inputs,
};
use typless::transcript::{Recordable, Recorder, Transcript};
use typless::wire::Notification;

/// A transcript that is read while it is written, as a file is.
#[derive(Clone, Default)]
struct Page(Rc<RefCell<String>>);

impl fmt::Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.borrow_mut().push_str(text);
        Ok(())
    }
}

/// The transcripts of all machines that were built.
#[derive(Default)]
struct Pages(RefCell<Vec<Page>>);

impl Pages {
    fn record<M: Recordable>(&self, machine: M, now: Time) -> Recorder<M, Page> {
        let page = Page::default();
        self.0.borrow_mut().push(page.clone());
        Recorder::with_writer(machine, page, now)
    }

    /// Each gives the same again, and has no key and no document in it.
    fn replay<M: Recordable>(&self, new: impl Fn(Time) -> M) -> Result<(), TestCaseError> {
        for page in self.0.borrow().iter() {
            let text = page.0.borrow();
            let transcript = Transcript::parse(&text)?;
            transcript.replay(new(transcript.start()))?;
            prop_assert!(!text.contains("s3cret") && !text.contains("another-key"));
        }
        Ok(())
    }
}

fn inputs() -> impl Strategy<Value = BatchInput> {
    prop_oneof![30 => growing_batch_inputs(), 1 => Just(BatchInput::Shutdown)]
}

fn flavours() -> impl Strategy<Value = Flavour> {
    prop_oneof![
        Just(Flavour::WellFormed),
        Just(Flavour::Hostile),
        Just(Flavour::Mixed),
        Just(Flavour::Outages)
    ]
}

proptest! {
    #![proptest_config(support::cases(24))]

    #[test]
    fn every_run_of_a_batch_can_be_recorded_and_replayed(
        seed in any::<u64>(),
        (confirms, text_blocks, has_deadline) in any::<(bool, bool, bool)>(),
        rate in 1..20_u32,
        script in flavours().prop_flat_map(|flavour| scripts_with_inputs(flavour, inputs())),
    ) {
        let options = BatchOptions::new()
            .with_seed(seed)
            .with_rate(rate, Duration::from_secs(1))
            .with_max_in_flight(4);
        let options = if has_deadline {
            options.with_deadline(Duration::from_secs(3600))
        } else {
            options
        };
        let options = if confirms { options.with_confirmation() } else { options };
        let options = if text_blocks { options.with_text_blocks() } else { options };
        let new = |now| Batch::new(&support::api(), options.clone(), now);
        let pages = Pages::default();
        LawChecker::new(|now| pages.record(new(now), now))
            .with_outcomes(None)
            .with_inputs(apply)
            .check(&script)?;
        pages.replay(new)?;
        for page in pages.0.borrow().iter() {
            cut_each(&page.0.borrow(), new)?;
        }
    }

    #[test]
    fn every_run_of_a_drain_can_be_recorded_and_replayed(
        seed in any::<u64>(),
        max_in_flight in 1..5_usize,
        script in flavours().prop_flat_map(|flavour| scripts_with_inputs(flavour, drain_inputs())),
    ) {
        let options = DrainOptions::new()
            .with_seed(seed)
            .with_interval(Duration::from_secs(30))
            .with_max_in_flight(max_in_flight);
        let new = |now| Drain::new(&support::api(), options.clone(), now);
        let pages = Pages::default();
        LawChecker::new(|now| pages.record(new(now), now))
            .with_outcomes(None)
            .with_inputs(
                |input: &DrainInput, drain: &mut Recorder<Drain, Page>, moment| match input {
                    DrainInput::Acknowledge(id) => drain.acknowledge(id),
                    DrainInput::Retry(id) => drain.retry(id, moment.now()),
                    DrainInput::SetKey => drain.set_key("another-key").unwrap(),
                    DrainInput::Close => drain.close(),
                    _ => panic!("{input:?} is not recorded"),
                },
            )
            .check(&script)?;
        pages.replay(new)?;
    }
}

/// A few jobs are cut out. Each cut replays by itself, and says whether it is the same.
fn cut_each(text: &str, new: impl Fn(Time) -> Batch) -> Result<(), TestCaseError> {
    let transcript = Transcript::parse(text)?;
    let keys = text.split("JobKey(").skip(1);
    let keys = keys.filter_map(|rest| rest.split(')').next()?.parse::<JobKey>().ok());
    let keys: BTreeSet<JobKey> = keys.collect();
    for key in keys.into_iter().step_by(3) {
        let cut = transcript.cut(key, &new)?;
        let short = Transcript::parse(cut.transcript())?;
        short.replay(new(short.start()))?;
        prop_assert!(cut.has_same_outcome() || !cut.has_same_events());
    }
    Ok(())
}

/// The beginnings of inputs, for texts that are almost inputs.
const INPUTS: [&str; 14] = [
    "add {\"bytes\":18446744073709551615,\"file_name\":\"a\",\"document_type\":\"b\"}",
    "add {\"bytes\":0,\"file_name\":\"a\",\"document_type\":\"b\"}",
    "add_all 18446744073709551615",
    "draw 1 {\"bytes\":9223372036854775807,\"file_name\":\"a\",\"document_type\":\"b\"}",
    "draw end",
    "resume {\"ticket\":",
    "restore {\"snapshot\":",
    "abandon 4294967295.4294967295",
    "confirm ",
    "notification ",
    "acknowledge ",
    "retry ",
    "shutdown",
    "",
];

proptest! {
    #![proptest_config(support::cases(64))]

    #[test]
    fn no_text_of_an_input_makes_a_machine_panic(
        inputs in proptest::collection::vec((0..INPUTS.len(), "(\\PC|[{}\":.0-9]){0,10}"), 0..10),
    ) {
        let mut batch = Batch::new(&support::api(), BatchOptions::new(), support::START);
        let mut drain = Drain::new(&support::api(), DrainOptions::new(), support::START);
        for (which, rest) in inputs {
            for input in [INPUTS[which].to_owned(), format!("{}{rest}", INPUTS[which])] {
                batch.handle_input(&input, support::START);
                drain.handle_input(&input, support::START);
                let _ = batch.next_output(support::START);
                let _ = drain.next_output(support::START);
            }
        }
    }
}

/// As `BatchInput::apply`, recorded.
fn apply(input: &BatchInput, batch: &mut Recorder<Batch, Page>, moment: &Moment) {
    let key = |batch: &Batch, place: usize| {
        let unfinished = batch.progress().unfinished().max(1);
        batch.keys().nth(place % unfinished)
    };
    match input {
        BatchInput::Add(document) => drop(batch.add(document.clone(), moment.now())),
        BatchInput::AddAll(documents) => batch.add_all(documents.clone().into_iter()),
        BatchInput::CloseSources => batch.close_sources(),
        BatchInput::Resume(ticket) => drop(batch.resume(ticket, moment.now())),
        BatchInput::Restore(snapshot, document) => {
            let document = snapshot.needs_document().then(|| document.clone());
            let _ = batch.restore(snapshot, document, moment.now());
        }
        BatchInput::NotifyOne(place) => {
            let key = key(batch.machine(), *place);
            let ticket = key.and_then(|key| batch.machine().ticket(key));
            if let Some(ticket) = ticket {
                let id = ticket.extraction_id().as_str();
                let message = serde_json::json!({"data": {"id": id}}).to_string();
                let notification = Notification::decode(message.as_bytes()).unwrap();
                batch.handle_notification(&notification, moment.now());
            }
        }
        BatchInput::Notify(notification) => batch.handle_notification(notification, moment.now()),
        BatchInput::Confirm => batch.confirm(moment.last_sequence().unwrap_or(u64::MAX)),
        BatchInput::Abandon(place) => {
            if let Some(key) = key(batch.machine(), *place) {
                batch.abandon(key, moment.now());
            }
        }
        BatchInput::SetKey => batch.set_key("another-key").unwrap(),
        BatchInput::Close => batch.close(),
        BatchInput::Shutdown => batch.shutdown(moment.now()),
        _ => panic!("{input:?} is not recorded"),
    }
}
