//! Base URLs and keys as people paste them.

use proptest::prelude::*;
use typless::wire::{
    Api, AwaitingRequest, Body, Document, ExtractRequest, ExtractionId, StatusRequest,
    SubmitRequest,
};

fn poll(api: &Api, id: &str) -> String {
    StatusRequest::new(ExtractionId::new(id).unwrap())
        .request(api)
        .uri()
        .to_string()
}

#[test]
fn a_version_is_read_from_the_base_url_or_set() {
    let expected = "https://developers.typless.com/api/v1/get-extraction-data?extraction_id=1";
    assert_eq!(
        poll(
            &Api::new("https://developers.typless.com/api/v1/", "key").unwrap(),
            "1"
        ),
        expected
    );
    assert_eq!(
        poll(
            &Api::new(Api::PRODUCTION, "key")
                .unwrap()
                .with_version("v1")
                .unwrap(),
            "1"
        ),
        expected
    );
    for version in ["", "1", "v", "vv1", "v1/..", "V1", "v12345"] {
        assert_eq!(
            Api::new(Api::PRODUCTION, "key")
                .unwrap()
                .with_version(version)
                .unwrap_err()
                .field(),
            "version"
        );
    }
}

#[test]
fn each_call_has_its_path() {
    let api = Api::new(Api::PRODUCTION, "key").unwrap();
    let document = || Document::new("invoice.pdf", "type", &b"%PDF"[..]).unwrap();
    let path = |request: http::Request<Body>| {
        format!(
            "{} {}",
            request.method(),
            request.uri().path_and_query().unwrap()
        )
    };
    assert_eq!(
        path(SubmitRequest::new(document()).request(&api)),
        "POST /api/extract-data-async"
    );
    assert_eq!(
        path(ExtractRequest::new(document()).request(&api)),
        "POST /api/extract-data"
    );
    assert_eq!(
        path(AwaitingRequest::new().request(&api)),
        "GET /api/v1/awaiting-poll"
    );
    let of_acme = AwaitingRequest::new()
        .with_customer("Acme & Söhne")
        .unwrap();
    assert_eq!(
        path(of_acme.request(&api)),
        "GET /api/v1/awaiting-poll?customer=Acme%20%26%20S%C3%B6hne"
    );
    assert!(AwaitingRequest::new().with_customer("").is_err());
    let versioned = api.with_version("v2").unwrap();
    assert_eq!(
        path(AwaitingRequest::new().request(&versioned)),
        "GET /api/v2/awaiting-poll"
    );
    assert_eq!(
        path(ExtractRequest::new(document()).request(&versioned)),
        "POST /api/v2/extract-data"
    );
}

#[test]
fn a_custom_request_goes_to_the_same_base_url() {
    let api = Api::new("https://proxy.example/typless/api/v1", "key").unwrap();
    let request = api
        .request_to(
            http::Method::GET,
            "/get extracted?text/x#y/",
            &[("a&b", "c d")],
            Body::empty(),
        )
        .unwrap();
    assert_eq!(
        request.uri(),
        "https://proxy.example/typless/api/v1/get%20extracted%3Ftext/x%23y/?a%26b=c%20d"
    );
    assert_eq!(request.headers()["authorization"], "Token key");
    let body = Body::from_json(r#"{"a": 1}"#);
    assert_eq!(
        (body.len(), &body.to_bytes().unwrap()[..]),
        (8, &br#"{"a": 1}"#[..])
    );
    assert_eq!(
        body.chunks()
            .unwrap()
            .map(|chunk| chunk.unwrap().len())
            .sum::<usize>(),
        8
    );
}

#[test]
fn a_url_that_is_too_long_is_an_error_and_no_other_url() {
    let mount = "/x".repeat(1000);
    let api = Api::new(&format!("https://proxy.example{mount}"), "key").unwrap();
    let long = "€".repeat(10_000);
    let request_to = |path: &str, query: &[(&str, &str)]| {
        api.request_to(http::Method::GET, path, query, Body::empty())
    };
    for (path, query) in [(&*long, &[][..]), ("extract-text", &[("id", &*long)])] {
        let error = request_to(path, query).unwrap_err();
        assert_eq!(error.field(), "path");
        assert!(error.to_string().contains("too long"), "{error}");
    }
    let short = "%".repeat(20_000);
    assert!(request_to("", &[("id", &short)]).is_ok());

    // What the calls of this library may contain always fits.
    let customer = "€".repeat(Document::MAX_TEXT_BYTES / 3);
    let listing = AwaitingRequest::new()
        .with_customer(customer.as_str())
        .unwrap();
    assert!(
        listing
            .request(&api)
            .uri()
            .path()
            .ends_with("awaiting-poll")
    );
    let id = ExtractionId::new(&"€".repeat(ExtractionId::MAX_BYTES / 3)).unwrap();
    let poll = StatusRequest::new(id).with_text_blocks();
    assert!(
        poll.request(&api)
            .uri()
            .path()
            .ends_with("get-extraction-data")
    );
}

#[test]
fn an_unusable_base_url_is_refused_with_its_reason() {
    let bad = [
        "",
        "developers.typless.com",
        "ftp://developers.typless.com",
        "https://",
        "https://user:secret@developers.typless.com",
        "/api",
        "https://developers.typless.com?x=1",
        "https://developers.typless.com#top",
        "https://developers.typless.com:port",
        "https://developers.typless.com:99999",
        "https://a b",
        "http://developers.typless.com",
    ];
    for base in bad {
        let error = Api::new(base, "key").unwrap_err();
        assert_eq!(error.field(), "base_url", "{base}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn plain_http_needs_loopback_or_an_explicit_opt_in() {
    for base in [
        "http://127.0.0.1:8900",
        "http://localhost:8900",
        "http://[::1]:8900",
        "http://127.1.2.3",
    ] {
        assert!(Api::new(base, "key").is_ok(), "{base}");
    }
    for base in [
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
    ] {
        assert!(Api::new(base, "key").is_err(), "{base}");
        assert!(Api::over_plain_http(base, "key").is_ok(), "{base}");
    }
}

#[test]
fn the_key_is_never_printed() {
    let api = Api::new(Api::PRODUCTION, "s3cret-k3y").unwrap();
    let document = Document::new("invoice.pdf", "type", &b"%PDF"[..]).unwrap();
    let request = SubmitRequest::new(document).request(&api);
    assert!(!format!("{api:?} {request:?}").contains("s3cret"));
}

#[test]
fn every_required_header_is_written() {
    let api = Api::new(Api::PRODUCTION, "key").unwrap();
    let request = SubmitRequest::new(Document::new("invoice.pdf", "type", &b"%PDF"[..]).unwrap())
        .request(&api);
    assert_eq!(
        request.uri(),
        "https://developers.typless.com/api/extract-data-async"
    );
    assert_eq!(request.headers()["accept"], "application/json");
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(
        request.headers()["content-length"],
        request.body().len().to_string()
    );
    let request = StatusRequest::new(ExtractionId::new("1").unwrap()).request(&api);
    assert!(
        !request.headers().contains_key("content-length")
            && !request.headers().contains_key("content-type")
    );
}

proptest! {
    #[test]
    fn an_id_travels_as_one_query_value(id in "[^\\p{Cc}]{1,60}") {
        let uri = poll(&Api::new(Api::PRODUCTION, "key").unwrap(), &id);
        let (_, value) = uri.split_once("?extraction_id=").unwrap();
        prop_assert!(
            value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)),
            "{}",
            uri
        );
        prop_assert_eq!(
            percent_encoding::percent_decode_str(value)
                .decode_utf8()
                .unwrap(),
            id
        );
    }

    #[test]
    fn no_base_url_and_no_key_panics(base in ".*", key in ".*") {
        let _ = Api::new(&base, &key);
        let _ = Api::over_plain_http(&format!("http://{base}"), &key);
    }
}
