//! The manifest of this package switches on every feature there is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;

#[test]
fn every_feature_of_serde_and_serde_json_is_switched_on() {
    let metadata = metadata();
    for (name, needs_nightly) in [("serde", &["unstable"][..]), ("serde_json", &[])] {
        let package = named(&metadata["packages"], "name", name);
        let id = package["id"].as_str().unwrap();
        let node = named(&metadata["resolve"]["nodes"], "id", id);
        let on = node["features"].as_array().unwrap();
        let off: Vec<&str> = package["features"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .filter(|feature| !needs_nightly.contains(feature) && !is_for_a_crate(feature, package))
            .filter(|feature| !on.iter().any(|one| one == feature))
            .collect();
        assert!(off.is_empty(), "{name}: add {off:?} to the manifest");
    }
}

#[test]
fn every_feature_is_seen_at_work() {
    // Each of these would fail or not compile without its feature.
    let digits = "12345678901234567890123.50";
    let number: Value = serde_json::from_str(digits).unwrap();
    assert_eq!(number.to_string(), digits, "arbitrary_precision");
    let ordered: Value = serde_json::from_str(r#"{"b": 1, "a": 2}"#).unwrap();
    assert_eq!(ordered.to_string(), r#"{"b":1,"a":2}"#, "preserve_order");
    serde_json::Deserializer::from_str("[]").disable_recursion_limit();
    let shared: std::rc::Rc<str> = serde_json::from_str(r#""rc""#).unwrap();
    assert_eq!(&*shared, "rc");
}

/// What Cargo makes of the whole workspace on this system: what others need may not be here.
fn metadata() -> Value {
    let version = output("rustc", &["-vV"]);
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let arguments = ["metadata", "--offline", "--format-version", "1"];
    let filter = ["--filter-platform", host.unwrap()];
    serde_json::from_slice(&output(env!("CARGO"), &[&arguments[..], &filter].concat())).unwrap()
}

#[expect(clippy::disallowed_types, reason = "a test may ask Cargo")]
fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = std::process::Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let mut list = list.as_array().unwrap().iter();
    list.find(|entry| entry[key] == name).unwrap()
}

/// Whether a feature is only the name of an optional crate, as `serde_derive` is.
fn is_for_a_crate(feature: &str, package: &Value) -> bool {
    let itself = Value::from(format!("dep:{feature}"));
    package["features"][feature].as_array().unwrap() == &[itself]
}
