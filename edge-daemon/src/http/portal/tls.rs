//! The secure listener of the portal's API.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::portal::PortalTls;

/// A phone that has not greeted by then asks again; until then nobody else is greeted.
const GREETING: Duration = Duration::from_secs(2);

/// Who calls over it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Connected<IncomingStream<'_, Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Certificate or key is none.
#[derive(Debug, thiserror::Error)]
#[error("the certificate of the portal's API is no use")]
pub(super) struct CertificateError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Reads certificate and key.
pub(super) fn acceptor(files: &PortalTls) -> Result<TlsAcceptor, CertificateError> {
    let useless = |error: Box<dyn std::error::Error + Send + Sync>| CertificateError(error);
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| useless(Box::new(error)))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| useless(Box::new(error)))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| useless(Box::new(error)))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A port that greets with a certificate.
pub(super) struct Listener {
    pub(super) tcp: TcpListener,
    pub(super) acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            // The one for plain connections waits out what a full table of files does to it.
            let (stream, peer) = axum::serve::Listener::accept(&mut self.tcp).await;
            let greeted = tokio::time::timeout(GREETING, self.acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = greeted {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
