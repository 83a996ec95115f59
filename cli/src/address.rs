//! Parses an address to listen on.

use std::net::{Ipv4Addr, SocketAddr};

/// Parses an IP address with a port; the only host name that is accepted is `localhost`.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, String> {
    const HINT: &str = "write it as 127.0.0.1:8080, [::1]:8080, or localhost:8080";
    match text.strip_prefix("localhost:") {
        Some(port) => port
            .parse()
            .map(|port| (Ipv4Addr::LOCALHOST, port).into())
            .map_err(|_| HINT.to_owned()),
        None => text.parse().map_err(|_| HINT.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port() {
        for (text, address) in [
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(
                parse(text).map(|address| address.to_string()),
                Ok(address.to_owned())
            );
        }
        for text in [
            "",
            "8080",
            ":8080",
            "localhost",
            "localhost:",
            "localhost:x",
            "127.0.0.1",
            "example.com:80",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
