//! A caller that signs by hand.

use std::{collections::BTreeMap, time::Duration};

use acceptance::sim::{Access, Clock, Platforms};
use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};
use reqwest::{Certificate, Client, Identity, Response, redirect::Policy};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use serde_json::Value;

/// Longer than any answer takes that is not held back.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) type Fields = BTreeMap<String, String>;

pub(crate) fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The platforms, and somebody who calls them.
pub(crate) struct Hands {
    pub(crate) platforms: Platforms,
    /// Shows no certificate.
    pub(crate) stranger: Client,
    /// Shows the merchant's.
    pub(crate) merchant: Client,
}

fn client(access: &Access, identity: Option<&str>) -> Result<Client> {
    // Another test may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = Certificate::from_pem(access.ca_pem.as_bytes())?;
    let mut client =
        Client::builder().tls_certs_only([root]).redirect(Policy::none()).timeout(LIMIT);
    if let Some(pem) = identity {
        client = client.identity(Identity::from_pem(pem.as_bytes())?);
    }
    Ok(client.build()?)
}

fn der(pem: &str) -> Result<Vec<u8>> {
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(lines).ok().context("a key")
}

/// SHA-256 with RSA, base64.
pub(crate) fn rsa(private_pem: &str, text: &[u8]) -> Result<String> {
    let pair = KeyPair::from_pkcs8(&der(private_pem)?).ok().context("a key")?;
    let mut signature = vec![0; pair.public().modulus_len()];
    let signed = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
    signed.ok().context("a signature")?;
    Ok(STANDARD.encode(signature))
}

/// Whether the owner of a public key has signed a text.
pub(crate) fn has_signed(public_pem: &str, text: &[u8], base64: &str) -> bool {
    // A public key of 2048 bits begins with 24 bytes that say what it is.
    let (Ok(der), Ok(signature)) = (der(public_pem), STANDARD.decode(base64)) else { return false };
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der[24..]).verify(text, &signature).is_ok()
}

/// The signature of a v2 call, upper-case hex.
pub(crate) fn v2_sign(fields: &Fields, key: &str, is_hmac: bool) -> String {
    let said = fields.iter().filter(|(name, value)| *name != "sign" && !value.is_empty());
    let text: String = said.map(|(name, value)| format!("{name}={value}&")).collect();
    let text = format!("{text}key={key}");
    let bytes = if is_hmac {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    } else {
        Md5::digest(text.as_bytes()).to_vec()
    };
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub(crate) fn xml(fields: &Fields) -> String {
    let inner = fields.iter().map(|(name, value)| format!("<{name}>{value}</{name}>"));
    format!("<xml>{}</xml>", inner.collect::<String>())
}

/// Reads what the simulator writes: CDATA and nothing else.
pub(crate) fn read_xml(text: &str) -> Fields {
    let parts = text.split("<![CDATA[").skip(1).zip(text.split("<![CDATA["));
    let pairs = parts.map(|(value, name)| {
        let name = name.rsplit('<').next().unwrap_or_default().trim_end_matches('>');
        let value = value.split("]]>").next().unwrap_or_default();
        (name.to_owned(), value.to_owned())
    });
    pairs.collect()
}

impl Hands {
    pub(crate) async fn new() -> Result<Self> {
        let platforms = Platforms::start().await?;
        let access = platforms.access();
        let stranger = client(access, None)?;
        let merchant = client(access, Some(&access.wechat.identity_pem))?;
        Ok(Self { platforms, stranger, merchant })
    }

    pub(crate) fn access(&self) -> &Access {
        self.platforms.access()
    }

    /// A fresh token.
    pub(crate) async fn token(&self, path: &str) -> Result<String> {
        let douyin = &self.access().douyin;
        let body = serde_json::json!({
            "client_key": douyin.client_key, "client_secret": douyin.client_secret,
            "grant_type": "client_credential",
        });
        let url = format!("{}/oauth/{path}/", douyin.base_url);
        let said: Value = self.stranger.post(url).json(&body).send().await?.json().await?;
        Ok(said["data"]["access_token"].as_str().context("a token")?.to_owned())
    }

    /// `prepare/?…`, `get/?…`
    pub(crate) async fn ask_douyin(&self, token: &str, rest: &str) -> Result<Value> {
        let base = &self.access().douyin.base_url;
        let url = format!("{base}/goodlife/v1/fulfilment/certificate/{rest}");
        let asked = self.stranger.get(url).header("access-token", token);
        Ok(asked.send().await?.json().await?)
    }

    /// `verify/`, `cancel/`
    pub(crate) async fn tell_douyin(&self, token: &str, rest: &str, body: &Value) -> Result<Value> {
        let base = &self.access().douyin.base_url;
        let url = format!("{base}/goodlife/v1/fulfilment/certificate/{rest}");
        let told = self.stranger.post(url).header("access-token", token).json(body);
        Ok(told.send().await?.json().await?)
    }

    /// Sends fields, signed, and gives back the answer as it came.
    pub(crate) async fn post_v2(
        &self,
        client: &Client,
        path: &str,
        pairs: &[(&str, &str)],
    ) -> reqwest::Result<Response> {
        let wechat = &self.access().wechat;
        let mut said = fields(&[
            ("appid", &wechat.appid),
            ("mch_id", &wechat.mch_id),
            ("nonce_str", "8aaee146b1dee7cec9100add9b96cbe2"),
        ]);
        said.extend(fields(pairs));
        let is_hmac = pairs.contains(&("sign_type", "HMAC-SHA256"));
        let sign = v2_sign(&said, &wechat.api_key, is_hmac);
        said.entry("sign".to_owned()).or_insert(sign);
        client.post(format!("{}{path}", wechat.base_url)).body(xml(&said)).send().await
    }

    /// The same; a signature of the answer must be right in the manner of the call.
    pub(crate) async fn v2(&self, path: &str, pairs: &[(&str, &str)]) -> Result<Fields> {
        let answer = self.post_v2(&self.merchant, path, pairs).await?;
        let mut answer = read_xml(&answer.text().await?);
        if let Some(sign) = answer.remove("sign") {
            let is_hmac = pairs.contains(&("sign_type", "HMAC-SHA256"));
            let right = v2_sign(&answer, &self.access().wechat.api_key, is_hmac);
            anyhow::ensure!(sign == right, "{answer:?}");
        }
        Ok(answer)
    }

    /// A payment code is charged.
    pub(crate) async fn micropay(&self, number: &str, fen: &str, code: &str) -> Result<Fields> {
        self.v2("/pay/micropay", &charge(number, fen, code)).await
    }

    /// The header that signs a v3 call, as of so many seconds ago.
    pub(crate) fn authorization(
        &self,
        (method, path, body): (&str, &str, &str),
        age_seconds: i64,
    ) -> Result<String> {
        let wechat = &self.access().wechat;
        let at = Clock::wall() - age_seconds;
        let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
        let text = format!("{method}\n{path}\n{at}\n{nonce}\n{body}\n");
        let signature = rsa(&wechat.merchant_key_pem, text.as_bytes())?;
        let (mchid, serial) = (&wechat.mch_id, &wechat.merchant_serial);
        Ok(format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{at}\",\
             serial_no=\"{serial}\",signature=\"{signature}\""
        ))
    }

    /// Calls v3 with such a header.
    pub(crate) async fn v3_as(
        &self,
        (method, path, body): (&str, &str, &str),
        authorization: String,
    ) -> Result<Response> {
        let call = self
            .stranger
            .request(method.parse()?, format!("{}{path}", self.access().wechat.base_url))
            .header("Authorization", authorization)
            .header("Accept", "application/json")
            .header("Content-Type", "application/json")
            .body(body.to_owned());
        Ok(call.send().await?)
    }

    /// Calls v3 as the merchant does.
    pub(crate) async fn v3(&self, call: (&str, &str, &str)) -> Result<Response> {
        self.v3_as(call, self.authorization(call, 0)?).await
    }

    /// Calls the gateway and gives back the answer's text.
    pub(crate) async fn post_alipay(&self, method: &str, content: &Value) -> Result<String> {
        let alipay = &self.access().alipay;
        let mut said = fields(&[
            ("app_id", &alipay.app_id),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", "2026-03-14 15:09:26"),
            ("version", "1.0"),
            ("biz_content", &content.to_string()),
        ]);
        let pairs: Vec<String> =
            said.iter().map(|(name, value)| format!("{name}={value}")).collect();
        said.insert("sign".to_owned(), rsa(&alipay.app_key_pem, pairs.join("&").as_bytes())?);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&said).finish();
        let call = self
            .stranger
            .post(&alipay.gateway_url)
            .header("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
            .body(form);
        Ok(call.send().await?.text().await?)
    }

    /// The same; the raw text of the node is verified, and the node comes back.
    pub(crate) async fn alipay(&self, method: &str, content: &Value) -> Result<Value> {
        let text = self.post_alipay(method, content).await?;
        let (node, sign) = split_alipay(&text).context("no signed node")?;
        let key = &self.access().alipay.alipay_public_key_pem;
        anyhow::ensure!(has_signed(key, node.as_bytes(), sign), "{text}");
        Ok(serde_json::from_str(node)?)
    }
}

/// The raw text of the node, and the signature.
pub(crate) fn split_alipay(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("_response\":")?;
    let (node, sign) = rest.rsplit_once(",\"sign\":\"")?;
    Some((node, sign.strip_suffix("\"}")?))
}

pub(crate) fn charge<'a>(
    number: &'a str,
    fen: &'a str,
    code: &'a str,
) -> [(&'static str, &'a str); 5] {
    [
        ("body", "归台-南京店-商品"),
        ("out_trade_no", number),
        ("total_fee", fen),
        ("spbill_create_ip", "10.0.0.7"),
        ("auth_code", code),
    ]
}
