//! What a listing has, and what its ids lead to.

use std::collections::BTreeSet;

use super::call;
use crate::support::{self, EMPTY_LISTINGS, in_progress, response, success};
use typless::machine::CallError;
use typless::wire::{AwaitingResponse, ExtractionId, ResponseError, Status, StatusRequest};

fn ids(body: &str) -> Result<Vec<String>, ResponseError> {
    let list = AwaitingResponse::decode(&response(200, body))?.into_extraction_ids();
    let list: Vec<String> = list.iter().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(
        visited(body).unwrap(),
        (list.clone(), 0),
        "handed out one by one they are the same"
    );
    Ok(list)
}

/// The ids in order, and how many entries were not ids.
fn visited(body: &str) -> Result<(Vec<String>, usize), ResponseError> {
    let mut ids = Vec::new();
    let passed_over =
        AwaitingResponse::for_each_id(&response(200, body), |id| ids.push(id.into_owned()))?;
    Ok((ids, passed_over))
}

#[test]
fn a11_a_listing_may_repeat_an_id() {
    let response =
        AwaitingResponse::decode(&response(200, r#"{"extraction_ids": ["b", "a", "b"]}"#)).unwrap();
    assert_eq!(
        response
            .extraction_ids()
            .iter()
            .map(ExtractionId::as_str)
            .collect::<Vec<_>>(),
        ["b", "a", "b"]
    );
    // A caller that drains the queue keeps a set of the handled ids.
    let handled: BTreeSet<ExtractionId> = response.into_extraction_ids().into_iter().collect();
    assert_eq!(handled.len(), 2);
}

#[test]
fn a12_a_listed_id_may_be_in_any_state_when_it_is_fetched() {
    let fetch = |response| {
        call(
            StatusRequest::new(ExtractionId::new("0d14").unwrap()),
            &response,
        )
    };
    assert_eq!(fetch(in_progress()).unwrap().status(), &Status::InProgress);
    assert_eq!(
        fetch(support::expired()).unwrap().status(),
        &Status::Expired
    );
    assert_eq!(fetch(support::failed()).unwrap().status(), &Status::Error);
    // Each fetch is a separate call: a failure does not affect the others.
    assert!(matches!(
        fetch(response(404, "")),
        Err(CallError::Refused(_))
    ));
    assert!(fetch(success()).unwrap().into_extraction().is_ok());
}

#[test]
fn a13_an_empty_listing_has_many_forms() {
    for none in EMPTY_LISTINGS {
        assert!(ids(none).unwrap().is_empty(), "{none}");
    }
    assert_eq!(
        ids(r#"{"extraction_ids": ["0d14", "x\u0041", 17], "next": null}"#).unwrap(),
        ["0d14", "xA", "17"]
    );
    assert_eq!(ids(r#"["0d14"]"#).unwrap(), ["0d14"]);
    for (bad, path) in [
        (r#"{"extraction_ids": {"a": 1}}"#, "extraction_ids"),
        (r#"{"extraction_ids": ["a", null]}"#, "extraction_ids[1]"),
        (r#"[""]"#, "extraction_ids[0]"),
    ] {
        let Err(ResponseError::Decode(error)) = ids(bad) else {
            panic!("{bad}")
        };
        assert_eq!(error.path(), Some(path));
    }
    let long = "9".repeat(40);
    assert_eq!(
        ids(&format!(r#"["a", {long}, 0]"#)).unwrap(),
        ["a", &long, "0"]
    );
    for bad in [
        "<html>",
        "7",
        r#""a""#,
        r#"{"extraction_ids": ["#,
        r#"["a"] x"#,
        r#"{"extraction_ids": [], "extraction_ids": ["a"]}"#,
    ] {
        assert!(ids(bad).is_err() && visited(bad).is_err(), "{bad}");
    }
    assert!(matches!(
        AwaitingResponse::decode(&response(403, "")),
        Err(ResponseError::Service(_))
    ));
    assert!(matches!(
        AwaitingResponse::for_each_id(&response(403, ""), |_| ()),
        Err(ResponseError::Service(_))
    ));
}

#[test]
fn a13_one_bad_entry_does_not_hide_the_rest() {
    let body = r#"{"extraction_ids": [
        "a", null, {"id": ["b"]}, -1, 1.5, "c", 17, "\u0064", [], true, "e"
    ]}"#;
    assert_eq!(
        visited(body).unwrap(),
        (["a", "c", "17", "d", "e"].map(str::to_owned).to_vec(), 6)
    );
    assert!(ids(body).is_err());
}
