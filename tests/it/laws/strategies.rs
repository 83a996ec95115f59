//! The strategies of the feature `proptest`: what they promise, and that odd values occur.

use http::Response;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use typless::machine::{Snapshot, Ticket};
use typless::proptest::{
    Fields, Flavour, Reply, Script, Step, Which, documents, error_bodies, extractions,
    garbled_responses, listing_responses, notifications, odd_results, refusals, results, scripts,
    snapshots, status_bodies, status_responses, submit_responses, tickets, usual_results,
};
use typless::wire::{
    AwaitingResponse, Extraction, Field, ResponseError, ServiceError, Status, StatusResponse,
    SubmitResponse,
};

proptest! {
    #![proptest_config(super::cases(256))]

    #[test]
    fn every_result_can_be_read_and_a_usual_one_has_every_field(
        usual in usual_results(&Fields::invoice()),
        odd in odd_results(&Fields::invoice()),
    ) {
        let usual = Extraction::from_json(usual)?;
        let names: Vec<_> = usual.fields().iter().map(Field::name).collect();
        prop_assert_eq!(
            names,
            [
                "supplier_name",
                "invoice_number",
                "issue_date",
                "total_amount"
            ]
        );
        prop_assert!(usual.line_items().iter().all(|row| row.fields().len() == 3));
        prop_assert!(
            usual
                .text("total_amount")
                .is_none_or(|amount| amount.parse::<f64>().is_ok())
        );
        Extraction::from_json(odd)?;
    }

    #[test]
    fn tickets_and_snapshots_are_read_back(ticket in tickets(), snapshot in snapshots()) {
        prop_assert_eq!(Ticket::from_json(&ticket.to_json())?, ticket);
        prop_assert_eq!(Snapshot::from_json(&snapshot.to_json())?, snapshot);
    }

    #[test]
    fn every_status_body_has_a_status_and_every_refusal_is_one(
        body in status_bodies(&Fields::invoice()),
        refusal in refusals(),
    ) {
        StatusResponse::decode(&Response::new(body.into()))?;
        prop_assert!(matches!(
            StatusResponse::decode(&refusal),
            Err(ResponseError::Service(_))
        ));
    }
}

/// Whether the predicate holds for one of a few hundred values.
fn some<T>(strategy: impl Strategy<Value = T>, is: impl Fn(&T) -> bool) -> bool {
    let mut runner = TestRunner::deterministic();
    (0..600).any(|_| is(&strategy.new_tree(&mut runner).unwrap().current()))
}

#[test]
fn odd_results_are_odd() {
    let read = |json: &String| Extraction::from_json(json.clone()).unwrap();
    let odd = || odd_results(&Fields::invoice());
    assert!(
        some(odd(), |json| read(json).field("total_amount").is_none()),
        "a field is missing"
    );
    assert!(
        some(odd(), |json| read(json)
            .fields()
            .iter()
            .filter(|field| field.name() == "issue_date")
            .count()
            == 2),
        "a field is doubled"
    );
    assert!(
        some(odd(), |json| read(json).text("issue_date") == Some("")),
        "a value is empty"
    );
    assert!(
        some(odd(), |json| json.contains(r#""x":-1"#)),
        "a place is none"
    );
    assert!(
        some(odd(), |json| json.contains(r#""confidence_score":"0."#)),
        "a score is text"
    );
    assert!(
        some(odd(), |json| json.contains(r#""values":null"#)),
        "there are no values"
    );
    assert!(
        some(odd(), |json| json.contains(r#""vat_rates":[{"vat_rate"#)),
        "a row is an object"
    );
    assert!(
        some(odd(), |json| json.contains(r#""line_items":null"#)),
        "there are no rows"
    );
    assert!(some(results(&Fields::new()), |json| read(json)
        .fields()
        .is_empty()));
    assert!(some(extractions(&Fields::invoice()), |extraction| {
        !extraction.line_items().is_empty()
    }));
}

#[test]
fn errors_come_in_every_shape() {
    let read = |body: &bytes::Bytes| ServiceError::from_response(&Response::new(body.clone()));
    assert!(
        some(error_bodies(), |body| read(body).code().is_some()
            && read(body).details().is_some()),
        "the standard format"
    );
    assert!(
        some(error_bodies(), |body| read(body)
            .message()
            .is_some_and(|message| message.contains(": "))),
        "a validation error"
    );
    assert!(
        some(error_bodies(), |body| read(body)
            .message()
            .is_some_and(|message| message.contains('\u{1b}'))),
        "a hostile text"
    );
    assert!(
        some(error_bodies(), |body| body.starts_with(br#"{"error":"#)
            && read(body).message().is_some()),
        "a wrapped error"
    );
    assert!(some(error_bodies(), bytes::Bytes::is_empty), "nothing");
    assert!(
        some(error_bodies(), |body| std::str::from_utf8(body).is_err()),
        "no text"
    );
}

#[test]
fn responses_bring_every_outcome() {
    let status = |is: fn(&StatusResponse) -> bool| {
        some(status_responses(&Fields::invoice()), |response| {
            StatusResponse::decode(response).is_ok_and(|response| is(&response))
        })
    };
    assert!(status(|response| response.status() == &Status::InProgress));
    assert!(status(
        |response| response.status() == &Status::Success && response.extraction().is_some()
    ));
    assert!(status(
        |response| response.status() == &Status::Error && response.error().is_some()
    ));
    assert!(status(|response| response.status() == &Status::Expired));
    assert!(status(|response| matches!(
        response.status(),
        Status::Other(_)
    )));
    assert!(some(submit_responses(), |response| SubmitResponse::decode(
        response
    )
    .is_ok()));
    assert!(some(submit_responses(), |response| response.status()
        == 429
        && response.headers().contains_key("retry-after")));
    assert!(some(garbled_responses(), |response| matches!(
        SubmitResponse::decode(response),
        Err(ResponseError::Decode(_))
    )));
    let listed = |response: &_| {
        AwaitingResponse::decode(response).map(AwaitingResponse::into_extraction_ids)
    };
    assert!(some(listing_responses(), |response| listed(response)
        .is_ok_and(|ids| ids.is_empty())));
    assert!(
        some(listing_responses(), |response| listed(response)
            .is_ok_and(|ids| ids.iter().skip(1).any(|id| *id == ids[0]))),
        "one is listed twice"
    );
    assert!(
        some(listing_responses(), |response| matches!(
            listed(response),
            Err(ResponseError::Decode(_))
        )),
        "an entry is none"
    );
    assert!(some(notifications(), |notification| notification
        .extraction_id()
        .as_str()
        .len()
        < 39));
    assert!(some(documents(), |document| document.customer().is_some()
        && document.reference().is_none()));
}

#[test]
fn only_a_hostile_script_sets_the_clock_back() {
    let puts_back = |flavour| {
        some(scripts(flavour), |script| {
            script
                .steps()
                .iter()
                .any(|step| matches!(step, Step::SetBack(_)))
        })
    };
    assert_eq!(super::FLAVOURS.map(puts_back), [false, true, true, true]);
}

#[test]
fn an_outage_is_the_same_reply_again_and_again() {
    let statuses = |script: &Script| -> Vec<u16> {
        let replies = script.steps().iter().filter_map(|step| match step {
            Step::Reply(Which::InFlight, Reply::Response(response)) => Some(response.status()),
            _ => None,
        });
        replies.map(|status| status.as_u16()).collect()
    };
    for status in [401, 429, 500, 503] {
        let lasts = |script: &Script| statuses(script).windows(3).any(|row| row == [status; 3]);
        assert!(some(scripts(Flavour::Outages), lasts), "{status}");
    }
}

#[test]
fn a_script_that_fails_is_shortened_to_the_steps_that_matter() {
    // The clock goes back, and later two outputs are taken one by one.
    let fails = |script: &Script| {
        let mut steps = script.steps().iter();
        steps.any(|step| matches!(step, Step::SetBack(_)))
            && steps.filter(|step| matches!(step, Step::PullOne)).count() >= 2
    };
    let mut runner = TestRunner::deterministic();
    let mut shortened = 0;
    for _ in 0..200 {
        let mut tree = scripts(Flavour::Hostile).new_tree(&mut runner).unwrap();
        if !fails(&tree.current()) {
            continue;
        }
        // As the runner of proptest does it.
        let mut runs = 0;
        let mut goes_on = tree.simplify();
        while goes_on {
            runs += 1;
            goes_on = if fails(&tree.current()) {
                tree.simplify()
            } else {
                tree.complicate()
            };
        }
        let left = tree.current();
        assert!(fails(&left) && left.steps().len() == 3, "{left}");
        assert!(runs < 200, "{runs}");
        shortened += 1;
    }
    assert!(shortened > 20, "{shortened}");
}

#[test]
fn a_script_that_always_fails_is_shortened_to_nothing() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..20 {
        let mut tree = scripts(Flavour::Mixed).new_tree(&mut runner).unwrap();
        while tree.simplify() {}
        assert!(tree.current().steps().is_empty());
    }
}
