//! `--min-confidence`: what a person should review.

use std::time::Duration;

use crate::support::{at, lines, run, service, submitted};
use serde_json::{Value, json};
use typless_emulator::{ConfidenceForm, Listener, ServiceOptions};

/// A service that has finished the sample, and the id of the extraction.
fn finished() -> (Listener, String) {
    let listener = service(
        ServiceOptions::new()
            .with_pace(Duration::ZERO)
            .with_confidence_form(ConfidenceForm::Text),
    );
    let ticket = submitted(&listener.base_url(), &[]);
    let id = lines(&ticket)[0]["extraction_id"]
        .as_str()
        .unwrap()
        .to_owned();
    (listener, id)
}

#[test]
fn in_the_table_weak_values_are_not_shown_as_found_but_listed_for_review() {
    let (listener, id) = finished();
    let (code, out, err) = run(&mut at(
        "get",
        &listener.base_url(),
        &[&id, "--min-confidence", "1"],
    ));
    assert_eq!((code, err.as_str()), (0, ""));
    let (table, review) = out.split_once("To review: confidence below 1").unwrap();
    assert!(
        !table.contains("LPW-2026-0417") && review.contains("LPW-2026-0417"),
        "{out}"
    );
    assert!(
        !table.contains("Notebook A5") && review.contains("in row 1 of line_items"),
        "{out}"
    );

    let (_, out, _) = run(&mut at(
        "get",
        &listener.base_url(),
        &[&id, "--min-confidence", "0"],
    ));
    assert!(
        out.contains("Nothing to review") && out.contains("LPW-2026-0417"),
        "{out}"
    );
}

#[test]
fn in_json_the_result_stays_and_a_list_is_added() {
    let (listener, id) = finished();
    let line = |arguments: &[&str]| {
        let (code, out, _) =
            run(at("get", &listener.base_url(), &[&id, "--format", "json"]).args(arguments));
        assert_eq!(code, 0);
        lines(&out).remove(0)
    };
    let plain = line(&[]);
    assert!(plain.get("review").is_none());
    assert_eq!(line(&["--min-confidence", "0"])["review"], json!([]));
    let weak = line(&["--min-confidence", "1"]);
    assert_eq!(weak["result"], plain["result"], "the service's own words");
    let of = |field: &str| {
        weak["review"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["field"] == field)
            .unwrap()
            .clone()
    };
    let number = of("invoice_number");
    assert_eq!(
        (&number["value"], &number["page"], number.get("row")),
        (&Value::from("LPW-2026-0417"), &Value::from(0), None)
    );
    assert!(
        number["confidence"]
            .as_f64()
            .is_some_and(|score| score < 1.0)
    );
    let item = of("product_description");
    assert_eq!(
        (&item["table"], &item["row"]),
        (&Value::from("line_items"), &Value::from(0))
    );
}

#[test]
fn a_confidence_is_a_number_from_0_to_1() {
    for wrong in ["80", "-1", "high"] {
        let (code, _, err) = run(&mut at(
            "get",
            "http://localhost",
            &["0d14", &format!("--min-confidence={wrong}")],
        ));
        assert!(code == 2 && err.contains("from 0 to 1"), "{err}");
    }
}
