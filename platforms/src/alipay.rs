//! Alipay's payment codes (当面付): trade.pay, query, cancel, refund, fastpay.refund.query.
//!
//! One address, forms in, JSON out. The answer's node is verified as the raw text that came, and
//! only then read. Amounts are yuan with two decimals on this wire and whole fen everywhere else.

mod codes;
mod node;
pub mod sign;
mod trade;

#[cfg(test)]
pub(crate) use self::node::verified;

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use self::codes::Asked;
use crate::{
    Clock, Endpoint, SetupError,
    acquirer::{Charge, Charged, Refund, Refunding, Reversal, Standing},
    http::{self, Ask, Patience},
    moment,
    rsa::{PublicKey, SigningKey},
    secret::{OurNumber, Secret},
    verdict::{Otherwise, RefusalCode},
};

/// The house's public address.
pub const BASE_URL: &str = "https://openapi.alipay.com";
/// Behind it.
const GATEWAY: &str = "/gateway.do";

/// What the chain got from Alipay's open platform.
#[derive(Clone, Debug)]
pub struct Config {
    /// Usually `BASE_URL`.
    pub endpoint: Endpoint,
    /// 应用 APPID.
    pub app_id: String,
    /// 应用私钥: PEM, or the bare base64 that Alipay's tool shows.
    pub private_key: Secret,
    /// 支付宝公钥: PEM or bare base64; in certificate mode the certificate (`alipayCertPublicKey`).
    pub alipay_key: String,
    /// Certificate mode (公钥证书模式), if the app uses it.
    pub certificates: Option<Certificates>,
    /// `app_auth_token`, if the app acts for another merchant.
    pub app_auth_token: Option<Secret>,
}

/// The certificates whose numbers go with each question in certificate mode.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// 应用公钥证书 (`appCertPublicKey`), PEM.
    pub app_pem: String,
    /// 支付宝根证书 (`alipayRootCert`), PEM, all of it.
    pub root_pem: String,
}

/// Alipay for one app.
#[derive(Clone)]
pub struct Client {
    http: http::Client,
    app_id: String,
    key: Arc<SigningKey>,
    alipay_key: PublicKey,
    /// `app_cert_sn` and `alipay_root_cert_sn`.
    serials: Option<(String, String)>,
    app_auth_token: Option<Secret>,
    clock: Clock,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

impl Client {
    /// Sets it up; it connects when it is first used.
    pub fn new(config: Config, clock: Clock) -> Result<Self, SetupError> {
        let serials = match &config.certificates {
            None => None,
            Some(certificates) => {
                let fault = SetupError::Key("certificate of the app or of Alipay's root");
                let app = sign::certificate_serial(&certificates.app_pem).ok_or(fault)?;
                let root = sign::root_serials(&certificates.root_pem).ok_or(fault)?;
                Some((app, root))
            }
        };
        Ok(Self {
            http: http::Client::new(&config.endpoint, None)?,
            app_id: config.app_id,
            key: Arc::new(SigningKey::read(&config.private_key, "app's key")?),
            alipay_key: PublicKey::read(&config.alipay_key, "key of Alipay")?,
            serials,
            app_auth_token: config.app_auth_token,
            clock,
        })
    }

    pub(crate) async fn charge(&self, charge: &Charge) -> Result<Charged, Otherwise> {
        let ask = trade::PayBody::new(charge);
        let paid: trade::PayNode =
            self.ask("alipay.trade.pay", &ask, Asked::Charge, Patience::Charge).await?;
        paid.charged(charge)
    }

    pub(crate) async fn query(&self, number: &OurNumber) -> Result<Standing, Otherwise> {
        let ask = trade::NumberBody::new(number);
        let node: Result<trade::PayNode, _> =
            self.ask("alipay.trade.query", &ask, Asked::Query, Patience::Answer).await;
        trade::standing(node, number)
    }

    pub(crate) async fn reverse(&self, number: &OurNumber) -> Result<Reversal, Otherwise> {
        let ask = trade::NumberBody::new(number);
        let node: trade::CancelNode =
            self.ask("alipay.trade.cancel", &ask, Asked::Reverse, Patience::Charge).await?;
        node.reversal(number)
    }

    pub(crate) async fn refund(&self, refund: &Refund) -> Result<Refunding, Otherwise> {
        let ask = trade::RefundBody::new(refund);
        let node: trade::RefundNode =
            self.ask("alipay.trade.refund", &ask, Asked::Refund, Patience::Charge).await?;
        node.refunding(refund)
    }

    pub(crate) async fn refund_query(&self, refund: &Refund) -> Result<Refunding, Otherwise> {
        let ask = trade::RefundQueryBody::new(refund);
        let method = "alipay.trade.fastpay.refund.query";
        let node: Result<trade::RefundQueryNode, _> =
            self.ask(method, &ask, Asked::RefundQuery, Patience::Answer).await;
        trade::refund_standing(node, refund)
    }
}

impl Client {
    /// Signs, asks, verifies, and only then reads.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        content: &impl Serialize,
        asked: Asked,
        patience: Patience,
    ) -> Result<T, Otherwise> {
        let content = serde_json::to_string(content)
            .map_err(|_| Otherwise::no(RefusalCode::Misconfigured, "not JSON"))?;
        let timestamp = moment::wall((self.clock)());
        let mut fields = vec![
            ("app_id", self.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", &timestamp),
            ("version", "1.0"),
            ("biz_content", &content),
        ];
        if let Some((app, root)) = &self.serials {
            fields.extend([("app_cert_sn", app.as_str()), ("alipay_root_cert_sn", root)]);
        }
        if let Some(token) = &self.app_auth_token {
            fields.push(("app_auth_token", token.reveal()));
        }
        let signature = self.key.sign(sign::text(&fields).as_bytes());
        fields.push(("sign", &signature));
        let body = sign::form(&fields).into_bytes();
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let mut ask = Ask::post(GATEWAY, form, body);
        ask.patience = patience;
        let body = self.http.ask(ask).await?.ok_body()?;
        node::read(&body, method, &self.alipay_key, asked)
    }
}
