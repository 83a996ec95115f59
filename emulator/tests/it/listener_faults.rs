//! What goes wrong with an exchange, behind a real socket; and messages to a webhook.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use typless_emulator::{Fault, Faults, Listener, RateLimit, ServiceOptions, WebhookOptions};

use crate::support::client::{Client, head, listen};
use crate::support::{INVOICE, submit_body};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Submits, and reads what comes until the connection is closed; `None` for one that is reset.
fn submit_and_read_all(listener: &Listener) -> Option<String> {
    let mut client = Client::connect(listener);
    let body = submit_body(INVOICE).to_string();
    client.send(format!(
        "{}content-length: {}\r\n\r\n{body}",
        head("POST /api/extract-data-async"),
        body.len()
    ));
    let mut all = Vec::new();
    client
        .stream
        .read_to_end(&mut all)
        .ok()
        .map(|_| String::from_utf8(all).expect("text"))
}

fn accepted(listener: &Listener) -> usize {
    listener.with_service(|service| service.accepted())
}

#[test]
fn a_lost_response_leaves_nothing_but_a_closed_connection() {
    let listener = listen(ServiceOptions::new());
    for (fault, after) in [
        (Fault::Dropped, 0),
        (Fault::ResponseLost, 1),
        (Fault::Unreachable, 1),
    ] {
        listener.with_service(|service| service.fail_next(1, fault));
        // A connection that is closed with bytes unread is reset.
        let seen = submit_and_read_all(&listener).unwrap_or_default();
        assert_eq!(
            (seen.as_str(), accepted(&listener)),
            ("", after),
            "{fault:?}"
        );
    }
}

#[test]
fn a_response_that_is_cut_or_stalls_has_a_head_and_half_a_body() {
    let listener =
        listen(ServiceOptions::new().with_faults(Faults::default().with_stall(5 * MILLISECOND)));
    for (fault, after) in [(Fault::ResponseCut, 1), (Fault::ResponseStalled, 2)] {
        listener.with_service(|service| service.fail_next(1, fault));
        let seen = submit_and_read_all(&listener).expect("what was sent arrives");
        let (head, body) = seen.split_once("\r\n\r\n").expect("a head");
        assert!(
            head.starts_with("HTTP/1.1 202") && head.contains("content-length: 60"),
            "{head}"
        );
        assert_eq!(
            (body.len(), &body[..18]),
            (30, r#"{"extraction_id":""#),
            "{fault:?}"
        );
        assert_eq!(accepted(&listener), after);
    }
}

#[test]
fn a_response_may_be_late() {
    let listener =
        listen(ServiceOptions::new().with_faults(Faults::default().with_delay(5 * MILLISECOND)));
    listener.with_service(|service| service.fail_next(1, Fault::ResponseDelayed));
    let mut client = Client::connect(&listener);
    assert_eq!(
        client.submit(&submit_body(INVOICE).to_string()).status(),
        "202"
    );
    assert_eq!(client.poll("0").status(), "404", "the connection goes on");
}

#[test]
fn statuses_come_with_their_headers_and_the_connection_goes_on() {
    let listener =
        listen(ServiceOptions::new().with_rate_limit(RateLimit::new(1, Duration::from_secs(3600))));
    let mut client = Client::connect(&listener);
    for (fault, status) in [
        (Fault::Unavailable, "503"),
        (Fault::BadGateway, "502"),
        (Fault::RequestTimeout, "408"),
        (Fault::Portal, "200"),
    ] {
        listener.with_service(|service| service.fail_next(1, fault));
        let response = client.poll("0");
        assert_eq!(
            (
                response.status(),
                response.head.contains("retry-after: 1\r\n")
            ),
            (status, fault == Fault::Unavailable),
            "{}",
            response.head
        );
    }
    assert_eq!(client.poll("0").status(), "404");
    let throttled = client.poll("0");
    assert!(
        throttled.status() == "429" && throttled.head.contains("retry-after: 3"),
        "{}",
        throttled.head
    );
    assert_eq!(
        listener.with_service(|service| service.counts().throttled),
        1
    );
}

#[test]
fn exchanges_in_flight_are_counted() {
    let listener = listen(ServiceOptions::new());
    let mut waiting: Vec<Client> = (0..3).map(|_| Client::connect(&listener)).collect();
    for client in &mut waiting {
        client.send(format!(
            "{}content-length: 1\r\n\r\n",
            head("POST /api/extract-data-async")
        ));
    }
    let most = || listener.with_service(|service| service.counts().max_submits_in_flight);
    while most() < 3 {
        thread::sleep(MILLISECOND);
    }
    drop(waiting);
    for _ in 0..10 {
        assert_eq!(Client::connect(&listener).poll("0").status(), "404");
    }
    let counts = listener.with_service(|service| service.counts());
    assert_eq!(
        (
            counts.requests,
            counts.submits,
            counts.polls,
            counts.max_submits_in_flight
        ),
        (13, 3, 10, 3)
    );
    assert!(counts.max_in_flight <= 4, "{counts:?}");
}

/// Receives this many messages, each on its own connection, and responds to them.
fn receive(receiver: &TcpListener, count: usize) -> Vec<(String, Value)> {
    (0..count)
        .map(|_| {
            let (mut stream, _) = receiver.accept().expect("a message");
            stream
                .set_read_timeout(Some(Duration::from_secs(10)))
                .expect("a timeout");
            let mut received = String::new();
            while !received.contains("\"extraction.finished\"}") {
                let mut buffer = [0; 4096];
                let length = stream.read(&mut buffer).expect("to read");
                assert!(length > 0, "it ended: {received}");
                received.push_str(std::str::from_utf8(&buffer[..length]).expect("text"));
            }
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                .expect("to respond");
            let (head, body) = received.split_once("\r\n\r\n").expect("a head");
            (
                head.to_lowercase(),
                serde_json::from_str(body).expect("JSON"),
            )
        })
        .collect()
}

#[test]
fn messages_are_posted_as_extractions_finish() {
    let receiver = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = receiver.local_addr().expect("an address");
    let webhook = WebhookOptions::new(&format!("http://{address}/hook?secret=42"))
        .expect("an address")
        .with_duplicated(1.0);
    let listener = listen(
        ServiceOptions::new()
            .with_pace(2 * MILLISECOND)
            .with_webhook(webhook),
    );
    let mut client = Client::connect(&listener);
    let mut ids: Vec<Value> = (0..3)
        .map(|_| client.submit(&submit_body(b"no PDF").to_string()).body["extraction_id"].clone())
        .collect();

    let messages = receive(&receiver, 6);
    for (head, _) in &messages {
        assert!(
            head.starts_with("post /hook?secret=42 http/1.1\r\n"),
            "{head}"
        );
        assert!(
            head.contains(&format!("\r\nhost: {address}"))
                && head.contains("\r\ncontent-type: application/json"),
            "{head}"
        );
    }
    let mut notified: Vec<Value> = messages
        .into_iter()
        .map(|(_, body)| body["data"]["id"].clone())
        .collect();
    notified.sort_by_key(Value::to_string);
    notified.dedup();
    ids.sort_by_key(Value::to_string);
    assert_eq!(notified, ids);
    assert_eq!(
        listener.with_service(|service| service.counts().webhooks),
        6
    );
}

#[test]
fn a_missing_receiver_disturbs_no_client() {
    let nobody = TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("an address");
    let webhook = WebhookOptions::new(&format!("http://{nobody}/")).expect("an address");
    let listener = listen(
        ServiceOptions::new()
            .with_pace(Duration::ZERO)
            .with_webhook(webhook),
    );
    let mut client = Client::connect(&listener);
    client.submit(&submit_body(b"no PDF").to_string());
    while listener.with_service(|service| service.counts().webhooks) == 0 {
        thread::sleep(MILLISECOND);
    }
    assert_eq!(client.poll("0").status(), "404");
}
