//! An authority, certificates by it, and the line of a caller, which can be cut.
//!
//! **Invariant:** the authority's own key is never written anywhere and ends with the process.

use std::{
    io,
    net::{Shutdown, SocketAddr},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Lines whose handshake is done and that nobody has taken yet.
const LINES_WAITING_MAX: usize = 64;

/// Who signs the certificates of all platforms, and of merchants.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

/// A merchant's own certificate.
pub(crate) struct Identity {
    pub(crate) certificate_pem: String,
    pub(crate) der: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Simulated platforms");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().context("no key for the authority")?;
        let certificate = params.self_signed(&key).context("no certificate of the authority")?;
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A merchant's certificate, which `secapi` wants to see, for the key that signs v3 calls too.
    pub(crate) fn merchant(&self, name: &str, key_pem: &str) -> Result<Identity> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::from_pem(key_pem).context("a bad key of the merchant")?;
        let certificate = params.signed_by(&key, &self.issuer).context("no certificate")?;
        Ok(Identity { certificate_pem: certificate.pem(), der: certificate.der().to_vec() })
    }

    /// How a server of these names speaks; it asks for a certificate and goes on without one.
    fn server(&self, names: &[&str]) -> Result<ServerConfig> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).context("a bad host name")?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().context("no key for a server")?;
        let certificate = params.signed_by(&key, &self.issuer).context("no certificate")?;
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).context("no root")?;
        let provider = Arc::new(default_provider());
        let visitors =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .context("no check of visitors")?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("no protocol")?
            .with_client_cert_verifier(visitors)
            .with_single_cert(vec![certificate.der().clone()], key)
            .context("a bad certificate")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Who called, and the line to cut.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The certificate that was shown, as DER; the authority has signed it.
    pub(crate) certificate: Option<Vec<u8>>,
    line: Arc<std::net::TcpStream>,
}

impl Caller {
    /// Cuts the line without a farewell.
    pub(crate) fn cut(&self) {
        // A line that is down already is cut.
        let _ = self.line.shutdown(Shutdown::Both);
    }
}

/// A port that speaks TLS.
#[derive(Debug)]
pub(crate) struct Port {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, Caller)>,
    accepting: JoinHandle<()>,
    pub(crate) address: SocketAddr,
}

impl Port {
    /// Opens a port of this machine, 0 for any free one, with a certificate for `names`.
    pub(crate) async fn open(authority: &Authority, port: u16, names: &[&str]) -> Result<Self> {
        let config = authority.server(names)?;
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("could not listen on 127.0.0.1:{port}"))?;
        let address = listener.local_addr().context("a port without an address")?;
        let (taken, ready) = mpsc::channel(LINES_WAITING_MAX);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let accepting = tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                let (acceptor, taken) = (acceptor.clone(), taken.clone());
                tokio::spawn(async move {
                    // Who cannot shake hands has hung up, and learns why on that side.
                    if let Ok(done) = greet(line, acceptor).await {
                        let _ = taken.send(done).await;
                    }
                });
            }
        });
        Ok(Self { ready, accepting, address })
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn greet(
    line: TcpStream,
    acceptor: TlsAcceptor,
) -> io::Result<(TlsStream<TcpStream>, Caller)> {
    let line = line.into_std()?;
    let twin = Arc::new(line.try_clone()?);
    let stream = acceptor.accept(TcpStream::from_std(line)?).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let certificate = shown.map(|certificate| certificate.to_vec());
    Ok((stream, Caller { certificate, line: twin }))
}

impl Listener for Port {
    type Io = TlsStream<TcpStream>;
    type Addr = Caller;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(line) => line,
            // The port is shut: nobody comes any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Connected<IncomingStream<'_, Port>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.remote_addr().clone()
    }
}
