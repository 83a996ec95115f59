//! Too many requests, and how long a client has to wait.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use typless::machine::Time;
use typless_emulator::{RateLimit, RetryAfterForm, Service, ServiceOptions};

use crate::support::START;

const SECOND: Duration = Duration::from_secs(1);

fn list(service: &mut Service, key: &str, now: Time) -> Response<Bytes> {
    let request =
        Request::get("/api/v1/awaiting-poll").header("authorization", format!("Token {key}"));
    service.handle(request.body(Bytes::new()).expect("a request"), now)
}

fn service(form: RetryAfterForm) -> Service {
    Service::new(
        ServiceOptions::new()
            .with_rate_limit(RateLimit::new(2, 10 * SECOND))
            .with_retry_after_form(form),
    )
}

#[test]
fn above_the_limit_there_is_429_and_how_long_to_wait() {
    let mut service = service(RetryAfterForm::Seconds);
    assert_eq!(list(&mut service, "one", START).status(), 200);
    assert_eq!(list(&mut service, "one", START).status(), 200);
    let refused = list(&mut service, "one", START + SECOND / 2);
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "5");
    assert_eq!(
        serde_json::from_slice::<Value>(refused.body()).expect("JSON")["code"],
        "too_many_requests"
    );
    assert_eq!(
        list(&mut service, "two", START + SECOND).status(),
        200,
        "each key has a limit of its own"
    );
    assert_eq!(list(&mut service, "one", START + 5 * SECOND).status(), 200);
    let counts = service.counts();
    assert_eq!(
        (
            counts.requests,
            counts.listings,
            counts.throttled,
            counts.faults
        ),
        (5, 5, 1, 0)
    );
    assert_eq!(counts.max_per_second, 3);
}

#[test]
fn the_hint_may_be_a_date_or_missing() {
    let hint = |form| {
        let mut service = service(form);
        list(&mut service, "one", START);
        list(&mut service, "one", START);
        list(&mut service, "one", START + SECOND).headers().clone()
    };
    let dated = hint(RetryAfterForm::Date);
    assert_eq!(dated["date"], "Tue, 14 Nov 2023 22:13:21 GMT");
    assert_eq!(dated["retry-after"], "Tue, 14 Nov 2023 22:13:25 GMT");
    assert!(!hint(RetryAfterForm::None).contains_key("retry-after"));
}

#[test]
fn a_refused_key_uses_up_nothing() {
    let options = ServiceOptions::new()
        .with_key("one")
        .with_rate_limit(RateLimit::per_second(1));
    let mut service = Service::new(options);
    for _ in 0..10 {
        assert_eq!(list(&mut service, "wrong", START).status(), 401);
    }
    assert_eq!(list(&mut service, "one", START).status(), 200);
    assert_eq!(service.counts().throttled, 0);
}
