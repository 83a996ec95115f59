//! TLS on a connection, and certificates that are made at run time.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A certificate that a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    Valid,
    /// For another name than that of the server.
    WrongName,
    Expired,
    /// Signed by another root than the one that is trusted.
    UnknownIssuer,
}

/// A root of trust, and servers' certificates that depend on it.
pub(crate) struct Certificates {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Certificates {
    pub(crate) fn new() -> io::Result<Self> {
        let (root, issuer) = new_root("the root of the conformance suite")?;
        Ok(Self { root, issuer })
    }

    /// The root's certificate, in DER.
    pub(crate) fn root(&self) -> &[u8] {
        &self.root
    }

    /// The settings of a server that shows this certificate.
    pub(crate) fn config(&self, certificate: Certificate) -> io::Result<Arc<ServerConfig>> {
        let name = match certificate {
            Certificate::WrongName => "another.example",
            _ => "127.0.0.1",
        };
        let mut params = CertificateParams::new([name.to_owned()]).map_err(io::Error::other)?;
        if certificate == Certificate::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let signed = if certificate == Certificate::UnknownIssuer {
            params.signed_by(&key, &new_root("an unknown root")?.1)
        } else {
            params.signed_by(&key, &self.issuer)
        }
        .map_err(io::Error::other)?;
        // The provider is explicit: the default one of the process belongs to the application.
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(
                vec![signed.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?,
            )
            .map(Arc::new)
            .map_err(io::Error::other)
    }
}

/// A root of this name, with its own key.
fn new_root(name: &str) -> io::Result<(CertificateDer<'static>, Issuer<'static, KeyPair>)> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    Ok((certificate.der().clone(), Issuer::new(params, key)))
}

/// TLS over a connection. Dropping it closes the connection without `close_notify`.
pub(super) struct TlsStream {
    stream: StreamOwned<ServerConnection, TcpStream>,
}

impl TlsStream {
    /// Performs the handshake.
    pub(super) fn new(mut tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut tcp)?;
        }
        Ok(Self {
            stream: StreamOwned::new(connection, tcp),
        })
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.stream.sock
    }

    /// Announces that no more bytes follow.
    pub(super) fn close_notify(&mut self) -> io::Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.flush()
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
