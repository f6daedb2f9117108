//! The secure greeting of the portal's API, with the certificate as it lies there now.
//!
//! Somebody renews it every few weeks and tells nobody: whoever greets looks whether the files are
//! others than those that were read.
//!
//! **Invariant:** a certificate that is no use never takes the place of one that is.

use std::{
    net::SocketAddr,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use doorway::{Greeting, Guest, Place};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{Chain, portal::PortalTls};

/// A phone that has not greeted by then asks again.
const GREETING: Duration = Duration::from_secs(5);

/// Certificate or key is none.
#[derive(Debug, thiserror::Error)]
#[error("the certificate of the portal's API is no use")]
pub(super) struct CertificateError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Greets with a certificate.
#[derive(Clone)]
pub(super) struct Greeter(Arc<Kept>);

struct Kept {
    files: PortalTls,
    read: Mutex<Read>,
}

/// What was read, and of which files.
struct Read {
    of: [Option<Stamp>; 2],
    acceptor: TlsAcceptor,
}

/// What tells a file from another at the same path: device, inode, size, and when it was written, in
/// seconds and nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

fn stamp(file: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.dev(), found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
}

fn stamps(files: &PortalTls) -> [Option<Stamp>; 2] {
    [stamp(&files.certificate), stamp(&files.key)]
}

fn acceptor(files: &PortalTls) -> Result<TlsAcceptor, CertificateError> {
    let useless = |error: Box<dyn std::error::Error + Send + Sync>| CertificateError(error);
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| useless(Box::new(error)))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| useless(Box::new(error)))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // A key that is not this certificate's is refused here: of a pair that is being renewed one file
    // may be there before the other.
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| useless(Box::new(error)))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Greeter {
    /// Reads certificate and key.
    pub(super) fn with(files: &PortalTls) -> Result<Self, CertificateError> {
        // Looked at before they are read: what is written meanwhile is read again.
        let of = stamps(files);
        let read = Mutex::new(Read { of, acceptor: acceptor(files)? });
        Ok(Self(Arc::new(Kept { files: files.clone(), read })))
    }

    /// The certificate as it lies there now, or the last one that was of use.
    fn acceptor(&self) -> TlsAcceptor {
        // Two looks into the kernel's table of files; they are read again some times a year.
        let now = stamps(&self.0.files);
        let mut read = self.0.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.of != now {
            read.of = now;
            match acceptor(&self.0.files) {
                Ok(acceptor) => {
                    read.acceptor = acceptor;
                    tracing::info!("The portal's API has a new certificate");
                }
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "The portal's API keeps its old certificate");
                }
            }
        }
        read.acceptor.clone()
    }
}

impl Greeting for Greeter {
    type Line = TlsStream<TcpStream>;
    type Visitor = SocketAddr;

    async fn greet(
        &self,
        stream: TcpStream,
        visitor: SocketAddr,
        place: Place,
    ) -> Option<Guest<Self::Line, SocketAddr>> {
        let line = timeout(GREETING, self.acceptor().accept(stream)).await.ok()?.ok()?;
        Some(Guest { line, visitor, place, idle: None })
    }
}
