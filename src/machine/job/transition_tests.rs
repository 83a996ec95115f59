//! Every combination of state and input, tried: the ways that are gone are the ways that are drawn.

use std::collections::BTreeSet;
use std::time::Duration;

use super::record::{OutcomeKind, PollReason, Record, State};
use super::state::JobState;
use super::transition::{Effect, Input, Rules, step};
use crate::machine::interpret::{PollResult, SubmitResult};
use crate::machine::{PollPolicy, RetryPolicy, Time};

const NOW: Time = Time::from_unix_seconds(1_000_000);

const OUTCOMES: [OutcomeKind; 12] = [
    OutcomeKind::Succeeded,
    OutcomeKind::Failed,
    OutcomeKind::Expired,
    OutcomeKind::NotFound,
    OutcomeKind::Refused,
    OutcomeKind::TooLarge,
    OutcomeKind::Unreadable,
    OutcomeKind::Deadline,
    OutcomeKind::Exhausted,
    OutcomeKind::SubmitUnknown,
    OutcomeKind::SourceFailed,
    OutcomeKind::Abandoned,
];

fn rules(resubmissions: u16) -> Rules<'static> {
    Rules {
        poll_policy: PollPolicy::balanced(),
        estimator: None,
        retry: RetryPolicy::new()
            .with_attempts(2)
            .with_resubmissions(resubmissions),
        seed: 7,
        submit_limit: Duration::from_secs(60),
        poll_limit: Duration::from_secs(30),
    }
}

fn states() -> Vec<State> {
    let open = [
        State::Ready,
        State::SubmitEmitted,
        State::Submitting,
        State::Waiting,
        State::PollEmitted,
        State::Polling,
    ];
    open.into_iter()
        .chain(OUTCOMES.map(State::Finished))
        .collect()
}

fn inputs(exchange: u32) -> Vec<Input> {
    let hints = [
        None,
        Some(Duration::from_secs(1)),
        Some(Duration::from_secs(3600)),
    ];
    let mut inputs = vec![
        Input::Clock,
        Input::Confirmed,
        Input::Abandon,
        Input::Withdrawn,
    ];
    inputs.extend([true, false].map(|has_document| Input::Restored { has_document }));
    inputs.extend([PollReason::Notification, PollReason::Listed].map(Input::Named));
    inputs.extend([PollReason::Limiter, PollReason::NotListed].map(Input::Turn));
    let times = [
        Time::EPOCH,
        Time::from_unix_seconds(999_995),
        NOW,
        Time::MAX,
    ];
    inputs.extend(
        times
            .map(Input::NotListed)
            .into_iter()
            .chain(times.map(Input::Forbidden)),
    );
    for hint in hints {
        let submits = [
            SubmitResult::Accepted { hint },
            SubmitResult::NotProcessed { hint },
            SubmitResult::Deferred { hint },
        ];
        inputs.extend(submits.map(|result| Input::Submit(exchange, result)));
        let polls = [
            PollResult::InProgress { hint },
            PollResult::Failed { hint },
            PollResult::Deferred { hint },
            PollResult::NotFound { hint },
        ];
        inputs.extend(polls.map(|result| Input::Poll(exchange, result)));
    }
    inputs.extend(
        [
            SubmitResult::Refused,
            SubmitResult::KeyRefused,
            SubmitResult::SourceFailed,
            SubmitResult::Unknown,
        ]
        .map(|result| Input::Submit(exchange, result)),
    );
    // The ends a poll's response can bring.
    let last = [
        OutcomeKind::Succeeded,
        OutcomeKind::Failed,
        OutcomeKind::Expired,
        OutcomeKind::Refused,
        OutcomeKind::TooLarge,
        OutcomeKind::Unreadable,
    ];
    inputs.extend(last.map(|end| Input::Poll(exchange, PollResult::Final(end))));
    inputs.push(Input::Poll(exchange, PollResult::KeyRefused));
    inputs
}

/// A record for each combination of what the transitions look at.
fn records(state: State) -> Vec<Record> {
    let later = |seconds| NOW + Duration::from_secs(seconds);
    let earlier = Time::from_unix_seconds(999_990);
    let mut records = Vec::new();
    for due in [earlier, later(5), Time::MAX] {
        for deadline in [earlier, later(100), Time::MAX] {
            for not_before in [Time::EPOCH, later(50), later(7200)] {
                for (flags, spent) in [(0, 0), (1, 1), (2, 0), (4, 1), (7, 1), (8, 0), (11, 1)] {
                    let mut record = Record::ready(NOW, deadline);
                    (record.state, record.due, record.not_before) = (state, due, not_before);
                    (record.submitted_at, record.polled_at) = (earlier, earlier);
                    (record.exchange, record.submits, record.spent) = (3, 1, spent);
                    (record.fresh, record.abandoned) = (flags & 1 > 0, flags & 2 > 0);
                    record.resubmissions = u16::from(flags & 8 > 0);
                    record.reported_by = (flags & 4 > 0).then_some(PollReason::Notification);
                    records.push(record);
                }
            }
        }
    }
    records
}

/// Tries everything, and hands each step to `check`: the record before, the input, the effect, the
/// record after.
fn everything(mut check: impl FnMut(&Record, Input, Effect, &Record)) {
    for state in states() {
        for before in records(state) {
            for input in inputs(3).into_iter().chain(inputs(2)) {
                for rules in [rules(0), rules(1)] {
                    let mut after = before;
                    let effect = step(&mut after, input, NOW, &rules);
                    check(&before, input, effect, &after);
                }
            }
        }
    }
}

#[test]
fn the_readme_draws_exactly_the_ways_there_are() {
    let mut taken = BTreeSet::new();
    everything(|before, _, _, after| {
        let (from, to) = (
            JobState::from_state(before.state),
            JobState::from_state(after.state),
        );
        if from != to {
            taken.insert((format!("{from:?}"), format!("{to:?}")));
        }
    });
    // Read when the test runs: the published package has this file, but not the project's README.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let Ok(readme) = std::fs::read_to_string(path) else {
        return;
    };
    let drawn: BTreeSet<(String, String)> = readme
        .lines()
        .filter_map(|line| line.trim().split_once(" --> "))
        .filter(|(from, to)| *from != "[*]" && *to != "[*]")
        .map(|(from, to)| {
            (
                from.to_owned(),
                to.split(':').next().unwrap_or(to).trim().to_owned(),
            )
        })
        .collect();
    let missing: Vec<_> = taken.difference(&drawn).collect();
    let invented: Vec<_> = drawn.difference(&taken).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not drawn: {missing:?}\ndrawn, but never gone: {invented:?}"
    );
}

/// Nor does what the service asked for, but that a deadline ends it.
#[test]
fn no_input_sets_a_poll_back() {
    everything(|before, input, _, after| {
        assert!(after.polled_at >= before.polled_at, "{input:?} {before:?}");
        let asked = before.not_before.min(before.deadline);
        assert!(after.not_before >= asked, "{input:?} {before:?}");
    });
}

#[test]
fn a_success_resets_the_failures_and_nothing_else_does() {
    for mut before in states().into_iter().flat_map(records) {
        before.failures = 3;
        for input in inputs(3) {
            let mut after = before;
            let effect = step(&mut after, input, NOW, &rules(1));
            match effect {
                Effect::Submitted | Effect::Progressed => assert_eq!(after.failures, 0),
                Effect::SubmitFailed | Effect::PollFailed => assert_eq!(after.failures, 4),
                Effect::Finished { .. } => {}
                _ => assert_eq!(after.failures, 3, "{input:?} {before:?}"),
            }
        }
    }
}

#[test]
fn nothing_follows_an_outcome_but_that_a_late_id_is_kept() {
    everything(|before, input, effect, after| {
        if !matches!(before.state, State::Finished(_)) {
            return;
        }
        match (input, effect) {
            (Input::Submit(_, SubmitResult::Accepted { .. }), Effect::SubmittedLate) => {
                assert!(!before.fresh && after.fresh && after.state == before.state);
            }
            _ => assert_eq!((effect, after), (Effect::Nothing, before), "{input:?}"),
        }
    });
}

#[test]
fn an_outcome_is_reported_when_it_comes_and_only_then() {
    everything(|before, input, effect, after| {
        let has_finished = matches!(after.state, State::Finished(_))
            && !matches!(before.state, State::Finished(_));
        let is_reported = matches!(effect, Effect::Finished { .. });
        assert_eq!(has_finished, is_reported, "{before:?} {input:?}");
    });
}

/// Law 13, for every step there is.
#[test]
fn what_may_have_arrived_is_never_reported_as_not_submitted() {
    everything(|before, input, effect, _| {
        let Effect::Finished { outcome, otherwise } = effect else {
            return;
        };
        let is_unnamed = matches!(
            before.state,
            State::Ready | State::SubmitEmitted | State::Submitting
        );
        let is_named_now = matches!(input, Input::Submit(_, SubmitResult::Accepted { .. }));
        let is_lost = before.state == State::Submitting
            && matches!(
                input,
                Input::Clock | Input::Restored { .. } | Input::Submit(_, SubmitResult::Unknown)
            );
        let may_have_arrived = before.resubmissions > 0 || is_lost;
        if is_unnamed && !is_named_now && may_have_arrived {
            assert_eq!(outcome, OutcomeKind::SubmitUnknown, "{before:?} {input:?}");
            assert_eq!(otherwise.is_none(), is_lost, "{before:?} {input:?}");
        } else {
            assert_ne!(outcome, OutcomeKind::SubmitUnknown, "{before:?} {input:?}");
            assert_eq!(otherwise, None);
        }
    });
}

#[test]
fn what_is_due_is_done_and_nothing_else_is() {
    everything(|before, input, effect, _| {
        if matches!(input, Input::Clock)
            && !matches!(before.state, State::SubmitEmitted | State::PollEmitted)
            && !matches!(before.state, State::Finished(_))
        {
            let forbidden = before.due.max(before.not_before) > before.deadline;
            assert!(effect != Effect::Nothing || before.due > NOW, "{before:?}");
            assert!(
                effect == Effect::Nothing
                    || before.due <= NOW
                    || before.deadline <= NOW
                    || forbidden,
                "{before:?} {effect:?}"
            );
        }
    });
}

#[test]
fn responses_of_other_exchanges_change_nothing_but_that_an_id_is_taken() {
    everything(|before, input, effect, after| match input {
        Input::Submit(2, SubmitResult::Accepted { .. }) => {}
        Input::Submit(2, _) | Input::Poll(2, _) => {
            assert_eq!((effect, after), (Effect::Nothing, before), "{input:?}");
        }
        _ => {}
    });
}

#[test]
fn a_submit_leaves_only_once_its_event_was_emitted_and_confirmed() {
    everything(|before, input, effect, _| {
        if effect == Effect::Submit {
            assert!(before.state == State::SubmitEmitted && matches!(input, Input::Confirmed));
        }
    });
}
