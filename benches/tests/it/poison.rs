//! Faults that are no outage: all those of one document.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use typless::machine::PauseReason;
use typless_benches::simulation::spread_faults::MAX_PAUSE;
use typless_benches::simulation::{Run, START, batch_options};
use typless_emulator::ServiceOptions;

fn respond(status: u16) -> Option<Response<Bytes>> {
    let body = r#"{"code": "poison", "message": "not this one", "details": {}}"#;
    let response = Response::builder().status(status).body(Bytes::from(body));
    Some(response.unwrap())
}

/// The document 7 of 200 is poison: this is the response to each submit, or each poll.
fn poison(submit: Option<u16>, poll: Option<u16>, has_queue: bool) -> Run {
    let options = batch_options(has_queue).with_deadline(Duration::from_hours(2));
    let service = ServiceOptions::new().with_pace(Duration::from_secs(20));
    let mut run = Run::new(options, service);
    let mut poisoned: Option<String> = None;
    run.world.instead = Box::new(move |service, request: &Request<Bytes>, now| {
        if request.method() == http::Method::POST {
            let text = String::from_utf8_lossy(request.body());
            if !text.contains("\"7.pdf\"") {
                return None;
            }
            if let Some(status) = submit {
                return respond(status);
            }
            // Its id is known from the response, which passes.
            let response = service.handle(request.clone(), now);
            let body = String::from_utf8_lossy(response.body()).into_owned();
            poisoned = body.split('"').nth(3).map(str::to_owned);
            return Some(response);
        }
        let query = request.uri().query().unwrap_or_default();
        let is_its = poisoned
            .as_ref()
            .is_some_and(|id| query.contains(id.as_str()));
        poll.filter(|_| is_its).and_then(respond)
    });
    run.follow(200, Duration::from_secs(100));
    run
}

#[test]
fn a_poison_document_is_no_outage() {
    for has_queue in [true, false] {
        for (submit, poll) in [
            (Some(500), None),
            (Some(403), None),
            (None, Some(500)),
            (None, Some(403)),
        ] {
            let run = poison(submit, poll, has_queue);
            let text = format!("queue {has_queue}, submit {submit:?}, poll {poll:?}");
            let (others, its): (Vec<_>, Vec<_>) =
                run.outcomes.iter().partition(|(name, _)| *name != "7.pdf");
            assert!(
                others.iter().all(|(_, (_, error))| error.is_none()),
                "{text}"
            );
            assert!(its[0].1.1.is_some(), "{text}");
            let last = others.iter().map(|(_, (at, _))| *at).max();
            assert!(last <= Some(START + Duration::from_secs(160)), "{text}");
            let problems: Vec<_> = run.pauses.problems.iter().take(3).collect();
            assert!(problems.is_empty(), "{problems:#?}");
            assert_eq!(run.pauses.count(PauseReason::Outage), 0, "{text}");
            let longest = run.pauses.longest.values().max();
            assert!(longest <= Some(&MAX_PAUSE), "{text}: {longest:?}");
            assert_eq!(run.pauses.open().count(), 0, "{text}");
        }
    }
}
