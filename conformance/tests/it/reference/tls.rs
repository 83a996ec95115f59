//! The reference over TLS: a connection for each exchange.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    CertificateError as Refused, ClientConfig, ClientConnection, RootCertStore, StreamOwned,
};
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::Body;

use super::outgoing::{Upload, head};
use super::{Fault, Outcome, Reference, not_sent};

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// One exchange with a server that the root vouches for.
pub(super) fn exchange(
    reference: &Reference,
    root: &[u8],
    request: &Request<Body>,
    limits: Limits,
) -> Outcome {
    // The other faults have their rows without TLS.
    let faultless = Reference::new(None);
    let mut upload =
        Upload::open(&faultless, request).map_err(|error| reference.source_failure(error))?;
    let mut stream = connect(root, request, limits).map_err(|error| refusal(reference, error))?;
    let interrupted = |error| Failure::new(FailureKind::Interrupted, error);
    let mut out = head(&faultless, request, &upload);
    upload
        .reader
        .read_to_end(&mut out)
        .map_err(|error| reference.source_failure(error))?;
    if reference.has(Fault::TlsBreaksBody) && !request.body().is_empty() {
        out.pop();
        out.push(b'!');
    }
    // There may be a response to a part of the request.
    let _ = stream.write_all(&out);
    let response = receive(reference, &mut stream).map_err(interrupted)?;
    if reference.has(Fault::TlsFailsEarlyResponses) && response.status() == 413 {
        return Err(interrupted(io::ErrorKind::BrokenPipe.into()));
    }
    Ok(response)
}

fn connect(root: &[u8], request: &Request<Body>, limits: Limits) -> io::Result<Stream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(root.to_vec()))
        .map_err(io::Error::other)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(request.uri().host().unwrap().to_owned());
    let mut tcp = TcpStream::connect(request.uri().authority().unwrap().as_str())?;
    tcp.set_read_timeout(Some(limits.idle))?;
    tcp.set_write_timeout(Some(limits.idle))?;
    let mut connection = ClientConnection::new(Arc::new(config), name.map_err(io::Error::other)?)
        .map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(connection, tcp))
}

/// The failure of a connection that could not be made.
fn refusal(reference: &Reference, error: io::Error) -> Failure {
    let found = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(certificate)) = found else {
        return not_sent(error);
    };
    match (reference.fault, certificate) {
        (
            Some(Fault::TlsCallsWrongNameInterrupted),
            Refused::NotValidForName | Refused::NotValidForNameContext { .. },
        )
        | (Some(Fault::TlsCallsUnknownIssuerInterrupted), Refused::UnknownIssuer) => {
            Failure::new(FailureKind::Interrupted, error)
        }
        (Some(Fault::TlsHidesExpiry), Refused::Expired | Refused::ExpiredContext { .. }) => {
            not_sent("there is no connection")
        }
        _ => not_sent(error),
    }
}

/// How a connection ended.
#[derive(Clone, Copy)]
enum End {
    Announced,
    WithoutCloseNotify,
}

fn receive(reference: &Reference, stream: &mut Stream) -> io::Result<Response<Bytes>> {
    let (mut bytes, mut block) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let end = match stream.read(&mut block) {
            Ok(0) => Some(End::Announced),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Some(End::WithoutCloseNotify)
            }
            Err(error) => return Err(error),
            Ok(count) => {
                bytes.extend_from_slice(&block[..count]);
                None
            }
        };
        let is_over = end.is_some();
        if let Some(response) = parse(reference, &bytes, end)? {
            if !is_over && reference.has(Fault::TlsNeedsCloseNotify) {
                wait_for_close_notify(stream)?;
            }
            return Ok(response);
        }
        if is_over {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// An error if the connection ends without `close_notify` within 2 seconds.
fn wait_for_close_notify(stream: &mut Stream) -> io::Result<()> {
    stream.sock.set_read_timeout(Some(Duration::from_secs(2)))?;
    match stream.read(&mut [0]) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(()),
    }
}

/// The response, if it is whole.
fn parse(
    reference: &Reference,
    bytes: &[u8],
    end: Option<End>,
) -> io::Result<Option<Response<Bytes>>> {
    let Some(start) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = (
        String::from_utf8_lossy(&bytes[..start]).to_lowercase(),
        &bytes[start + 4..],
    );
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse::<usize>().ok());
    let takes_all = reference.has(Fault::TlsTakesCutBody) && end.is_some();
    let body = if let Some(length) = length {
        (body.len() >= length || takes_all).then(|| body.to_vec())
    } else if head.contains("transfer-encoding: chunked") {
        // The suite sends one chunk here.
        let chunk = body.strip_suffix(b"\r\n0\r\n\r\n");
        let size = body.windows(2).position(|window| window == b"\r\n");
        chunk
            .zip(size)
            .map(|(chunk, size)| chunk[size + 2..].to_vec())
    } else {
        match end {
            None => None,
            Some(End::WithoutCloseNotify) if reference.has(Fault::TlsFailsUntilClose) => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Some(_) => Some(body.to_vec()),
        }
    };
    let Some(body) = body else {
        return Ok(None);
    };
    let status = head
        .get(9..12)
        .and_then(|status| status.parse::<u16>().ok());
    Response::builder()
        .status(status.unwrap_or_default())
        .body(Bytes::from(body))
        .map(Some)
        .map_err(io::Error::other)
}
