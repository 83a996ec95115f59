//! What the example responds.

use std::time::{Duration, Instant};

use super::process::setup;

#[test]
fn what_can_not_be_submitted_is_refused() {
    let setup = setup();
    let _process = setup.start().listening();
    let (status, body) = setup.request("POST", "/documents/1.pdf", b"").unwrap();
    assert_eq!(status, 422);
    assert!(body["error"].as_str().unwrap().contains("empty"), "{body}");
    let (status, _) = setup.request("GET", "/documents/1.pdf", b"").unwrap();
    assert_eq!(status, 404);
}

#[test]
fn a_webhook_makes_the_poll_earlier() {
    let setup = setup();
    let _process = setup.start().listening();
    let (started, id) = (Instant::now(), setup.add(1));
    setup.wait();
    // Without the message it is due after six seconds.
    assert!(started.elapsed() < Duration::from_secs(5));
    let (_, shown) = setup
        .request("GET", &format!("/documents/{id}"), b"")
        .unwrap();
    assert_eq!(shown["status"], "succeeded");
    assert!(shown["result"]["extracted_fields"].is_array(), "{shown}");
    let status = |method, body| setup.request(method, "/typless", body).unwrap().0;
    assert_eq!([status("POST", b"{}"), status("GET", b"")], [400, 405]);
}
