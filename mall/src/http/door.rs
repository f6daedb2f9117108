//! The door under TLS: who comes in shows a certificate of the mall's authority, or none.
//!
//! Who shows none may claim a place, look at HQ's page, and whatever else anybody may: what an edge node
//! calls looks at the certificate that was shown here (`guard`). A certificate that ended lately comes in
//! too, and opens one thing alone: the next one. A shop that was shut for months is not shut out.
//!
//! Strangers have a room of their own, bounded for each address and in time; a box that has shown its
//! certificate leaves it for the boxes' and is bounded by that certificate, so that a thousand stores
//! behind one address are let in, and strangers keep none of them out. Whether a certificate still counts
//! is looked up for each request and not here: a line may be open for days.
//!
//! **Invariant:** whoever takes their time with a handshake keeps nobody else waiting; lines are bounded.

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::time::Timestamp;
use doorway::{Crowd, Greeting, Guest, Place, Room};
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
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    authority::{AuthorityError, ENDED_DAYS_MAX, MALL, OWN_DAYS},
    config::Tls,
    context::Context,
    error_chain::Chain,
};

/// Lines of boxes at once: every store of a chain of ten thousand keeps one or two open while it asks.
const BOXES_MAX: usize = 8_192;
/// Of them, those that show the same certificate: a box asks about some things at once, for each till.
const BOX_LINES_MAX: usize = 64;
/// Lines at once of who shows no certificate, or has not yet.
const STRANGERS_MAX: usize = 2_048;
/// Of them, those from one address: browsers of an office, or boxes behind a proxy that just shake hands.
const ADDRESS_LINES_MAX: usize = 256;
/// Lines at once in the clear, which may all be a proxy's. With those under TLS they are far fewer than
/// the 32,768 files of the process.
const PLAIN_MAX: usize = 8_192;
/// A handshake is two packets each way.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A request's head is a packet or two.
const HEAD: Duration = Duration::from_secs(10);
/// How long a box or a proxy may be silent between two requests: longer than they keep a line that they
/// do not use, so that they are the ones to hang up.
const IDLE: Duration = Duration::from_secs(120);
/// Until its answer begins a request may take so long: a body has a minute, and other houses are asked
/// on the way.
const ANSWER: Duration = Duration::from_secs(180);
/// What is under way when the mall is told to stop gets so long: a download that takes longer is cut
/// off, and the store goes on from where it was.
const PARTING: Duration = Duration::from_secs(5);

/// Strangers under TLS; boxes leave it for their own once they have shown who they are.
pub(crate) const STRANGERS: Room = Room {
    all: STRANGERS_MAX,
    of_one: ADDRESS_LINES_MAX,
    head: HEAD,
    idle: HEAD,
    answer: ANSWER,
    parting: PARTING,
};
/// Whoever comes in the clear.
pub(crate) const PLAIN: Room = Room { all: PLAIN_MAX, of_one: PLAIN_MAX, idle: IDLE, ..STRANGERS };

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

/// The door in the clear: whoever comes in shows nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open;

impl Greeting for Open {
    type Line = TcpStream;
    type Visitor = Visitor;

    async fn greet(
        &self,
        line: TcpStream,
        address: SocketAddr,
        place: Place,
    ) -> Option<Guest<TcpStream, Visitor>> {
        let visitor = Visitor { address, shown: Shown::Plain };
        Some(Guest { line, visitor, place, idle: None })
    }
}

/// The door under TLS.
#[derive(Clone)]
pub(crate) struct TlsDoor {
    acceptor: TlsAcceptor,
    own: Arc<Own>,
    /// Who showed a certificate, by it: strangers, who have the room of the door, take nobody's place.
    boxes: Arc<Crowd<Hash>>,
    handshake: Duration,
}

impl std::fmt::Debug for TlsDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsDoor").field("boxes", &self.boxes).finish_non_exhaustive()
    }
}

impl TlsDoor {
    /// Makes it ready to greet.
    pub(crate) fn new(context: &Context, tls: &Tls) -> Result<Self, DoorError> {
        let own = Arc::new(Own::new(context, tls)?);
        let acceptor = acceptor(Arc::new(Visitors::new(context)?), own.clone())?;
        let boxes = Crowd::new(BOXES_MAX, BOX_LINES_MAX);
        Ok(Self { acceptor, own, boxes, handshake: HANDSHAKE })
    }

    /// What keeps the door's own certificate fresh.
    pub(crate) fn keeper(&self, context: &Context) -> Keeper {
        Keeper { own: Arc::clone(&self.own), context: context.clone() }
    }
}

fn acceptor(
    visitors: Arc<dyn ClientCertVerifier>,
    own: Arc<dyn ResolvesServerCert>,
) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(visitors)
        .with_cert_resolver(own);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Greeting for TlsDoor {
    type Line = TlsStream<TcpStream>;
    type Visitor = Visitor;

    async fn greet(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        place: Place,
    ) -> Option<Guest<Self::Line, Visitor>> {
        // Who cannot shake hands has hung up, and learns why on that side.
        let line = timeout(self.handshake, self.acceptor.accept(stream)).await.ok()?.ok()?;
        let shown = line.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let Some(shown) = shown.map(|der| Hash::of(der)) else {
            let visitor = Visitor { address, shown: Shown::Nothing };
            return Some(Guest { line, visitor, place, idle: None });
        };
        let place = self.boxes.place(shown)?;
        let visitor = Visitor { address, shown: Shown::Certificate(shown) };
        Some(Guest { line, visitor, place, idle: Some(IDLE) })
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
        for authority in context.authority().ders() {
            roots.add(CertificateDer::from(authority.to_vec()))?;
        }
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

#[cfg(test)]
mod tests {
    use axum::{Router, extract::ConnectInfo, routing::get};
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::{ClientConfig, pki_types::ServerName};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };
    use tokio_rustls::TlsConnector;
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// Longer than any machine takes.
    const PATIENCE: Duration = Duration::from_secs(60);
    /// Longer than a handshake of a test takes, and soon over.
    const SHORT: Duration = Duration::from_secs(2);
    const SMALL: Room = Room { of_one: 2, head: SHORT, idle: SHORT, ..STRANGERS };

    #[derive(Debug)]
    struct Shows(Arc<CertifiedKey>);

    impl ResolvesServerCert for Shows {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }

    /// A door at a real socket, and what callers need.
    struct Doorstep {
        at: SocketAddr,
        roots: Arc<RootCertStore>,
        chain: Vec<CertificateDer<'static>>,
        key: KeyPair,
        _stop: tokio_util::sync::DropGuard,
    }

    impl Doorstep {
        async fn new(handshake: Duration, box_lines: usize) -> Self {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            let key = KeyPair::generate().unwrap();
            let mut roots = RootCertStore::empty();
            roots.add(params.self_signed(&key).unwrap().der().clone()).unwrap();
            let (roots, issuer) = (Arc::new(roots), Issuer::new(params, key));
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            let chain = vec![params.signed_by(&key, &issuer).unwrap().into()];
            let der = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            let shows = certified(chain.clone(), der).unwrap();
            let provider = Arc::new(default_provider());
            let visitors =
                WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider)
                    .allow_unauthenticated()
                    .build()
                    .unwrap();
            let own =
                Own { key: RwLock::new(shows.clone()), due_at: RwLock::new(None), names: vec![] };
            let door = TlsDoor {
                acceptor: acceptor(visitors, Arc::new(Shows(shows))).unwrap(),
                own: Arc::new(own),
                boxes: Crowd::new(BOXES_MAX, box_lines),
                handshake,
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
            let who = |ConnectInfo(visitor): ConnectInfo<Visitor>| async move {
                if visitor.shown == Shown::Nothing { "a stranger" } else { "a box" }
            };
            let router = Router::new().route("/", get(who));
            tokio::spawn(doorway::serve(listener, SMALL, door, router, stop.clone()));
            Self { at, roots, chain, key, _stop: stop.drop_guard() }
        }

        /// A line of somebody who has shaken hands, from `127.0.0.<of>`.
        async fn shake(
            &self,
            of: u8,
            is_box: bool,
        ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
            let provider = Arc::new(default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(Arc::clone(&self.roots));
            let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
            let config = match is_box {
                true => config.with_client_auth_cert(self.chain.clone(), key).unwrap(),
                false => config.with_no_client_auth(),
            };
            let name = ServerName::try_from("127.0.0.1").unwrap();
            let connector = TlsConnector::from(Arc::new(config));
            connector.connect(name, self.connect(of).await).await
        }

        /// Waits until a box is let in: a line that was hung up holds its place a moment longer.
        async fn until_let_in(&self, of: u8) {
            let again = async {
                while !self.call(of, true).await.ends_with("a box") {
                    sleep(Duration::from_millis(10)).await;
                }
            };
            timeout(PATIENCE, again).await.unwrap();
        }

        /// A box that has been answered, and holds its line.
        async fn enter(&self, of: u8) -> tokio_rustls::client::TlsStream<TcpStream> {
            let mut line = self.shake(of, true).await.unwrap();
            line.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut said = [0; 512];
            assert!(timeout(PATIENCE, line.read(&mut said)).await.unwrap().unwrap() > 0);
            line
        }

        async fn connect(&self, of: u8) -> TcpStream {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::from(([127, 0, 0, of], 0))).unwrap();
            socket.connect(self.at).await.unwrap()
        }

        /// What is answered to a whole call; nothing where the door hangs up.
        async fn call(&self, of: u8, is_box: bool) -> String {
            let mut said = String::new();
            if let Ok(mut line) = self.shake(of, is_box).await {
                let call = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
                let _ = line.write_all(call).await;
                let _ = timeout(PATIENCE, line.read_to_string(&mut said)).await.unwrap();
            }
            said
        }
    }

    /// Waits until the door hangs up on a line.
    async fn until_hung_up(mut line: impl tokio::io::AsyncRead + Unpin) {
        let mut said = Vec::new();
        let _ = timeout(PATIENCE, line.read_to_end(&mut said)).await.expect("the line stays open");
    }

    #[tokio::test]
    async fn whoever_does_not_shake_hands_or_says_nothing_after_it_holds_no_place_for_ever() {
        let door = Doorstep::new(SHORT, BOX_LINES_MAX).await;
        until_hung_up(door.connect(1).await).await;
        let mut half = door.connect(1).await;
        // The head of a TLS record, of which the rest never comes.
        half.write_all(&[22, 3, 1, 1, 0]).await.unwrap();
        until_hung_up(half).await;
        for is_box in [false, true] {
            let mut line = door.shake(1, is_box).await.unwrap();
            line.write_all(b"GET / HT").await.unwrap();
            until_hung_up(line).await;
        }
        assert!(door.call(1, false).await.ends_with("a stranger"));
    }

    #[tokio::test]
    async fn strangers_fill_their_own_room_and_a_box_comes_in_from_the_same_address() {
        let door = Doorstep::new(PATIENCE, 2).await;
        let _first = door.connect(1).await;
        // Boxes that have shaken hands hold no place of a stranger, whatever they do then.
        let mut boxes = vec![door.enter(1).await, door.enter(1).await];
        assert!(door.call(2, true).await.is_empty(), "one certificate has more than its part");
        boxes.pop();
        door.until_let_in(2).await;
        assert!(door.call(3, false).await.ends_with("a stranger"));
        let _second = door.connect(1).await;
        assert!(door.call(1, true).await.is_empty(), "an address has more than its part");
        door.until_let_in(2).await;
    }
}
