//! WeChat Pay v3: merchant coupons (商家券), and what the house tells the mall by itself.
//!
//! Questions are signed over the bytes as they are sent, answers verified over the bytes as they
//! came, also those that say no: an unsigned "no" is silence.

mod coupon;
mod notice;
mod verify;

use std::sync::Arc;

use reqwest::Method;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use notice::{Notice, NoticeFault};
pub use verify::{PlatformKey, SignedHeaders, Unverified};

#[cfg(test)]
pub(crate) use {coupon::reads_sample, notice::open};

use self::verify::PlatformKeys;
use crate::{
    Clock, Endpoint, SetupError,
    http::{self, Ask},
    moment,
    rsa::SigningKey,
    secret::Secret,
    verdict::{Cause, Otherwise, RefusalCode},
};

/// The length of an `APIv3` key.
const APIV3_KEY_BYTES: usize = 32;
/// Letters and digits of a nonce, as the official SDK has them.
const NONCE_SIGNS: usize = 32;

/// What the chain got from WeChat Pay's merchant platform.
#[derive(Clone, Debug)]
pub struct Config {
    /// Usually `wechat::BASE_URL`.
    pub endpoint: Endpoint,
    /// 公众账号ID.
    pub appid: String,
    /// 商户号.
    pub mchid: String,
    /// The serial number of the merchant's certificate (商户API证书序列号).
    pub serial_no: String,
    /// Its key (`apiclient_key.pem`).
    pub private_key_pem: Secret,
    /// `APIv3` 密钥, 32 signs.
    pub api_v3_key: Secret,
    /// The house's keys; more than one while they change. The first is the one it should answer
    /// with.
    pub platform_keys: Vec<PlatformKey>,
}

/// WeChat Pay v3 for one merchant.
#[derive(Clone)]
pub struct Client {
    http: http::Client,
    appid: String,
    mchid: String,
    serial_no: String,
    key: Arc<SigningKey>,
    api_v3_key: Secret,
    platform: Arc<PlatformKeys>,
    clock: Clock,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("mchid", &self.mchid)
            .field("serial_no", &self.serial_no)
            .field("platform", &self.platform)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Sets it up; it connects when it is first used.
    pub fn new(config: Config, clock: Clock) -> Result<Self, SetupError> {
        if config.api_v3_key.reveal().len() != APIV3_KEY_BYTES {
            return Err(SetupError::Length("APIv3 key"));
        }
        let key = SigningKey::read(&config.private_key_pem, "merchant's key")?;
        Ok(Self {
            http: http::Client::new(&config.endpoint, None)?,
            appid: config.appid,
            mchid: config.mchid,
            serial_no: config.serial_no,
            key: Arc::new(key),
            api_v3_key: config.api_v3_key,
            platform: Arc::new(PlatformKeys::read(&config.platform_keys)?),
            clock,
        })
    }

    /// Verifies and opens what the house sent to the mall by itself (回调通知). Answer 204 to a
    /// notice, and 4xx to a fault: the house sends faulty ones on purpose and looks.
    pub fn read_notice(
        &self,
        headers: &SignedHeaders<'_>,
        body: &[u8],
    ) -> Result<Notice, NoticeFault> {
        let now = (self.clock)();
        self.platform.verify(headers, body, now).map_err(NoticeFault::Unverified)?;
        notice::open(body, &self.api_v3_key)
    }

    async fn get<T: DeserializeOwned>(&self, path: String) -> Result<T, Otherwise> {
        self.ask(Ask::get(path)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Otherwise> {
        let body = serde_json::to_vec(body)
            .map_err(|_| Otherwise::no(RefusalCode::Misconfigured, "not JSON"))?;
        self.ask(Ask::post(path, "application/json", body)).await
    }

    /// Signs, asks, verifies, and only then reads.
    async fn ask<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Otherwise> {
        let nonce = nonce()?;
        let seconds = moment::seconds((self.clock)());
        let message = message(&ask.method, &ask.path, seconds, &nonce, &ask.body);
        let signature = self.key.sign(&message);
        let authorization =
            authorization(&self.mchid, &self.serial_no, seconds, &nonce, &signature);
        let mut ask = ask
            .header("authorization", authorization)
            .header("accept", "application/json".to_owned());
        if let Some(id) = self.platform.preferred() {
            ask = ask.header("wechatpay-serial", id.to_owned());
        }
        let answer = self.http.ask(ask).await?;
        let status = answer.status;
        if status == 429 || status >= 500 {
            return Err(Otherwise::silence(Cause::Busy, &format!("HTTP {status}")));
        }
        let said = SignedHeaders::of(&answer)
            .ok_or_else(|| Otherwise::silence(Cause::Unverified, &format!("HTTP {status}")))?;
        let now = (self.clock)();
        self.platform
            .verify(&said, &answer.body, now)
            .map_err(|fault| Otherwise::silence(Cause::Unverified, &fault.to_string()))?;
        match status {
            200 => serde_json::from_slice(&answer.body)
                .map_err(|_| Otherwise::silence(Cause::Unreadable, "HTTP 200")),
            400..=499 => Err(refusal(status, &answer.body)),
            _ => Err(Otherwise::silence(Cause::Unreadable, &format!("HTTP {status}"))),
        }
    }
}

/// What is signed: five lines, each with its end, also the last.
pub(crate) fn message(
    method: &Method,
    path: &str,
    seconds: i64,
    nonce: &str,
    body: &[u8],
) -> Vec<u8> {
    let mut message = format!("{method}\n{path}\n{seconds}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    message
}

pub(crate) fn authorization(
    mchid: &str,
    serial_no: &str,
    seconds: i64,
    nonce: &str,
    signature: &str,
) -> String {
    format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",\
         timestamp=\"{seconds}\",serial_no=\"{serial_no}\",signature=\"{signature}\""
    )
}

/// Random letters and digits.
fn nonce() -> Result<String, Otherwise> {
    const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";
    let mut bytes = [0; NONCE_SIGNS];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Otherwise::silence(Cause::Unreached, "no random numbers"))?;
    let sign = |byte: &u8| SIGNS.get(usize::from(byte % 32)).copied().map(char::from);
    Ok(bytes.iter().filter_map(sign).collect())
}

/// What a verified "no" means. `message` is for people and never looked at.
pub(crate) fn refusal(status: u16, body: &[u8]) -> Otherwise {
    #[derive(Deserialize)]
    struct Fault {
        code: String,
        #[serde(default)]
        message: String,
    }
    let Ok(Fault { code, message }) = serde_json::from_slice(body) else {
        return Otherwise::silence(Cause::Unreadable, &format!("HTTP {status}"));
    };
    let theirs = format!("{code} {message}");
    let refusal = match code.as_str() {
        "RESOURCE_NOT_EXISTS" => RefusalCode::NotFound,
        "INVALID_REQUEST" => RefusalCode::NotUsable,
        "NO_AUTH" | "REQUEST_BLOCKED" => RefusalCode::NotAuthorised,
        "PARAM_ERROR" | "SIGN_ERROR" | "APPID_MCHID_NOT_MATCH" | "MCH_NOT_EXISTS" => {
            RefusalCode::Misconfigured
        }
        "SYSTEM_ERROR" | "FREQUENCY_LIMITED" | "RATELIMIT_EXCEED" | "BIZ_ERR_NEED_RETRY" => {
            return Otherwise::silence(Cause::Busy, &theirs);
        }
        _ => return Otherwise::silence(Cause::Unknown, &theirs),
    };
    Otherwise::no(refusal, &theirs)
}
