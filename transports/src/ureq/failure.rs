//! What an error of ureq means for the request.

use std::io;

use typless::machine::{Failure, FailureKind};
use ureq::{Error, Timeout};

/// The failure for an error. [`FailureKind::NotSent`] only for errors before there is a connection.
pub(super) fn from_ureq(error: Error) -> Failure {
    let kind = match &error {
        // ureq reports a refused connection as an I/O error. An open connection is never refused.
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            FailureKind::NotSent
        }
        Error::HostNotFound
        | Error::ConnectionFailed
        | Error::BadUri(_)
        | Error::InvalidProxyUrl
        | Error::RequireHttpsOnly(_)
        | Error::TlsRequired
        | Error::Tls(_)
        | Error::Timeout(Timeout::Resolve | Timeout::Connect) => FailureKind::NotSent,
        // The handshake is before the request.
        error if is_refused_certificate(error) => FailureKind::NotSent,
        _ => FailureKind::Interrupted,
    };
    Failure::new(kind, error)
}

/// Whether the certificate of the server was refused.
#[cfg(feature = "ureq-rustls")]
fn is_refused_certificate(error: &Error) -> bool {
    let error = match error {
        Error::Rustls(error) => Some(error),
        Error::Io(error) => error.get_ref().and_then(|error| error.downcast_ref()),
        _ => None,
    };
    matches!(error, Some(rustls::Error::InvalidCertificate(_)))
}

/// Without this crate's TLS, its errors are unknown.
#[cfg(not(feature = "ureq-rustls"))]
fn is_refused_certificate(_: &Error) -> bool {
    false
}
