//! Compares the client's record with the emulator's.

use std::time::Duration;

use typless::machine::BatchProgress;
use typless_emulator::{Fault, Service};

use super::RunReport;
use super::outcome_log::{Acceptance, DocumentOutcome, OutcomeLog};
use super::scenario::{self, Limits, Scenario};

/// The faults that leave a submit unknown. For [`Fault::Unreachable`] it depends on whether the
/// connection broke before the client began to send the document.
const UNKNOWN: [Fault; 11] = [
    Fault::Unavailable,
    Fault::InternalError,
    Fault::BadGateway,
    Fault::GatewayTimeout,
    Fault::Portal,
    Fault::Dropped,
    Fault::ResponseLost,
    Fault::ResponseCut,
    Fault::ResponseStalled,
    Fault::ResponseHalved,
    Fault::ResponseDoubled,
];

/// The report of a run, once everything has finished.
pub(super) fn audit(
    scenario: &Scenario,
    log: &OutcomeLog,
    service: &Service,
    sent: BatchProgress,
    elapsed: Duration,
    cpu: Duration,
) -> RunReport {
    RunReport {
        limits: scenario.limits,
        outcomes: log.counts(),
        unknown_but_accepted: (0..scenario.documents)
            .filter(|number| is_unknown_but_accepted(&scenario::name(*number), log, service))
            .count(),
        counts: service.counts(),
        missing_faults: Fault::USUAL
            .into_iter()
            .filter(|fault| service.fault_count(*fault) == 0)
            .collect(),
        injected_429s: service.fault_count(Fault::TooManyRequests),
        sent,
        elapsed,
        cpu,
        unaccounted: unaccounted(scenario, log, service),
        exceeded: exceeded(&scenario.limits, service, sent),
    }
}

fn is_unknown_but_accepted(name: &str, log: &OutcomeLog, service: &Service) -> bool {
    matches!(log.outcomes(name), [DocumentOutcome::Unknown(_)]) && service.accepted_named(name) > 0
}

fn unaccounted(scenario: &Scenario, log: &OutcomeLog, service: &Service) -> Vec<String> {
    let mut problems = log.unexpected.clone();
    problems.extend((0..scenario.documents).filter_map(|number| problem(number, log, service)));
    if log.len() != scenario.documents {
        problems.push(format!(
            "{} documents finished, of {}",
            log.len(),
            scenario.documents
        ));
    }
    let accepted: usize = (0..scenario.documents)
        .map(|number| service.accepted_named(&scenario::name(number)))
        .sum();
    if accepted != service.accepted() {
        problems.push(format!(
            "{} submits were accepted, and {accepted} of them are ours",
            service.accepted()
        ));
    }
    let explained: usize = UNKNOWN
        .iter()
        .map(|fault| service.submit_fault_count(*fault))
        .sum();
    let explained = explained..=explained + service.submit_fault_count(Fault::Unreachable);
    let unknown = log.counts().unknown;
    if !explained.contains(&unknown) {
        problems.push(format!(
            "{unknown} submits are unknown, and faults explain {explained:?}"
        ));
    }
    problems
}

/// The problem with a document, if there is one.
fn problem(number: usize, log: &OutcomeLog, service: &Service) -> Option<String> {
    let name = scenario::name(number);
    let (outcomes, accepted) = (log.outcomes(&name), service.accepted_named(&name));
    let fits = match outcomes {
        [
            DocumentOutcome::Extracted {
                file_name,
                customer,
                is_right: true,
            },
        ] => {
            let is_its_own = file_name.as_deref() == Some(&name)
                && customer.as_deref() == scenario::customer(number);
            is_its_own && accepted == 1 && !scenario::is_broken(number)
        }
        [DocumentOutcome::Failed] => accepted == 1 && scenario::is_broken(number),
        [DocumentOutcome::Unknown(Acceptance::Accepted)] => accepted == 1,
        [DocumentOutcome::Unknown(Acceptance::NotAccepted)] => accepted == 0,
        [DocumentOutcome::Unknown(Acceptance::Unknown)] => accepted <= 1,
        _ => false,
    };
    (!fits).then(|| format!("{name} finished as {outcomes:?}, and was accepted {accepted} times"))
}

/// The limits that were exceeded, as the emulator counted.
fn exceeded(limits: &Limits, service: &Service, sent: BatchProgress) -> Vec<String> {
    let counts = service.counts();
    let sent = usize::try_from(sent.submits + sent.polls + sent.listings).unwrap_or(usize::MAX);
    let kept = [
        ("requests in flight", counts.max_in_flight, limits.in_flight),
        (
            "submits in flight",
            counts.max_submits_in_flight,
            limits.submits,
        ),
        (
            "requests within a second",
            counts.max_per_second,
            limits.max_in_a_second(),
        ),
        ("requests above the rate limit", counts.throttled, 0),
        (
            "requests in total, more than the client sent",
            counts.requests,
            sent,
        ),
    ];
    let excess = kept.into_iter().filter(|(_, seen, max)| seen > max);
    excess
        .map(|(what, seen, max)| format!("{what}: {seen}, where {max} are allowed"))
        .collect()
}
