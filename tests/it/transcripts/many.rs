//! A batch of a thousand documents is recorded, replayed, and cut to the one that went wrong.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::long_run::{LongRun, SECRET, Trouble, document, id};
use crate::support::{START, api};
use typless::machine::{
    Batch, BatchOptions, DelayEstimators, Drain, DrainOptions, JobKey, JobState, Machine, Time,
};
use typless::transcript::{Cut, CutError, Recorder, StepKind, Transcript};
use typless::wire::{Document, ExtractionId};

fn options(confirms: bool) -> BatchOptions {
    let options = BatchOptions::new()
        .with_seed(7)
        .with_rate(40, Duration::from_secs(1))
        .with_deadline(Duration::from_secs(240))
        .with_max_submits(8);
    if confirms {
        options.with_confirmation()
    } else {
        options
    }
}

/// A run of so many documents, which come in every way there is.
fn long_run(documents: usize, confirms: bool) -> LongRun {
    let mut run = LongRun::new(options(confirms));
    run.confirms = confirms;
    run.webhooks = true;
    run.outage = 8..16;
    let parts = documents / 10;
    let at = |second: u64| START + Duration::from_secs(second);
    for number in 0..4 * parts {
        run.add(number);
    }
    // One whose size hint says nothing, and one that says all.
    let of_unknown_length = (4 * parts..6 * parts).filter(|number| *number > 0);
    run.recorder.add_all(of_unknown_length.map(document));
    run.run_until(at(3));
    run.recorder.add_all((6 * parts..8 * parts).map(document));
    for number in 8 * parts..9 * parts {
        run.resume(number);
    }
    run.run_until(at(20));
    for number in 9 * parts..documents {
        run.restore(number);
    }
    run.run_until(at(30));
    run.recorder.set_key("an0ther-k3y").unwrap();
    assert!(run.recorder.set_key("two words").is_err());
    run
}

/// One that ran to its end, and one that was shut down.
fn finished(documents: usize, confirms: bool) -> LongRun {
    let mut run = long_run(documents, confirms);
    run.recorder.close();
    run.run_until(Time::MAX);
    assert_eq!(run.outcomes.len(), documents);
    run
}

fn shut_down(documents: usize) -> LongRun {
    let mut run = long_run(documents, false);
    run.recorder
        .add_all((documents..documents + 50).map(document));
    run.run_until(START + Duration::from_secs(32));
    run.recorder.close_sources();
    let now = run.now;
    run.recorder.shutdown(now);
    run.run_until(Time::MAX);
    run
}

fn new(confirms: bool) -> impl Fn(Time) -> Batch {
    move |now| Batch::new(&api(), options(confirms), now)
}

fn parse(run: &LongRun) -> Transcript {
    Transcript::parse(run.recorder.transcript()).unwrap()
}

/// The words of an input, without what follows.
fn inputs(transcript: &Transcript) -> BTreeSet<&str> {
    let inputs = transcript
        .steps()
        .iter()
        .filter_map(|step| match &step.kind {
            StepKind::Input(input) => input.split(' ').next(),
            _ => None,
        });
    inputs.collect()
}

#[test]
fn a_run_of_a_thousand_documents_replays_without_them_and_is_cut_to_one() {
    let run = finished(1000, true);
    let text = run.recorder.transcript();
    let transcript = parse(&run);
    let batch = transcript.replay(new(true)(START)).unwrap();
    assert_eq!(batch.progress(), run.recorder.machine().progress());
    assert!(batch.progress().succeeded > 500, "{batch:?}");
    // Nor the beginning of a document in base64.
    for secret in [
        SECRET,
        "secret",
        "JVBERi0xLjcg",
        "s3cret-k3y",
        "an0ther-k3y",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    let all = [
        "abandon",
        "add",
        "add_all",
        "close",
        "confirm",
        "draw",
        "notification",
        "restore",
        "resume",
        "set_key",
    ];
    assert_eq!(inputs(&transcript), all.into_iter().collect());
    let mut outcomes = run.outcomes.iter();
    let (key, _) = outcomes.rfind(|(_, it)| *it == "unreadable").unwrap();
    let cut = transcript.cut(*key, new(true)).unwrap();
    assert!(cut.has_same_events() && cut.has_same_outcome());
    check_cut(&cut, &run, *key, &new(true));
}

#[test]
fn a_batch_that_is_shut_down_replays() {
    let run = shut_down(300);
    let transcript = parse(&run);
    transcript.replay(new(false)(START)).unwrap();
    let inputs = inputs(&transcript);
    assert!(inputs.contains("shutdown") && inputs.contains("close_sources"));
    assert!(
        run.outcomes
            .values()
            .filter(|it| *it == "unfinished")
            .count()
            > 50
    );
}

#[test]
fn recording_changes_nothing() {
    let mut run = LongRun::new(options(false));
    let mut plain = Batch::new(&api(), options(false), START);
    run.recorder.add_all((0..50).map(document));
    plain.add_all((0..50).map(document));
    for second in 0..20 {
        let now = START + Duration::from_secs(second);
        for _ in 0..10 {
            let [recorded, other] = [run.recorder.next_output(now), plain.next_output(now)];
            assert_eq!(format!("{recorded:?}"), format!("{other:?}"));
        }
    }
}

#[test]
fn a_size_hint_that_changes_at_any_time_is_recorded_as_it_was_seen() {
    /// It says something else each time.
    struct Odd(std::ops::Range<usize>, AtomicUsize);
    impl Iterator for Odd {
        type Item = Document;
        fn next(&mut self) -> Option<Document> {
            self.0.next().map(document)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            let calls = self.1.fetch_add(1, Ordering::Relaxed);
            (calls % 7 * 1000, None)
        }
    }
    let slow = |now| {
        let options = options(false).with_rate(1, Duration::from_secs(1));
        Batch::new(&api(), options.with_burst(1), now)
    };
    let mut run = LongRun::new(options(false));
    run.recorder = Recorder::new(slow(START), START);
    run.recorder.add_all(Odd(0..60, AtomicUsize::new(0)));
    run.recorder.close();
    run.run_until(Time::MAX);
    parse(&run).replay(slow(START)).unwrap();
}

#[test]
fn a_changed_line_is_found() {
    let run = finished(60, false);
    let text = run.recorder.transcript();
    let lines: Vec<&str> = text.lines().collect();
    let without = |sign: &str| {
        let at = lines.iter().position(|line| line.contains(sign)).unwrap();
        let left: Vec<&str> = [&lines[..at], &lines[at + 1..]].concat();
        left.join("\n")
    };
    let mut changed: Vec<String> = [
        "* add {",
        "* add_all",
        "* draw 0",
        "* resume",
        "* restore",
        "* abandon",
        "* close",
        " < ",
        " = ",
        " > ",
    ]
    .map(without)
    .to_vec();
    for (old, new) in [
        ("add {\"bytes\":25", "add {\"bytes\":29"),
        ("\"invoice-1.pdf\"", "\"invoice-11.pdf\""),
        ("* add {", "* add all {"),
        ("add_all ", "add_all x"),
        ("* close", "* shutdown"),
    ] {
        assert!(text.contains(old), "{old}");
        changed.push(text.replacen(old, new, 1));
    }
    for (number, changed) in changed.iter().enumerate() {
        let transcript = Transcript::parse(changed).unwrap();
        let replayed = transcript.replay(new(false)(START));
        assert!(replayed.is_err(), "change {number} was not found");
    }
}

/// A cut replays by itself, is short, and has only this job's names and ids.
fn check_cut(cut: &Cut, run: &LongRun, key: JobKey, new: &dyn Fn(Time) -> Batch) {
    let text = cut.transcript();
    let short = Transcript::parse(text).unwrap();
    short.replay(new(short.start())).unwrap();
    let number = run.numbers[&key];
    let own: BTreeSet<String> = [number.to_string()].into();
    for word in ["invoice-", "row ", "object ", "digest "] {
        let digits = |rest: &str| {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            rest[..end.unwrap_or(rest.len())].to_owned()
        };
        let found: BTreeSet<String> = text.split(word).skip(1).map(digits).collect();
        assert!(found.is_subset(&own), "{word}{found:?}\n{text}");
    }
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let mut ids = words.filter(|word| word.len() == 40 && word.starts_with('e'));
    assert!(ids.all(|found| found == id(number)), "{text}");
    let other = ["Acme", "Žiga", "Widgets"].map(|customer| text.contains(customer));
    assert!(
        other.iter().filter(|is_there| **is_there).count() <= 1,
        "{text}"
    );
    // A job that stays in progress is polled again and again.
    let lines = text.lines().count();
    let is_long = matches!(
        Trouble::for_document(number),
        Trouble::Stuck | Trouble::Abandoned
    );
    assert!(lines <= if is_long { 150 } else { 90 }, "{lines}:\n{text}");
}

#[test]
fn each_document_that_went_wrong_can_be_cut_out() {
    let run = finished(200, true);
    let transcript = parse(&run);
    // One of each kind of trouble and each way in which the documents came.
    let mut seen = BTreeSet::new();
    let mut outcomes = BTreeSet::new();
    let mut have_other_events = Vec::new();
    for (key, number) in &run.numbers {
        let outcome = run.outcomes[key].as_str();
        let (trouble, way) = (Trouble::for_document(*number), number / 80);
        if !seen.insert((trouble, outcome, way)) {
            continue;
        }
        let cut = transcript.cut(*key, new(true)).unwrap();
        let text = cut.transcript();
        assert!(cut.has_same_outcome(), "{trouble:?} {outcome}\n{text}");
        if !cut.has_same_events() {
            have_other_events.push(trouble);
        }
        check_cut(&cut, &run, *key, &new(true));
        outcomes.insert(outcome);
    }
    let all = [
        "abandoned",
        "deadline",
        "expired",
        "failed",
        "not_found",
        "ok",
        "refused",
        "source_failed",
        "submit_unknown",
        "too_large",
        "unreadable",
    ];
    assert_eq!(outcomes, all.into_iter().collect());
    // Only of those that are polled more often or less often alone.
    let differ = |trouble: &Trouble| matches!(trouble, Trouble::Stuck | Trouble::Abandoned);
    assert!(
        have_other_events.iter().all(differ),
        "{have_other_events:?}"
    );
}

#[test]
fn a_listing_in_a_cut_has_only_the_id_of_the_job() {
    // While the key is refused for polls, listings are probes.
    let options = options(false).with_deadline(Duration::from_secs(7200));
    let new = |now| Batch::new(&api(), options.clone(), now);
    let mut run = LongRun::new(options.clone());
    run.refusal = 8..40;
    for number in 0..80 {
        run.add(number);
    }
    run.recorder.close();
    run.run_until(Time::MAX);
    let transcript = parse(&run);
    let two_ids = format!("\",\"{}", &id(0)[..30]);
    assert!(
        run.recorder.transcript().contains(&two_ids),
        "a listing of several"
    );
    let mut listings = BTreeSet::new();
    let is_short = |it: &(&JobKey, &usize)| Trouble::for_document(*it.1) != Trouble::Stuck;
    for (key, number) in run.numbers.iter().filter(is_short).step_by(2) {
        let cut = transcript.cut(*key, new).unwrap();
        check_cut(&cut, &run, *key, &new);
        let bodies = cut.transcript().split("\"extraction_ids\":").skip(1);
        let own = format!("[\"{}\"]", id(*number));
        listings.extend(bodies.map(|body| body.starts_with(&own)));
    }
    assert_eq!(listings, [false, true].into(), "with the id and without it");
}

#[test]
fn a_job_that_was_handed_back_can_be_cut_out() {
    let run = shut_down(300);
    let transcript = parse(&run);
    let handed_back = |key: &&JobKey| run.outcomes[*key] == "unfinished";
    let jobs: Vec<&JobKey> = run.numbers.keys().filter(handed_back).collect();
    for key in [jobs[0], jobs[jobs.len() / 2], jobs[jobs.len() - 1]] {
        let cut = transcript.cut(*key, new(false)).unwrap();
        assert!(cut.has_same_outcome(), "{}", cut.transcript());
        assert!(cut.transcript().contains("* shutdown"));
        check_cut(&cut, &run, *key, &new(false));
    }
}

#[test]
fn a_cut_of_a_job_that_was_polled_for_a_day_has_only_the_end() {
    let new = |now| Batch::new(&api(), BatchOptions::new(), now);
    let mut run = LongRun::new(BatchOptions::new());
    for number in 0..20 {
        run.add(number);
    }
    run.recorder.close();
    run.run_until(Time::MAX);
    let transcript = parse(&run);
    let is_stuck = |it: &(&JobKey, &usize)| Trouble::for_document(*it.1) == Trouble::Stuck;
    let (key, _) = run.numbers.iter().find(is_stuck).unwrap();
    assert_eq!(run.outcomes[key], "deadline");
    let cut = transcript.cut(*key, new).unwrap();
    let text = cut.transcript();
    check_cut(&cut, &run, *key, &new);
    assert!(cut.has_same_events() && cut.has_same_outcome(), "{text}");
    assert!(text.contains("* restore {"), "{text}");
    let lines = text.lines().count();
    assert!(lines < 60, "{lines}:\n{text}");
}

#[test]
fn a_run_that_breaks_off_can_be_cut() {
    let run = finished(60, false);
    let lines: Vec<&str> = run.recorder.transcript().lines().collect();
    let text = lines[..lines.len() / 3].join("\n");
    let transcript = Transcript::parse(&text).unwrap();
    let batch = transcript.replay(new(false)(START)).unwrap();
    let waits = |key: &JobKey| batch.state(*key) == Some(JobState::Waiting);
    let key = batch.keys().find(waits).unwrap();
    let cut = transcript.cut(key, new(false)).unwrap();
    check_cut(&cut, &run, key, &new(false));
    assert!(cut.has_same_outcome(), "{}", cut.transcript());
    let last = transcript.steps().last().unwrap().at;
    let short = Transcript::parse(cut.transcript()).unwrap();
    assert!(short.steps().iter().all(|step| step.at <= last));
}

#[test]
fn what_a_batch_and_a_drain_begin_with_is_in_the_transcript() {
    let mut estimators = DelayEstimators::new();
    let took = Duration::from_secs(20);
    estimators.observe_finished(Some("line-item-invoice"), took, took);
    let mut other = LongRun::new(options(false));
    other.outage = 0..1000;
    other.add(0);
    other.run_until(START + Duration::from_secs(20));
    let state = other.recorder.machine().throttle_state();
    let new_with = |now| {
        let batch = new(false)(now).with_estimators(estimators.clone());
        batch.with_throttle_state(&state, now)
    };
    let mut recorder = Recorder::new(new_with(START), START);
    recorder.add(document(1), START);
    recorder.next_output(START);
    let text = recorder.transcript();
    assert!(text.contains("typless_delays") && text.contains("typless_throttle"));
    Transcript::parse(text)
        .unwrap()
        .replay(new_with(START))
        .unwrap();
    let plain = Recorder::new(new(false)(START), START);
    assert!(!plain.transcript().contains("typless_"));
    let mut drain = Drain::new(&api(), DrainOptions::new(), START);
    drain.acknowledge(&ExtractionId::new(&id(1)).unwrap());
    let recorder = Recorder::new(drain, START);
    assert!(recorder.transcript().contains("typless_drain"));
}

#[test]
fn a_cut_needs_the_job_and_the_batch() {
    let run = finished(20, false);
    let transcript = parse(&run);
    let none: JobKey = "1000.0".parse().unwrap();
    let error = transcript.cut(none, new(false)).unwrap_err();
    assert!(matches!(error, CutError::NoSuchJob), "{error}");
    let key = *run.numbers.keys().next().unwrap();
    let error = transcript.cut(key, new(true)).unwrap_err();
    assert!(matches!(error, CutError::Diverged(_)), "{error}");
    assert!("1".parse::<JobKey>().is_err() && "a.0".parse::<JobKey>().is_err());
}
