//! https with limits: one question, one answer, the bytes as they came.
//!
//! **Invariant:** https only, no redirect is followed, every question has a time limit, no answer
//! is larger than `BODY_BYTES_MAX`. Nothing is sent twice by this file. Neither addresses, headers
//! nor bodies are printed: they hold codes, tokens and signatures.

use std::{fmt, time::Duration};

use reqwest::{Method, Url, header::HeaderMap};

use crate::{
    secret::Secret,
    verdict::{Cause, Silence, bounded},
};

/// No answer of any house is larger; a longer one is read no further.
pub const BODY_BYTES_MAX: usize = 65_536;
/// A connection that is not made within this time will not be.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Most questions are answered within a second; a till waits for them.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// A charge or what undoes it: the house may try several cards of the shopper before it answers.
const CHARGE_LIMIT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("guitai/", env!("CARGO_PKG_VERSION"));

/// Where a house is reached.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `https://open.douyin.com`; never with a trailing slash, always https.
    pub base_url: String,
    /// A root certificate besides the system's (PEM), for a simulator or a proxy of the chain's.
    pub extra_root_pem: Option<String>,
    /// How long an answer may take, from the connection to its last byte.
    pub answer_limit: Duration,
    /// The same for a charge and what undoes it.
    pub charge_limit: Duration,
}

impl Endpoint {
    /// The house's public address.
    #[must_use]
    pub fn at(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            extra_root_pem: None,
            answer_limit: ANSWER_LIMIT,
            charge_limit: CHARGE_LIMIT,
        }
    }
}

/// Why a client could not be made. It names the setting and never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Not an https address.
    #[error("the address of the house is not an https URL")]
    BaseUrl,
    /// Not a certificate in PEM.
    #[error("the extra root certificate is not PEM")]
    ExtraRoot,
    /// Not a certificate and its key in PEM.
    #[error("the merchant certificate with its key is not PEM")]
    Identity,
    /// Not an RSA key in PEM, or one shorter than 2,048 bits.
    #[error("the {0} is not an RSA key of 2,048 to 4,096 bits")]
    Key(&'static str),
    /// Not of the length that the house gives.
    #[error("the {0} has not the length that the house gives")]
    Length(&'static str),
    /// The TLS library could not be set up.
    #[error("the TLS client could not be set up")]
    Tls,
}

/// A way to one house.
#[derive(Clone)]
pub(crate) struct Client {
    inner: reqwest::Client,
    base: String,
    answer_limit: Duration,
    charge_limit: Duration,
}

/// How long an answer may take.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    Answer,
    Charge,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

/// One question.
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Path and query behind the base, as they are signed.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) patience: Patience,
}

impl Ask {
    pub(crate) fn get(path: String) -> Self {
        let method = Method::GET;
        Self { method, path, headers: Vec::new(), body: Vec::new(), patience: Patience::Answer }
    }

    pub(crate) fn post(path: &str, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        let (method, path) = (Method::POST, path.to_owned());
        Self { method, path, headers, body, patience: Patience::Answer }
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// One answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header that is there exactly once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// The body of an answer that the house's own program made: its front door speaks 5xx and
    /// 429, and a stranger on the way speaks anything else.
    pub(crate) fn ok_body(self) -> Result<Vec<u8>, Silence> {
        let status = self.status;
        match status {
            200 => Ok(self.body),
            429 | 500..=599 => Err(Cause::Busy.silence(&format!("HTTP {status}"))),
            _ => Err(Cause::Unreadable.silence(&format!("HTTP {status}"))),
        }
    }
}

/// What every client of ours has in common.
pub(crate) fn builder(extra_root_pem: Option<&str>) -> Result<reqwest::ClientBuilder, SetupError> {
    // Another room of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .https_only(true)
        .connect_timeout(CONNECT_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(USER_AGENT)
        .no_proxy();
    let Some(pem) = extra_root_pem else { return Ok(builder) };
    let root = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
    let roots = root.ok().filter(|roots| !roots.is_empty()).ok_or(SetupError::ExtraRoot)?;
    Ok(builder.tls_certs_merge(roots))
}

impl Client {
    /// Sets it up; it connects when it is first used. The identity is a certificate and its key in
    /// one PEM, for the calls that want mutual TLS.
    pub(crate) fn new(endpoint: &Endpoint, identity: Option<&Secret>) -> Result<Self, SetupError> {
        let base = endpoint.base_url.trim_end_matches('/').to_owned();
        let url = Url::parse(&base).map_err(|_| SetupError::BaseUrl)?;
        if url.scheme() != "https" || url.host().is_none() || url.query().is_some() {
            return Err(SetupError::BaseUrl);
        }
        let mut builder = builder(endpoint.extra_root_pem.as_deref())?;
        if let Some(pem) = identity {
            let identity = reqwest::Identity::from_pem(pem.reveal().as_bytes());
            builder = builder.identity(identity.map_err(|_| SetupError::Identity)?);
        }
        let inner = builder.build().map_err(|_| match identity {
            Some(_) => SetupError::Identity,
            None => SetupError::Tls,
        })?;
        let (answer_limit, charge_limit) = (endpoint.answer_limit, endpoint.charge_limit);
        Ok(Self { inner, base, answer_limit, charge_limit })
    }

    /// Asks once.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Answer, Silence> {
        let Ok(url) = Url::parse(&format!("{}{}", self.base, ask.path)) else {
            return Err(Cause::Unreached.silence("not an address"));
        };
        let limit = match ask.patience {
            Patience::Answer => self.answer_limit,
            Patience::Charge => self.charge_limit,
        };
        let mut request = self.inner.request(ask.method, url).timeout(limit).body(ask.body);
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|error| silence(&error))?;
        read(answer).await
    }
}

async fn read(mut answer: reqwest::Response) -> Result<Answer, Silence> {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| silence(&error))? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Cause::TooLarge.silence(&format!("HTTP {status}")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

/// What an error of the line means. Its own text names the address, so only the cause below it,
/// such as an untrusted certificate, is kept.
pub(crate) fn silence(error: &reqwest::Error) -> Silence {
    let cause = if error.is_connect() {
        Cause::Unreached
    } else if error.is_timeout() {
        Cause::TimedOut
    } else {
        Cause::Cut
    };
    let mut deepest = std::error::Error::source(error);
    while let Some(below) = deepest.and_then(std::error::Error::source) {
        deepest = Some(below);
    }
    let theirs = deepest.map(|source| bounded(&source.to_string())).unwrap_or_default();
    Silence { cause, theirs }
}
