//! The client's ledger held against the emulator's.

use std::time::Duration;

use typless::machine::BatchProgress;
use typless_emulator::{Fault, Service};

use super::Day;
use super::ledger::{Ending, Ledger, Told};
use super::scene::{self, Limits, Scene};

/// What leaves a submit unknown. With [`Fault::Unreachable`] it depends on whether the connection broke before the client began to send the document.
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

/// What is left of a day once everything has ended.
pub(super) fn audit(
    scene: &Scene,
    ledger: &Ledger,
    service: &Service,
    sent: BatchProgress,
    elapsed: Duration,
    cpu: Duration,
) -> Day {
    Day {
        limits: scene.limits,
        tally: ledger.tally(),
        unknown_but_taken: (0..scene.documents)
            .filter(|number| is_unknown_but_taken(&scene::name(*number), ledger, service))
            .count(),
        counts: service.counts(),
        spared: Fault::USUAL
            .into_iter()
            .filter(|fault| service.fault_count(*fault) == 0)
            .collect(),
        busy: service.fault_count(Fault::TooManyRequests),
        sent,
        elapsed,
        cpu,
        unaccounted: unaccounted(scene, ledger, service),
        exceeded: exceeded(&scene.limits, service, sent),
    }
}

fn is_unknown_but_taken(name: &str, ledger: &Ledger, service: &Service) -> bool {
    matches!(ledger.ends(name), [Ending::Unknown(_)]) && service.accepted_named(name) > 0
}

fn unaccounted(scene: &Scene, ledger: &Ledger, service: &Service) -> Vec<String> {
    let mut problems = ledger.oddities.clone();
    problems.extend((0..scene.documents).filter_map(|number| problem(number, ledger, service)));
    if ledger.len() != scene.documents {
        problems.push(format!(
            "{} documents ended, of {}",
            ledger.len(),
            scene.documents
        ));
    }
    let accepted: usize = (0..scene.documents)
        .map(|number| service.accepted_named(&scene::name(number)))
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
    let unknown = ledger.tally().unknown;
    if !explained.contains(&unknown) {
        problems.push(format!(
            "{unknown} submits are unknown, and faults explain {explained:?}"
        ));
    }
    problems
}

/// What is wrong with a document, if anything.
fn problem(number: usize, ledger: &Ledger, service: &Service) -> Option<String> {
    let name = scene::name(number);
    let (ends, accepted) = (ledger.ends(&name), service.accepted_named(&name));
    let fits = match ends {
        [
            Ending::Read {
                file_name,
                customer,
                is_right: true,
            },
        ] => {
            let is_its_own = file_name.as_deref() == Some(&name)
                && customer.as_deref() == scene::customer(number);
            is_its_own && accepted == 1 && !scene::is_broken(number)
        }
        [Ending::Failed] => accepted == 1 && scene::is_broken(number),
        [Ending::Unknown(Told::Taken)] => accepted == 1,
        [Ending::Unknown(Told::NotTaken)] => accepted == 0,
        [Ending::Unknown(Told::Nothing)] => accepted <= 1,
        _ => false,
    };
    (!fits).then(|| format!("{name} ended as {ends:?}, and was accepted {accepted} times"))
}

/// The limits that were exceeded, by the emulator's count.
fn exceeded(limits: &Limits, service: &Service, sent: BatchProgress) -> Vec<String> {
    let counts = service.counts();
    let sent = usize::try_from(sent.submits + sent.polls + sent.listings).unwrap_or(usize::MAX);
    let kept = [
        ("requests at once", counts.max_in_flight, limits.in_flight),
        (
            "submits at once",
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
            "requests in all, beside those the client knows of",
            counts.requests,
            sent,
        ),
    ];
    let excess = kept.into_iter().filter(|(_, seen, most)| seen > most);
    excess
        .map(|(what, seen, most)| format!("{what}: {seen}, where {most} are allowed"))
        .collect()
}
