//! The service behind a socket, with a client that writes and reads plain bytes.

use std::io::Read;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use typless_emulator::{Listener, Service, ServiceOptions};

use crate::support::client::{Client, head, listen};
use crate::support::{INVOICE, submit_body};

fn is_closed(client: &mut Client) -> bool {
    matches!(client.stream.read(&mut [0; 1]), Ok(0)) || client.stream.peek(&mut [0; 1]).is_err()
}

#[test]
fn one_connection_carries_a_submit_and_its_result() {
    let listener = listen(ServiceOptions::new().with_pace(Duration::ZERO));
    let mut client = Client::connect(&listener);
    let submitted = client.submit(&submit_body(INVOICE).to_string());
    assert_eq!(submitted.status(), "202", "{}", submitted.head);
    assert!(
        submitted
            .head
            .contains("content-type: application/json\r\n")
            && submitted.head.contains("date: "),
        "{}",
        submitted.head
    );
    let result = client.poll(submitted.body["extraction_id"].as_str().expect("an id"));
    assert_eq!(result.status(), "200");
    assert_eq!(result.body["status"], "SUCCESS");
    assert_eq!(result.body["result"]["file_name"], "invoice.pdf");
    assert_eq!(listener.with_service(|service| service.accepted()), 1);
}

#[test]
fn the_other_calls_are_behind_the_socket_too() {
    let listener = listen(ServiceOptions::new().with_pace(Duration::ZERO));
    let mut client = Client::connect(&listener);
    let body = submit_body(INVOICE).to_string();
    let submitted = client.submit(&body);
    client.send(format!(
        "{}content-length: {}\r\n\r\n{body}",
        head("POST /api/v1/extract-data"),
        body.len()
    ));
    let result = client.receive();
    assert_eq!(
        (result.status(), &result.body["file_name"]),
        ("200", &Value::from("invoice.pdf"))
    );
    client.send(format!("{}\r\n", head("GET /api/v1/awaiting-poll")));
    assert_eq!(
        client.receive().body["extraction_ids"],
        serde_json::json!([submitted.body["extraction_id"]])
    );
}

#[test]
fn real_time_goes_by() {
    let listener = listen(ServiceOptions::new().with_pace(Duration::from_millis(5)));
    let mut client = Client::connect(&listener);
    let submitted = client.submit(&submit_body(b"no PDF").to_string());
    let id = submitted.body["extraction_id"].as_str().expect("an id");
    // It began in this century.
    assert!(id > "14", "{id}");
    thread::sleep(Duration::from_millis(6));
    assert_eq!(client.poll(id).body["status"], "ERROR");
}

#[test]
fn several_clients_are_served_at_once() {
    let listener = listen(ServiceOptions::new());
    let mut idle: Vec<Client> = (0..20).map(|_| Client::connect(&listener)).collect();
    let body = submit_body(INVOICE).to_string();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(&listener);
                for _ in 0..5 {
                    assert_eq!(client.submit(&body).status(), "202");
                }
            });
        }
    });
    assert_eq!(listener.with_service(|service| service.accepted()), 20);
    assert_eq!(idle[0].poll("0").status(), "404");
}

#[test]
fn a_body_that_is_announced_too_long_is_refused_before_it_is_sent() {
    let listener = listen(ServiceOptions::new().with_body_limit(1000));
    let mut client = Client::connect(&listener);
    client.send(format!(
        "{}content-length: 1001\r\n\r\n",
        head("POST /api/extract-data-async")
    ));
    let refused = client.receive();
    assert_eq!(refused.status(), "413");
    assert_eq!(refused.body["code"], "body_too_large");
    assert!(
        refused.head.contains("connection: close\r\n"),
        "{}",
        refused.head
    );
}

#[test]
fn a_client_that_waits_for_leave_is_refused_without_it() {
    let listener = listen(ServiceOptions::new().with_body_limit(1000));
    let mut client = Client::connect(&listener);
    client.send(format!(
        "{}content-length: 1001\r\nexpect: 100-continue\r\n\r\n",
        head("POST /api/extract-data-async")
    ));
    assert_eq!(client.receive().status(), "413");
}

#[test]
fn a_client_that_sends_all_before_it_reads_can_still_read_the_refusal() {
    const LENGTH: usize = 20_000_000;
    let listener = listen(ServiceOptions::new().with_body_limit(1000));
    let chunks = vec![b'x'; LENGTH];
    for framing in [
        format!("content-length: {LENGTH}\r\n\r\n"),
        format!("transfer-encoding: chunked\r\n\r\n{LENGTH:x}\r\n"),
    ] {
        let mut client = Client::connect(&listener);
        client.send(head("POST /api/extract-data-async") + &framing);
        client.send(&chunks);
        if framing.contains("chunked") {
            client.send("\r\n0\r\n\r\n");
        }
        assert_eq!(client.receive().body["code"], "body_too_large");
        assert!(is_closed(&mut client));
    }
}

#[test]
fn a_body_in_chunks_is_put_together() {
    let listener = listen(ServiceOptions::new());
    let mut client = Client::connect(&listener);
    client.send(head("POST /api/v1/extract-data-async") + "transfer-encoding: chunked\r\n\r\n");
    for chunk in submit_body(b"no PDF").to_string().as_bytes().chunks(7) {
        client.send(format!("{:x}\r\n", chunk.len()));
        client.send([chunk, b"\r\n"].concat());
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.receive().status(), "202");
}

#[test]
fn what_is_not_http_is_refused_and_the_connection_closed() {
    let listener = listen(ServiceOptions::new());
    for nonsense in [
        "this is not HTTP\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
    ] {
        let mut client = Client::connect(&listener);
        client.send(nonsense);
        assert_eq!(client.receive().status(), "400", "{nonsense:?}");
        assert!(is_closed(&mut client));
    }
    assert_eq!(Client::connect(&listener).poll("0").status(), "404");
}

#[test]
fn a_client_that_has_closed_its_side_still_gets_its_response() {
    let listener = listen(ServiceOptions::new());
    let mut client = Client::connect(&listener);
    let body = submit_body(INVOICE).to_string();
    client.send(format!(
        "{}content-length: {}\r\n\r\n{body}",
        head("POST /api/extract-data-async"),
        body.len()
    ));
    client
        .stream
        .shutdown(Shutdown::Write)
        .expect("to close one side");
    assert_eq!(client.receive().status(), "202");
    assert!(is_closed(&mut client));
}

#[test]
fn a_request_that_breaks_off_submits_nothing() {
    let listener = listen(ServiceOptions::new());
    let body = submit_body(INVOICE).to_string();
    let mut client = Client::connect(&listener);
    client.send(format!(
        "{}content-length: {}\r\n\r\n{}",
        head("POST /api/extract-data-async"),
        body.len() + 1,
        body
    ));
    client
        .stream
        .shutdown(Shutdown::Write)
        .expect("to close one side");
    assert!(is_closed(&mut client));
    assert_eq!(listener.with_service(|service| service.accepted()), 0);
}

#[test]
fn a_silent_client_does_not_hold_up_the_end() {
    let listener = listen(ServiceOptions::new());
    let mut silent = Client::connect(&listener);
    let mut idle = Client::connect(&listener);
    assert_eq!(idle.poll("0").status(), "404");
    let addr = listener.local_addr();
    listener.shutdown();
    assert!(is_closed(&mut silent) && is_closed(&mut idle));
    assert!(TcpStream::connect(addr).is_err());
}

#[test]
fn a_panic_of_the_test_with_the_service_does_not_spread() {
    let listener = listen(ServiceOptions::new());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        listener.with_service(|_| panic!("the test's own"))
    }));
    assert!(panicked.is_err());
    assert_eq!(Client::connect(&listener).poll("0").status(), "404");
}

#[test]
fn a_port_that_is_closed_refuses_connections_until_it_opens() {
    let listener = listen(ServiceOptions::new());
    let mut client = Client::connect(&listener);
    assert_eq!(client.poll("0").status(), "404");
    listener.close_for(Duration::from_millis(200));
    assert!(is_closed(&mut client));
    let connect = || TcpStream::connect(listener.local_addr());
    assert!(connect().is_err());
    while connect().is_err() {
        thread::sleep(Duration::from_millis(2));
    }
    // The service behind it is the same.
    assert_eq!(Client::connect(&listener).poll("0").status(), "404");
    assert_eq!(listener.with_service(|service| service.counts().polls), 2);
}

#[test]
fn a_port_can_be_closed_for_good_and_opened_again() {
    let listener = listen(ServiceOptions::new());
    let mut client = Client::connect(&listener);
    assert_eq!(client.poll("0").status(), "404");
    listener.close_for(Duration::MAX);
    assert!(is_closed(&mut client));
    assert!(TcpStream::connect(listener.local_addr()).is_err());
    listener.close_for(Duration::ZERO);
    while TcpStream::connect(listener.local_addr()).is_err() {
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_base_url_is_one_clients_can_connect_to() {
    let any = Listener::bind(SocketAddr::from(([0, 0, 0, 0], 0)), Service::default())
        .expect("a free port");
    assert_eq!(
        any.base_url(),
        format!("http://127.0.0.1:{}", any.local_addr().port())
    );
    let taken = Listener::bind(
        SocketAddr::from(([127, 0, 0, 1], any.local_addr().port())),
        Service::default(),
    );
    assert!(taken.is_err());
}
