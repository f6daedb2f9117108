//! The door under TLS: who comes in shows a certificate of the mall's authority, or none.
//!
//! Who shows none may claim a place, look at HQ's page, and whatever else anybody may: what an edge node
//! calls looks at the certificate that was shown here (`guard`). A certificate that ended lately comes in
//! too, and opens one thing alone: the next one. A shop that was shut for months is not shut out.
//!
//! **Invariant:** whoever takes their time with a handshake keeps nobody else waiting; lines are bounded.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    task::{self, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use domain::time::Timestamp;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _},
    server::{
        ClientHello, ResolvesServerCert, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};
use sync::chain::Hash;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    authority::{AuthorityError, MALL, OWN_DAYS},
    config::Tls,
    context::Context,
    error_chain::Chain,
};

/// Lines at once: every store of a chain of ten thousand keeps one or two open only while it asks.
const LINES_MAX: usize = 8_192;
/// Lines whose handshake is done and that nobody has taken yet.
const LINES_WAITING_MAX: usize = 64;
/// A handshake is two packets each way.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long after its end a certificate still comes in, to be renewed.
const ENDED_DAYS_MAX: i64 = 365;
/// How often is looked whether the door's own certificate is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const DAY_MS: i64 = 86_400_000;

/// Why there is no door under TLS.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The door's own certificate could not be made.
    #[error("could not make the mall's own certificate")]
    Authority(#[from] AuthorityError),
    /// A given certificate or key could not be read.
    #[error("could not read {}", path.display())]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// TLS could not be set up.
    #[error("could not set TLS up")]
    Tls(#[from] rustls::Error),
    /// Nobody's certificate could be looked at.
    #[error("could not set up the check of visitors")]
    Visitors(#[from] rustls::client::VerifierBuilderError),
}

/// Who came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// From where.
    pub(crate) address: SocketAddr,
    /// With what.
    pub(crate) shown: Shown,
}

/// What somebody showed at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The door is in the clear: a proxy may stand before it.
    Plain,
    /// No certificate.
    Nothing,
    /// One of the authority's, by its SHA-256.
    Certificate(Hash),
}

impl Connected<IncomingStream<'_, TcpListener>> for Visitor {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self { address: *stream.remote_addr(), shown: Shown::Plain }
    }
}

impl Connected<IncomingStream<'_, TlsDoor>> for Visitor {
    fn connect_info(stream: IncomingStream<'_, TlsDoor>) -> Self {
        *stream.remote_addr()
    }
}

/// The door.
pub(crate) struct TlsDoor {
    ready: mpsc::Receiver<(Line, Visitor)>,
    accepting: JoinHandle<()>,
    own: Arc<Own>,
}

impl Drop for TlsDoor {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl std::fmt::Debug for TlsDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsDoor").finish_non_exhaustive()
    }
}

impl TlsDoor {
    /// Opens it at a listener.
    pub(crate) fn open(
        context: &Context,
        listener: TcpListener,
        tls: &Tls,
    ) -> Result<Self, DoorError> {
        let own = Arc::new(Own::new(context, tls)?);
        let provider = Arc::new(default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(Visitors::new(context)?))
            .with_cert_resolver(own.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (taken, ready) = mpsc::channel(LINES_WAITING_MAX);
        let accepting = tokio::spawn(accept(listener, acceptor, taken));
        Ok(Self { ready, accepting, own })
    }

    /// What keeps the door's own certificate fresh.
    pub(crate) fn keeper(&self, context: &Context) -> Keeper {
        Keeper { own: Arc::clone(&self.own), context: context.clone() }
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    taken: mpsc::Sender<(Line, Visitor)>,
) {
    let room = Arc::new(Semaphore::new(LINES_MAX));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, address)) = listener.accept().await else {
            // No file is free, or the caller has gone again.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (acceptor, taken) = (acceptor.clone(), taken.clone());
        tokio::spawn(async move {
            let shaken = timeout(HANDSHAKE, acceptor.accept(stream)).await;
            // Who cannot shake hands has hung up, and learns why on that side.
            let Ok(Ok(stream)) = shaken else { return };
            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let shown = shown.map_or(Shown::Nothing, |der| Shown::Certificate(Hash::of(der)));
            let line = Line { stream, _place: place };
            let _ = taken.send((line, Visitor { address, shown })).await;
        });
    }
}

impl Listener for TlsDoor {
    type Io = Line;
    type Addr = Visitor;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(line) => line,
            // The door is shut: nobody comes any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Somebody's line, and their place among all.
pub(crate) struct Line {
    stream: TlsStream<TcpStream>,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What the door shows of itself.
#[derive(Debug)]
struct Own {
    key: RwLock<Arc<CertifiedKey>>,
    /// When the next one is due; never where it was given.
    due_at: RwLock<Option<Timestamp>>,
    names: Vec<String>,
}

impl Own {
    fn new(context: &Context, tls: &Tls) -> Result<Self, DoorError> {
        let names = tls.names.clone();
        let (key, due_at) = match &tls.files {
            Some((certificate, key)) => {
                let failed = |path: &std::path::Path| {
                    let path = path.to_owned();
                    move |source| DoorError::File { path, source }
                };
                let chain = CertificateDer::pem_file_iter(certificate)
                    .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                    .map_err(failed(certificate))?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(failed(key))?;
                (certified(chain, key)?, None)
            }
            None => Self::made(context, &names)?,
        };
        Ok(Self { key: RwLock::new(key), due_at: RwLock::new(due_at), names })
    }

    fn made(
        context: &Context,
        names: &[String],
    ) -> Result<(Arc<CertifiedKey>, Option<Timestamp>), DoorError> {
        let now = context.now();
        let made = context.authority().server(names, MALL, (now, OWN_DAYS))?;
        let due_at = now.plus_ms(OWN_DAYS * DAY_MS / 3 * 2);
        Ok((certified(made.chain.clone(), made.tls_key())?, Some(due_at)))
    }

    fn renew_if_due(&self, context: &Context) -> Result<(), DoorError> {
        let due_at = *self.due_at.read().unwrap_or_else(PoisonError::into_inner);
        if due_at.is_none_or(|due_at| context.now() < due_at) {
            return Ok(());
        }
        let (key, due_at) = Self::made(context, &self.names)?;
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
        *self.due_at.write().unwrap_or_else(PoisonError::into_inner) = due_at;
        info!("The mall shows a new certificate of its own");
        Ok(())
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, DoorError> {
    let provider = default_provider();
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider)?))
}

impl ResolvesServerCert for Own {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Keeps the door's own certificate fresh.
#[derive(Debug)]
pub(crate) struct Keeper {
    own: Arc<Own>,
    context: Context,
}

impl Keeper {
    /// Until it is told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_some() {
            if let Err(error) = self.own.renew_if_due(&self.context) {
                error!(error = %Chain(&error), "The mall's own certificate was not renewed");
            }
        }
    }
}

/// Looks at what visitors show, by the mall's clock.
#[derive(Debug)]
struct Visitors {
    inner: Arc<dyn ClientCertVerifier>,
    context: Context,
}

impl Visitors {
    fn new(context: &Context) -> Result<Self, DoorError> {
        let mut roots = RootCertStore::empty();
        let pem = context.authority().pem();
        let authority = CertificateDer::from_pem_slice(pem.as_bytes());
        roots.add(authority.map_err(|_| AuthorityError::Damaged)?)?;
        let provider = Arc::new(default_provider());
        let inner = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .allow_unauthenticated()
            .build()?;
        Ok(Self { inner, context: context.clone() })
    }
}

impl ClientCertVerifier for Visitors {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let seconds = self.context.now().micros().div_euclid(1_000_000);
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let look = |at| self.inner.verify_client_cert(end_entity, intermediates, at);
        match look(now) {
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after,
                ..
            })) if is_renewable(seconds, not_after) => look(not_after),
            looked => looked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Whether a certificate that ended may still be shown, to be renewed.
fn is_renewable(now_s: u64, not_after: UnixTime) -> bool {
    let days = u64::try_from(ENDED_DAYS_MAX).unwrap_or(0);
    now_s.saturating_sub(not_after.as_secs()) <= days * 86_400
}
