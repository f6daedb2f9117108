//! The secure greeting of the portal's API.

use std::{sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::super::doorway::Greeting;
use crate::portal::PortalTls;

/// A phone that has not greeted by then asks again.
const GREETING: Duration = Duration::from_secs(5);

/// Certificate or key is none.
#[derive(Debug, thiserror::Error)]
#[error("the certificate of the portal's API is no use")]
pub(super) struct CertificateError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Greets with a certificate.
#[derive(Clone)]
pub(super) struct Greeter(TlsAcceptor);

impl Greeter {
    /// Reads certificate and key.
    pub(super) fn with(files: &PortalTls) -> Result<Self, CertificateError> {
        let useless = |error: Box<dyn std::error::Error + Send + Sync>| CertificateError(error);
        let chain = CertificateDer::pem_file_iter(&files.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| useless(Box::new(error)))?;
        let key =
            PrivateKeyDer::from_pem_file(&files.key).map_err(|error| useless(Box::new(error)))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| useless(Box::new(error)))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

impl Greeting for Greeter {
    type Line = TlsStream<TcpStream>;

    async fn greet(&self, stream: TcpStream) -> Option<Self::Line> {
        timeout(GREETING, self.0.accept(stream)).await.ok()?.ok()
    }
}
