//! Keys never change what they are made of.

use typless::wire::{Api, Document};
use typless_ledger::{ContentDigest, DigestError, EntryKey, KeyError, with_digest};

/// Each key of `golden/keys-1.txt`, and what it is made of: base URL, type, customer, content.
const GOLDEN: [(&str, &str, Option<&str>, &[u8]); 5] = [
    (
        "https://developers.typless.com",
        "line-item-invoice",
        None,
        b"%PDF-1.7",
    ),
    (
        "https://developers.typless.com",
        "line-item-invoice",
        Some("ACME"),
        b"%PDF-1.7",
    ),
    (
        "https://developers.typless.com",
        "simple-invoice",
        None,
        b"%PDF-1.7",
    ),
    (
        "https://developers.typless.com",
        "line-item-invoice",
        None,
        b"%PDF-1.4",
    ),
    (
        "http://localhost:8080",
        "line-item-invoice",
        None,
        b"%PDF-1.7",
    ),
];

fn key(base_url: &str, document_type: &str, customer: Option<&str>, content: &[u8]) -> EntryKey {
    let api = Api::new(base_url, "my-key").unwrap();
    let document = Document::new("a.pdf", document_type, content.to_vec()).unwrap();
    let document = match customer {
        Some(customer) => document.with_customer(customer).unwrap(),
        None => document,
    };
    EntryKey::for_document(&api, &with_digest(document).unwrap()).unwrap()
}

#[test]
fn keys_are_those_that_they_always_were() {
    let keys: Vec<String> = GOLDEN
        .iter()
        .map(|(base_url, document_type, customer, content)| {
            key(base_url, document_type, *customer, content).to_string()
        })
        .collect();
    let golden: Vec<&str> = include_str!("../golden/keys-1.txt").lines().collect();
    assert_eq!(keys, golden);
}

#[test]
fn a_name_a_path_an_api_key_or_the_mount_of_the_url_is_no_part_of_a_key() {
    let one = key("https://developers.typless.com", "type", None, b"%PDF");
    let other_key = Api::new("https://developers.typless.com/api/v1/", "other").unwrap();
    let document = Document::new("b.jpg", "type", &b"%PDF"[..]).unwrap();
    let document = document.with_reference("/elsewhere/b.jpg").unwrap();
    let document = with_digest(document).unwrap();
    assert_eq!(EntryKey::for_document(&other_key, &document), Ok(one));
    // A digest may be written in upper case.
    let digest = ContentDigest::from_bytes(b"%PDF")
        .to_string()
        .to_uppercase();
    let document = document.with_digest(&digest).unwrap();
    assert_eq!(EntryKey::for_document(&other_key, &document), Ok(one));
}

#[test]
fn a_key_is_text_and_back_and_nothing_else_is_a_key() {
    let one = key("https://developers.typless.com", "type", None, b"%PDF");
    let text = one.to_string();
    assert_eq!(text.parse(), Ok(one));
    assert!(text.starts_with("k1-") && text.len() == 67, "{text}");
    for wrong in [
        "",
        "k1-",
        &text[..66],
        &text[3..],
        "k1-zz",
        &format!("{text}0"),
    ] {
        assert_eq!(wrong.parse::<EntryKey>(), Err(KeyError::NotAKey), "{wrong}");
    }
    let newer = text.replace("k1-", "k2-");
    let error = newer.parse::<EntryKey>().unwrap_err();
    assert_eq!(error, KeyError::OtherVersion { version: 2 });
    assert!(error.to_string().contains("update"));
}

#[test]
fn a_document_without_a_sha_256_has_no_key_and_the_error_names_the_remedy() {
    let api = Api::new("http://localhost", "key").unwrap();
    let document = Document::new("a.pdf", "type", &b"%PDF"[..]).unwrap();
    let error = EntryKey::for_document(&api, &document).unwrap_err();
    assert_eq!(error, DigestError::Missing);
    assert!(error.to_string().contains("with_digest"), "{error}");
    let document = document.with_digest("4711").unwrap();
    let error = EntryKey::for_document(&api, &document).unwrap_err();
    assert_eq!(error, DigestError::NotSha256);
    assert!(error.to_string().contains("with_digest"), "{error}");
}
