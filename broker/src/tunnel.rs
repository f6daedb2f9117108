//! TLS for a client that has none: a door inside this process, and behind it the broker.
//!
//! The MQTT client connects to an abstract socket of a name that nobody can guess; whatever passes is
//! carried to the broker under TLS 1.2 or 1.3. So certificates are read anew for each connection, and
//! the TLS library is the one that everything else here uses.
//!
//! **Invariant:** the door opens once, and only to this process; the broker is believed by the one
//! authority that was named, never by the system's.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio::{
    net::{TcpStream, UnixListener},
    time::{Duration, timeout},
};
use tokio_rustls::TlsConnector;

use crate::{address::Address, papers::Paper};

/// A broker that is not reached within this time is silent.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// The authority's certificate could not be read.
    #[error("could not read the certificate of the broker's authority {}", path.display())]
    Authority {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The certificate to show, its key or its authority is none.
    #[error("the certificate for the broker is damaged")]
    Paper(#[source] rustls::pki_types::pem::Error),
    /// TLS could not be set up.
    #[error("could not set TLS up")]
    Tls(#[from] rustls::Error),
    /// The broker's name is none that a certificate could carry.
    #[error("the broker's name is none")]
    Name,
    /// The door could not be made.
    #[error("could not make a door to the broker")]
    Door(#[source] io::Error),
}

/// A door that leads to a broker.
pub(crate) struct Tunnel {
    /// The door's name, for the client that will connect to it.
    pub(crate) door: String,
    listener: UnixListener,
    connector: TlsConnector,
    name: ServerName<'static>,
    address: Address,
}

impl Tunnel {
    /// Makes the door; nobody has called the broker yet.
    pub(crate) fn open(
        address: &Address,
        authority: Option<&Path>,
        paper: Option<&Paper>,
    ) -> Result<Self, TunnelError> {
        let connector = TlsConnector::from(Arc::new(config(authority, paper)?));
        let name = ServerName::try_from(address.host.clone()).map_err(|_| TunnelError::Name)?;
        let mut secret = [0; 16];
        SystemRandom::new()
            .fill(&mut secret)
            .map_err(|_| TunnelError::Door(io::Error::other("no random numbers")))?;
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        // A leading NUL is a name without a file (`unix(7)`, abstract sockets).
        let door = format!("\0guitai-broker-{secret}");
        let listener = UnixListener::bind(&door).map_err(TunnelError::Door)?;
        Ok(Self { door, listener, connector, name, address: address.clone() })
    }

    /// Carries one connection to its end.
    pub(crate) async fn carry(self) -> io::Result<()> {
        let mut inner = loop {
            let (inner, _) = self.listener.accept().await?;
            let id = i32::try_from(std::process::id()).ok();
            if inner.peer_cred()?.pid() == id {
                break inner;
            }
        };
        let Address { host, port, .. } = &self.address;
        let connected = timeout(CONNECT_LIMIT, TcpStream::connect((host.as_str(), *port))).await;
        let outer = connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        outer.set_nodelay(true)?;
        let mut outer = self.connector.connect(self.name, outer).await?;
        tokio::io::copy_bidirectional(&mut inner, &mut outer).await?;
        Ok(())
    }
}

fn config(authority: Option<&Path>, paper: Option<&Paper>) -> Result<ClientConfig, TunnelError> {
    let mut roots = RootCertStore::empty();
    match (authority, paper) {
        (Some(path), _) => {
            let unread = |source| TunnelError::Authority { path: path.to_owned(), source };
            for certificate in CertificateDer::pem_file_iter(path).map_err(unread)? {
                roots.add(certificate.map_err(unread)?)?;
            }
        }
        (None, Some(paper)) => {
            for certificate in CertificateDer::pem_slice_iter(paper.authority.as_bytes()) {
                roots.add(certificate.map_err(TunnelError::Paper)?)?;
            }
        }
        (None, None) => {}
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = builder.with_root_certificates(roots);
    let Some(paper) = paper else { return Ok(builder.with_no_client_auth()) };
    let chain = CertificateDer::pem_slice_iter(paper.certificate.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(TunnelError::Paper)?;
    let key = PrivateKeyDer::from_pem_slice(paper.key.as_bytes()).map_err(TunnelError::Paper)?;
    Ok(builder.with_client_auth_cert(chain, key)?)
}
