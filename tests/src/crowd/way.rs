//! The way of a store of the crowd to the mall: signed requests, as an edge node sends them.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use domain::{id::EdgeId, time::Timestamp};
use reqwest::{Client, Method};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sync::signature::{self, Signed};

/// A mall that does not answer within this time is silent, as for an edge node.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Now, as everybody has it.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the clock of a store, outside the house")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A client whose connections stay, as an edge node's do.
///
/// # Errors
/// When it cannot be set up.
pub fn client() -> Result<Client> {
    // Another may have been quicker.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().timeout(ANSWER_LIMIT);
    client.redirect(reqwest::redirect::Policy::none()).build().context("no HTTP client")
}

/// How a call ended.
#[derive(Debug)]
pub enum Heard<T> {
    /// It was done.
    Done(T),
    /// The mall said no.
    Refused(No),
    /// It said nothing, or nothing that was agreed.
    Silent,
}

/// A no, as far as an edge node reads it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct No {
    /// The HTTP status.
    #[serde(skip)]
    pub status: u16,
    /// The problem's type.
    #[serde(default, rename = "type")]
    pub problem: String,
    /// When to come again, if it says so.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

/// A way.
#[derive(Clone, Debug)]
pub struct Way {
    /// What it goes by.
    pub client: Client,
    /// Where the mall is.
    pub url: String,
    /// Who calls.
    pub edge: EdgeId,
    /// The key it signs with, in PKCS#8.
    pub key: Vec<u8>,
}

impl Way {
    /// Tells something.
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Heard<T> {
        match serde_json::to_vec(body) {
            Ok(body) => self.send(Method::POST, path, body).await,
            Err(_) => Heard::Silent,
        }
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Heard<T> {
        self.send(Method::GET, path, Vec::new()).await
    }

    /// Sends bytes that were made before.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Heard<T> {
        let at = now();
        let nonce = u64::try_from(at.micros()).unwrap_or(0);
        let signed = Signed { method: method.as_str(), path, body: &body };
        let Ok(header) = signature::sign(&self.key, self.edge, at, nonce, signed) else {
            return Heard::Silent;
        };
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = request.header(signature::HEADER, header);
        let Ok(answer) = request.header("content-type", "application/json").body(body).send().await
        else {
            return Heard::Silent;
        };
        let status = answer.status();
        let Ok(bytes) = answer.bytes().await else { return Heard::Silent };
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_or(Heard::Silent, Heard::Done);
        }
        let no: No = serde_json::from_slice(&bytes).unwrap_or_default();
        Heard::Refused(No { status: status.as_u16(), ..no })
    }
}
