//! Signed requests to the mall.
//!
//! **Invariant:** every call has a time limit and a size limit; an answer that is not what was
//! agreed is an error like silence, never a panic and never believed in part.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use axum::body::Bytes;
use domain::{id::EdgeId, time::Timestamp};
use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use rustls::{
    ClientConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde::de::DeserializeOwned;
use sync::{
    chain::Hash,
    packing,
    signature::{self, Signed},
};

use super::{certificate::Held, pin::Pinned};

use crate::context::{Clock, random};

/// A mall that does not begin to answer within this time is silent.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// A connection that is not made within this time will not be.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// A download may pause for so long.
const CHUNK_LIMIT: Duration = Duration::from_secs(20);
/// No answer but a snapshot is larger.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// What the mall says of a signature whose time is not its own.
const STALE: &str = "/problems/signature-stale";
/// Below so many bytes packing saves no packet on the line.
const PACKED_BYTES_MIN: usize = 1_024;
/// A fifth of the bytes at a small part of what one sale costs.
const PACKING_LEVEL: i32 = 3;

/// What is sent, and whether it is packed.
#[derive(Clone, Debug, Default)]
struct Payload {
    bytes: Vec<u8>,
    is_packed: bool,
}

/// What the mall says to a program that is too old for what it gives.
const SCHEMA_OLD: &str = "/problems/schema-old";
/// What the mall says of an edge node that may speak no more.
pub(super) const UNKNOWN: &str = "/problems/edge-unknown";

/// Why the mall did not do it.
#[derive(Debug, thiserror::Error)]
pub enum MallError {
    /// No answer, or a broken one.
    #[error("the mall is silent")]
    Silent(#[source] reqwest::Error),
    /// It says no.
    #[error("the mall answered {status}: {problem}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's type, or what little the answer said.
        problem: String,
        /// When to come again, if it says so.
        retry_after_ms: Option<u64>,
    },
    /// It answered something that is not ours.
    #[error("the mall's answer is not what was agreed")]
    Nonsense,
    /// What it offers is of a newer schema than this program reads.
    #[error("the mall offers what this program is too old for")]
    Newer,
    /// The answer is larger than `ANSWER_BYTES_MAX`, or than was announced.
    #[error("the mall's answer is too large")]
    TooLarge,
    /// Our key is no key.
    #[error("this box's key is damaged")]
    Key(#[from] signature::NotAKey),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
    /// TLS could not be set up.
    #[error("TLS to the mall could not be set up")]
    Tls(#[from] rustls::Error),
    /// The certificate that is held is none.
    #[error("this box's certificate is damaged")]
    Certificate(#[source] rustls::pki_types::pem::Error),
    /// A downloaded file could not be written.
    #[error("could not write a download")]
    Write(#[source] std::io::Error),
}

impl MallError {
    /// The feed has another life, or the cursor is too old: fetch a snapshot.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { status: 410, .. })
    }

    /// This program is too old for what the mall gives.
    pub(crate) fn is_schema_old(&self) -> bool {
        matches!(self, Self::Newer)
            || matches!(self, Self::Refused { problem, .. } if problem == SCHEMA_OLD)
    }
}

/// A no, with the mall's time where it found that the request was signed at another.
struct Refusal {
    error: MallError,
    mall_now: Option<Timestamp>,
}

impl From<MallError> for Refusal {
    fn from(error: MallError) -> Self {
        Self { error, mall_now: None }
    }
}

/// A file on its way.
#[derive(Debug)]
pub(crate) struct Download(reqwest::Response);

impl Download {
    /// Its next bytes; `None` at its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, MallError> {
        self.0.chunk().await.map_err(MallError::Silent)
    }
}

/// A way to the mall, with this box's key once it has one.
#[derive(Clone, Debug)]
pub(crate) struct Mall {
    /// Another one whenever another certificate is held; what is under way ends with the one before.
    client: Arc<ArcSwap<reqwest::Client>>,
    held: Arc<ArcSwapOption<Held>>,
    /// The fingerprint of the authority whose mall alone is believed.
    pin: Option<Hash>,
    /// Whether the mall has said last that this box may speak no more.
    is_unknown: Arc<AtomicBool>,
    url: String,
    clock: Clock,
    /// By how much the mall's clock is ahead of this box's, in milliseconds, as it said when it last
    /// found a signature stale. Every clone knows it.
    ahead_ms: Arc<AtomicI64>,
    identity: Option<(EdgeId, Arc<[u8]>)>,
}

impl Mall {
    /// Sets the client up; it connects when it is first used.
    pub(crate) fn new(url: &str, clock: Clock) -> Result<Self, MallError> {
        let client = Arc::new(ArcSwap::from_pointee(client(None, None, &clock)?));
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self {
            client,
            held: Arc::default(),
            pin: None,
            is_unknown: Arc::default(),
            url,
            clock,
            ahead_ms: Arc::default(),
            identity: None,
        })
    }

    /// Believes under TLS only the mall whose authority has this fingerprint.
    pub(crate) fn pinned(mut self, pin: Option<Hash>) -> Result<Self, MallError> {
        self.pin = pin;
        self.client.store(Arc::new(client(pin, None, &self.clock)?));
        Ok(self)
    }

    /// Whether this certificate can be shown.
    pub(crate) fn can_hold(&self, held: &Held) -> Result<(), MallError> {
        client(held.pin.or(self.pin), Some(held), &self.clock).map(|_| ())
    }

    /// Shows this certificate from the next connection on.
    pub(crate) fn hold(&self, held: Held) -> Result<(), MallError> {
        let client = client(held.pin.or(self.pin), Some(&held), &self.clock)?;
        self.client.store(Arc::new(client));
        self.held.store(Some(Arc::new(held)));
        Ok(())
    }

    /// The certificate that is shown.
    pub(crate) fn held(&self) -> Option<Arc<Held>> {
        self.held.load_full()
    }

    /// The fingerprint of the authority whose mall alone is believed.
    pub(crate) fn pin(&self) -> Option<Hash> {
        self.held().and_then(|held| held.pin).or(self.pin)
    }

    /// Whether the mall has said last that this box may speak no more.
    pub(crate) fn is_unknown(&self) -> bool {
        self.is_unknown.load(Ordering::Relaxed)
    }

    /// Signs from now on.
    pub(crate) fn with_identity(mut self, edge: EdgeId, pkcs8: Vec<u8>) -> Self {
        self.identity = Some((edge, pkcs8.into()));
        self
    }

    /// By how much the mall's clock is ahead of this box's, in milliseconds; below zero where it is
    /// behind, 0 while they are near enough for each other.
    pub(crate) fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Asks for something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, MallError> {
        let answer = self.send(Method::GET, path, Payload::default()).await?;
        read_json(answer).await
    }

    /// Tells something.
    pub(crate) async fn post<B: serde::Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, MallError> {
        let bytes = serde_json::to_vec(body).map_err(|_| MallError::Nonsense)?;
        let answer = self.send(Method::POST, path, Payload { bytes, is_packed: false }).await?;
        read_json(answer).await
    }

    /// Tells something packed, where that saves bytes.
    pub(crate) async fn post_packed<B: serde::Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, MallError> {
        let bytes = serde_json::to_vec(body).map_err(|_| MallError::Nonsense)?;
        let packed = match bytes.len() {
            0..PACKED_BYTES_MIN => None,
            _ => zstd::bulk::compress(&bytes, PACKING_LEVEL).ok(),
        };
        let plain = Payload { bytes, is_packed: false };
        let payload = packed.map_or(plain, |bytes| Payload { bytes, is_packed: true });
        let answer = self.send(Method::POST, path, payload).await?;
        read_json(answer).await
    }

    /// Fetches a file from a byte on.
    pub(crate) async fn download(&self, path: &str, from: u64) -> Result<Download, MallError> {
        let answer = self.send_from(Method::GET, path, Payload::default(), from).await?;
        // Whoever does not know ranges sends the file from its beginning.
        if (answer.status() == StatusCode::PARTIAL_CONTENT) != (from > 0) {
            return Err(MallError::Nonsense);
        }
        Ok(Download(answer))
    }

    /// A box whose clock is off signs by the mall's: what it has sold is told all the same, and by its
    /// own clock. Trying once more is no second request, for the first was turned away unread.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Payload,
    ) -> Result<reqwest::Response, MallError> {
        self.send_from(method, path, body, 0).await
    }

    async fn send_from(
        &self,
        method: Method,
        path: &str,
        body: Payload,
        from: u64,
    ) -> Result<reqwest::Response, MallError> {
        let refused = match self.send_signed(&method, path, body.clone(), from).await {
            Ok(answer) => return Ok(answer),
            Err(refused) => refused,
        };
        let Some(mall_now) = refused.mall_now else { return Err(refused.error) };
        let ahead_ms = mall_now.ms_since(self.clock.now());
        let before_ms = self.ahead_ms.swap(ahead_ms, Ordering::Relaxed);
        tracing::warn!(ahead_ms, before_ms, "This box's clock is not the mall's");
        self.send_signed(&method, path, body, from).await.map_err(|refused| refused.error)
    }

    async fn send_signed(
        &self,
        method: &Method,
        path: &str,
        body: Payload,
        from: u64,
    ) -> Result<reqwest::Response, Refusal> {
        let Payload { bytes: body, is_packed } = body;
        let mut request = self.client.load().request(method.clone(), format!("{}{path}", self.url));
        if let Some((edge, key)) = &self.identity {
            let signed = Signed { method: method.as_str(), path, body: &body };
            let nonce = u64::from_be_bytes(random());
            let now = self.clock.now().plus_ms(self.ahead_ms());
            let header = signature::sign(key, *edge, now, nonce, signed).map_err(MallError::Key)?;
            request = request.header(signature::HEADER, header);
        }
        if from > 0 {
            // RFC 9110, 14.2.
            request = request.header("range", format!("bytes={from}-"));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body);
        }
        if is_packed {
            request = request.header("content-encoding", packing::ZSTD);
        }
        let answer = tokio::time::timeout(ANSWER_LIMIT, request.send()).await;
        let answer = match answer {
            Ok(answer) => answer.map_err(MallError::Silent)?,
            Err(_) => {
                let (status, problem) = (504, "silence".into());
                return Err(MallError::Refused { status, problem, retry_after_ms: None }.into());
            }
        };
        let status = answer.status();
        if status.is_success() {
            self.is_unknown.store(false, Ordering::Relaxed);
            return Ok(answer);
        }
        let refused = refusal(status, answer).await;
        let is_unknown =
            matches!(&refused.error, MallError::Refused { problem, .. } if problem == UNKNOWN);
        self.is_unknown.store(is_unknown, Ordering::Relaxed);
        Err(refused)
    }
}

/// An HTTP client: by the system's authorities, or by the pinned one with this box's certificate.
fn client(
    pin: Option<Hash>,
    held: Option<&Held>,
    clock: &Clock,
) -> Result<reqwest::Client, MallError> {
    // The provider may be installed already by another mall of this process (tests).
    let _ = default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(CHUNK_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    if let Some(pin) = pin {
        builder = builder.tls_backend_preconfigured(tls(pin, held, clock)?);
    }
    builder.build().map_err(MallError::Client)
}

fn tls(pin: Hash, held: Option<&Held>, clock: &Clock) -> Result<ClientConfig, MallError> {
    let has_been = held.map(|held| Timestamp::from_micros(held.told.issued_at_micros));
    // The mall of the fingerprint has said by whom else it may be known; what a box was told before it had
    // a fingerprint, anybody may have said.
    let told = held.filter(|held| held.pin.is_some());
    let mut pins = told.map(Held::authorities).unwrap_or_default();
    pins.push(pin);
    let pinned = Pinned::new(pins, clock.clone(), has_been);
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned));
    let Some(held) = held else { return Ok(builder.with_no_client_auth()) };
    let chain = CertificateDer::pem_slice_iter(held.told.certificate.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(MallError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(held.key.as_bytes());
    Ok(builder.with_client_auth_cert(chain, key.map_err(MallError::Certificate)?)?)
}

async fn refusal(status: StatusCode, answer: reqwest::Response) -> Refusal {
    #[derive(serde::Deserialize)]
    struct Problem {
        r#type: String,
        #[serde(default)]
        now: Option<String>,
        #[serde(default)]
        retry_after_ms: Option<u64>,
    }
    let said = read_json::<Problem>(answer).await.ok();
    let now = said.as_ref().filter(|said| said.r#type == STALE).and_then(|said| said.now.as_ref());
    let mall_now = now.and_then(|now| now.parse().ok());
    let retry_after_ms = said.as_ref().and_then(|said| said.retry_after_ms);
    let problem = said.map_or_else(|| "no problem document".to_owned(), |said| said.r#type);
    let error = MallError::Refused { status: status.as_u16(), problem, retry_after_ms };
    Refusal { error, mall_now }
}

async fn read_json<T: DeserializeOwned>(answer: reqwest::Response) -> Result<T, MallError> {
    let (mut chunks, mut body) = (answer.bytes_stream(), Vec::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(MallError::Silent)?;
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(MallError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| MallError::Nonsense)
}
