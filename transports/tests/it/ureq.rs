//! What only the ureq transport does.

use typless::drive::BlockingTransport;
use typless::machine::Limits;
use typless_transports::ureq::Ureq;

use crate::support::{Reply, Server, poll, response};

#[test]
fn settings_of_the_agent_that_would_break_exchanges_are_overridden() {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_redirects(10)
        .http_status_as_error(true)
        .build()
        .into();
    let location = "location: http://127.0.0.1:1/\r\n";
    let server = Server::new(vec![
        Reply::Bytes(response("302 Found", location, "")),
        Reply::Bytes(response("401 No", "", "{}")),
    ]);
    let transport = Ureq::from(agent);
    assert_eq!(
        transport
            .send(poll(&server.url()), Limits::default())
            .unwrap()
            .status(),
        302
    );
    assert_eq!(
        transport
            .send(poll(&server.url()), Limits::default())
            .unwrap()
            .status(),
        401
    );
}
