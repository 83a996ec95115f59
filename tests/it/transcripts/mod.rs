//! Recorded runs: each file in `tests/transcripts` is what its script produces, and replays byte
//! for byte.
//!
//! A change of what a job does changes these files. If it is intended, write them again with
//! `UPDATE_TRANSCRIPTS=1 cargo test -p typless --test it transcripts`, and read the differences.

mod beginnings;
mod long_run;
mod many;
mod random;
mod scripts;

use std::collections::BTreeSet;

use crate::support;
use beginnings::START;
use proptest::prelude::*;
use scripts::{Reply, Script, moved, scripts};
use typless::machine::{
    Call, CallOptions, Failure, FailureKind, Job, JobOptions, JobState, Machine, Output, RequestId,
    RetryPolicy, Time,
};
use typless::proptest::{Flavour, JobInput, LawChecker, Moment, job_inputs, scripts_with_inputs};
use typless::transcript::{Recordable, Recorder, StepKind, Transcript};
use typless::wire::{AwaitingRequest, Notification};

/// Runs a script with a plain loop in virtual time, and returns what was recorded.
fn record(script: &Script) -> String {
    let mut recorder = Recorder::new(beginnings::job(script.name), START);
    let (mut now, mut events, mut waits) = (START, 0, 0);
    let mut replies = script.replies.iter().cloned();
    loop {
        match recorder.next_output(now) {
            Output::Send(transmit) => {
                let (took, reply) = replies
                    .next()
                    .unwrap_or_else(|| panic!("{}: no reply is left", script.name));
                now = moved(now, took);
                pass_in(&mut recorder, transmit.id, reply, now);
            }
            Output::Event(_) => {
                events += 1;
                script
                    .inputs
                    .iter()
                    .filter(|(event, _)| *event == events)
                    .for_each(|(_, input)| assert!(recorder.handle_input(input, now)));
            }
            Output::Wait(until) => {
                waits += 1;
                let slip = script
                    .slips
                    .iter()
                    .find(|(wait, _)| *wait == waits)
                    .map_or(0.0, |(_, by)| *by);
                now = moved(until, slip);
            }
            Output::NeedInput => {
                now = moved(now, 2.0);
                script
                    .inputs
                    .iter()
                    .filter(|(event, _)| *event == 0)
                    .for_each(|(_, input)| assert!(recorder.handle_input(input, now)));
            }
            Output::Done => break,
        }
    }
    assert_eq!(replies.count(), 0, "{}: replies are left", script.name);
    format!("# {}\n{}", script.about, recorder.transcript())
}

fn pass_in(machine: &mut impl Machine, id: RequestId, reply: Reply, now: Time) {
    match reply {
        Ok(response) => machine.handle_response(id, response, now),
        Err(failure) => machine.handle_failure(id, failure, now),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test reads its files, and can write them again"
)]
fn file(name: &str, text: &str) -> String {
    let path = format!(
        "{}/tests/transcripts/{name}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    if std::env::var("UPDATE_TRANSCRIPTS").is_ok() {
        std::fs::write(&path, text).unwrap();
    }
    std::fs::read(&path)
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .unwrap_or_default()
}

#[test]
fn every_script_produces_its_transcript() {
    for script in scripts() {
        let recorded = record(&script);
        let kept = file(script.name, &recorded);
        let difference = kept
            .lines()
            .zip(recorded.lines())
            .find(|(was, is)| was != is);
        assert!(
            kept == recorded,
            "tests/transcripts/{}.txt differs: {difference:#?}",
            script.name
        );
    }
}

#[test]
fn every_recorded_run_replays_byte_for_byte() {
    for script in scripts() {
        let text = file(script.name, &record(&script));
        let transcript =
            Transcript::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", script.name));
        let job = beginnings::job(script.name);
        assert_eq!(
            transcript.origin().trim_end(),
            Recordable::origin(&job),
            "{}",
            script.name
        );
        let job = transcript
            .replay(job)
            .unwrap_or_else(|divergence| panic!("{}: {divergence}", script.name));
        assert!(job.state().is_finished(), "{}", script.name);
        assert!(
            !text.contains("s3cret") && !text.contains("secret contents"),
            "{}",
            script.name
        );
    }
}

#[test]
fn every_outcome_and_every_kind_of_response_is_there() {
    let (mut outcomes, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for script in scripts() {
        let transcript = Transcript::parse(&file(script.name, &record(&script))).unwrap();
        for step in transcript.steps() {
            match &step.kind {
                StepKind::Response(_, response) => {
                    _ = kinds.insert(response.status().to_string());
                }
                StepKind::Failure(_, failure) => {
                    _ = kinds.insert(format!("{:?}", failure.kind()));
                }
                StepKind::Input(input) => {
                    _ = kinds.insert(input.split(' ').next().unwrap().to_owned());
                }
                _ => {}
            }
        }
        outcomes.insert(
            transcript
                .replay(beginnings::job(script.name))
                .unwrap()
                .state(),
        );
    }
    use JobState::{
        Abandoned, Deadline, Exhausted, Expired, Failed, NotFound, Refused, SourceFailed,
        SubmitUnknown, Succeeded, TooLarge, Unreadable,
    };
    let all = [
        Succeeded,
        Failed,
        Expired,
        NotFound,
        Refused,
        TooLarge,
        Unreadable,
        Deadline,
        Exhausted,
        SubmitUnknown,
        SourceFailed,
        Abandoned,
    ];
    assert_eq!(outcomes, all.into_iter().collect());
    for kind in [
        "NotSent",
        "Interrupted",
        "Source",
        "TooLarge",
        "abandon",
        "confirm",
        "notification",
        "set_key",
    ] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    assert!(
        scripts().len() >= 25 && kinds.len() >= 18,
        "{} {kinds:?}",
        scripts().len()
    );
}

fn recorded(name: &str) -> String {
    record(
        &scripts()
            .into_iter()
            .find(|script| script.name == name)
            .unwrap(),
    )
}

#[test]
fn a_divergent_replay_is_reported_at_its_line() {
    const NAME: &str = "throttled-submit";
    let divergence = |text: &str| {
        Transcript::parse(text)
            .unwrap()
            .replay(beginnings::job(NAME))
            .unwrap_err()
    };
    let other = recorded(NAME).replacen("+0.25 ~ +30.25", "+0.25 ~ +30.26", 1);
    let found = divergence(&other);
    assert_eq!(
        (found.recorded(), found.replayed()),
        ("~ +30.26", "~ +30.25")
    );
    assert_eq!(other.lines().nth(found.line() - 1), Some("+0.25 ~ +30.26"));
    let unknown = divergence(&recorded(NAME).replacen("+0 = ", "+0 * shuffle\n+0 = ", 1));
    assert_eq!(
        (unknown.recorded(), unknown.replayed()),
        ("* shuffle", "no such input")
    );
}

#[test]
fn an_invalid_transcript_is_refused_at_its_line_without_being_quoted() {
    const HEAD: &str = "typless transcript 1\n@ 1700000000.5\n    Job\n\n# for people\n";
    assert_eq!(Transcript::parse(HEAD).unwrap().steps().len(), 0);
    for (text, line) in [
        ("", 1),
        ("typless transcript 2\n@ 0\n", 1),
        ("hush", 1),
        ("# hush\nhush", 2),
    ] {
        assert_eq!(Transcript::parse(text).unwrap_err().line(), line, "{text}");
    }
    for start in [
        "",
        "@",
        "@ soon",
        "@ -1",
        "@ 1.",
        "@ 1.0000000001",
        "@ 99999999999999999999",
    ] {
        assert_eq!(
            Transcript::parse(&format!("typless transcript 1\n{start}x\n"))
                .unwrap_err()
                .line(),
            2,
            "{start}"
        );
    }
    let lines = [
        "+0",
        "0 .",
        "+1e3 .",
        "+-1 .",
        "-1700000001 .",
        "+0 ; hush",
        "+0 < 1",
        "+0 < 1 99",
        "+0 < x 200 {}",
        "+0 < 1 200 \\\\q",
        "+0 ! 1 Hush no",
        "+0 ! 1",
        "    after: nothing",
        "+0 * \\\\xff",
    ];
    for line in lines {
        let text = format!("{HEAD}+0 .\n{line}\n");
        let error = Transcript::parse(&text).unwrap_err();
        assert_eq!(error.line(), 7, "{line}");
        assert!(
            !format!("{error} {error:?}").to_lowercase().contains("hush"),
            "{line}"
        );
    }
}

#[test]
fn a_response_round_trips_to_the_byte() {
    let mut response = http::Response::new(bytes::Bytes::from_static(b"\xff\n {}"));
    for (name, value) in [
        ("x-blank", ""),
        ("x-odd", "a\tb"),
        ("retry-after", "1"),
        ("retry-after", "2"),
    ] {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    let mut secret = http::HeaderValue::from_static("session=hush");
    secret.set_sensitive(true);
    response.headers_mut().append("set-cookie", secret);
    let mut recorder = Recorder::new(support::submit(JobOptions::new()), START);
    recorder.handle_response(RequestId::new(7), response.clone(), START);
    let transcript = Transcript::parse(recorder.transcript()).unwrap();
    let StepKind::Response(id, read) = &transcript.steps()[0].kind else {
        panic!()
    };
    assert!(response.headers_mut().remove("set-cookie").is_some());
    assert_eq!(
        (id.get(), read.body(), read.headers(), read.status()),
        (7, response.body(), response.headers(), response.status())
    );
}

#[test]
fn a_writer_that_fails_does_not_fail_the_job() {
    struct Full;
    impl std::fmt::Write for Full {
        fn write_str(&mut self, _: &str) -> std::fmt::Result {
            Err(std::fmt::Error)
        }
    }
    let mut recorder = Recorder::with_writer(support::submit(JobOptions::new()), Full, START);
    assert!(matches!(recorder.next_output(START), Output::Event(_)));
    assert!(matches!(recorder.next_output(START), Output::Send(_)));
    recorder.handle_response(RequestId::new(1), support::accepted(), START);
    assert!(recorder.set_key("two words").is_err());
    assert_eq!(recorder.into_parts().0.state(), JobState::Waiting);
}

#[test]
fn a_call_is_recorded_and_replayed_as_well() {
    let call = || {
        Call::new(
            &support::api(),
            AwaitingRequest::new(),
            CallOptions::new(),
            START,
        )
    };
    let mut recorder = Recorder::new(call(), START);
    assert!(matches!(recorder.next_output(START), Output::Send(_)));
    recorder.handle_failure(
        RequestId::new(1),
        Failure::new(FailureKind::Interrupted, "\u{1b}[2J\nreset "),
        START,
    );
    assert!(matches!(recorder.next_output(START), Output::Event(_)));
    assert!(recorder.handle_input("abandon", START) && !recorder.handle_input("confirm 1", START));
    while !matches!(recorder.next_output(START), Output::Done) {}
    let text = recorder.transcript().replace("+0 * confirm 1\n", "");
    Transcript::parse(&text).unwrap().replay(call()).unwrap();
}

proptest! {
    #![proptest_config(support::cases(64))]

    #[test]
    fn every_run_of_a_job_can_be_recorded_and_replayed(
        seed in any::<u64>(),
        confirms in any::<bool>(),
        script in scripts_with_inputs(Flavour::Mixed, job_inputs()),
    ) {
        let options = JobOptions::new()
            .with_seed(seed)
            .with_retry_policy(RetryPolicy::new().with_resubmissions(1));
        let options = if confirms {
            options.with_confirmation()
        } else {
            options
        };
        // The recorder keeps the laws as the job does, and replaying a complete transcript gives
        // the same.
        LawChecker::new(|now| Recorder::new(job(options, now), now))
            .with_job_options(options)
            .with_inputs(|input: &JobInput, recorder: &mut Recorder<Job>, moment| {
                apply(input, recorder, moment);
            })
            .with_custom_law(|recorder, output, moment| {
                if !matches!(output, Output::Done) {
                    return Ok(());
                }
                let transcript =
                    Transcript::parse(recorder.transcript()).map_err(|error| error.to_string())?;
                transcript
                    .replay(job(options, moment.start()))
                    .map(drop)
                    .map_err(|error| error.to_string())
            })
            .check(&script)?;
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "(\\PC|\n|[+@<!*=~. 0-9]){0,200}") {
        let _ = Transcript::parse(&text);
        let _ = Transcript::parse(&format!("typless transcript 1\n@ 0\n{text}"));
    }
}

fn job(options: JobOptions, now: Time) -> Job {
    Job::submit(&support::api(), support::document(), options, now)
}

fn apply(input: &JobInput, recorder: &mut Recorder<Job>, moment: &Moment) {
    match input {
        JobInput::Abandon => recorder.abandon(moment.now()),
        JobInput::Notify(notification) => recorder.handle_notification(notification, moment.now()),
        JobInput::NotifyItself => {
            if let Some(ticket) = recorder.machine().ticket() {
                let message = serde_json::json!({"data": {"id": ticket.extraction_id().as_str()}})
                    .to_string();
                recorder.handle_notification(
                    &Notification::decode(message.as_bytes()).unwrap(),
                    moment.now(),
                );
            }
        }
        JobInput::Confirm => recorder.confirm(moment.last_sequence().unwrap_or(u64::MAX)),
        JobInput::ConfirmTo(sequence) => recorder.confirm(*sequence),
        JobInput::SetKey => recorder.set_key("another-key").unwrap(),
        _ => panic!("{input:?} is not recorded"),
    }
}
