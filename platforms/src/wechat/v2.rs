//! WeChat Pay v2: micropay, orderquery, reverse, refund, refundquery (付款码支付).
//!
//! | call | path | mutual TLS |
//! | --- | --- | --- |
//! | charge | `/pay/micropay` | no |
//! | query | `/pay/orderquery` | no |
//! | reverse | `/secapi/pay/reverse` | yes |
//! | refund | `/secapi/pay/refund` | yes |
//! | query the refund | `/pay/refundquery` | no |
//!
//! `return_code` says whether the question was understood at all; such a "no" carries no
//! signature, so it is silence. `result_code` is signed, and is what counts.

mod codes;
mod notice;
mod order;
mod refund;
mod sign;
mod xml;

use std::net::IpAddr;

use ring::rand::{SecureRandom as _, SystemRandom};

pub use notice::NoticeFault;
pub use sign::SignType;
pub use xml::{Fields, XmlFault};

#[cfg(test)]
pub(crate) use sign::{sign, verifies};

use crate::{
    Endpoint, SetupError,
    acquirer::{Charge, Charged, Refund, Refunding, Reversal, Standing},
    http::{self, Ask, Patience},
    secret::{OurNumber, Secret},
    verdict::{Cause, Otherwise},
};

/// The length of an API key.
const API_KEY_BYTES: usize = 32;

/// What the chain got from WeChat Pay's merchant platform.
#[derive(Clone, Debug)]
pub struct Config {
    /// Usually `wechat::BASE_URL`.
    pub endpoint: Endpoint,
    /// 公众账号ID.
    pub appid: String,
    /// 商户号.
    pub mch_id: String,
    /// API 密钥 (v2), 32 signs.
    pub api_key: Secret,
    /// How questions and answers are signed.
    pub sign_type: SignType,
    /// 商户API证书 and its key in one PEM (`apiclient_cert.pem` and `apiclient_key.pem`).
    pub identity_pem: Secret,
    /// The address of the machine that asks.
    pub caller_ip: IpAddr,
}

/// WeChat Pay v2 for one merchant.
#[derive(Clone, Debug)]
pub struct Client {
    plain: http::Client,
    mutual: http::Client,
    appid: String,
    mch_id: String,
    api_key: Secret,
    sign_type: SignType,
    caller_ip: IpAddr,
}

/// Which connection a question takes.
#[derive(Clone, Copy)]
enum Way {
    Plain,
    Mutual,
}

impl Client {
    /// Sets it up; it connects when it is first used.
    pub fn new(config: Config) -> Result<Self, SetupError> {
        if config.api_key.reveal().len() != API_KEY_BYTES {
            return Err(SetupError::Length("API key"));
        }
        Ok(Self {
            plain: http::Client::new(&config.endpoint, None)?,
            mutual: http::Client::new(&config.endpoint, Some(&config.identity_pem))?,
            appid: config.appid,
            mch_id: config.mch_id,
            api_key: config.api_key,
            sign_type: config.sign_type,
            caller_ip: config.caller_ip,
        })
    }

    pub(crate) async fn charge(&self, charge: &Charge) -> Result<Charged, Otherwise> {
        let fields = order::charge_fields(charge, self.caller_ip);
        let answer = self.ask(Way::Plain, "/pay/micropay", fields, Patience::Charge).await?;
        order::charged(&answer, charge)
    }

    pub(crate) async fn query(&self, number: &OurNumber) -> Result<Standing, Otherwise> {
        let fields = order::number_field(number);
        let answer = self.ask(Way::Plain, "/pay/orderquery", fields, Patience::Answer).await?;
        order::standing(&answer, number)
    }

    pub(crate) async fn reverse(&self, number: &OurNumber) -> Result<Reversal, Otherwise> {
        let fields = order::number_field(number);
        let answer = self.ask(Way::Mutual, "/secapi/pay/reverse", fields, Patience::Charge).await?;
        order::reversal(&answer)
    }

    pub(crate) async fn refund(&self, refund: &Refund) -> Result<Refunding, Otherwise> {
        let fields = refund::fields(refund);
        let answer = self.ask(Way::Mutual, "/secapi/pay/refund", fields, Patience::Charge).await?;
        refund::accepted(&answer, refund)
    }

    pub(crate) async fn refund_query(&self, refund: &Refund) -> Result<Refunding, Otherwise> {
        let fields = refund::query_fields(refund);
        let answer = self.ask(Way::Plain, "/pay/refundquery", fields, Patience::Answer).await?;
        refund::standing(&answer, refund)
    }

    /// Opens what the house sent to the mall about a refund (退款结果通知). It is sealed and not
    /// signed: a reason to call `refund_query`, and no fact.
    pub fn read_refund_notice(&self, body: &[u8]) -> Result<Fields, NoticeFault> {
        notice::open(body, &self.mch_id, &self.api_key)
    }

    /// Signs, asks, and hands up what is verified and is ours.
    async fn ask(
        &self,
        way: Way,
        path: &str,
        mut fields: Fields,
        patience: Patience,
    ) -> Result<Fields, Otherwise> {
        fields.put("appid", &self.appid);
        fields.put("mch_id", &self.mch_id);
        fields.put("nonce_str", &nonce()?);
        if self.sign_type == SignType::HmacSha256 {
            fields.put("sign_type", "HMAC-SHA256");
        }
        let signature = sign::sign(&fields, &self.api_key, self.sign_type);
        fields.put("sign", &signature);
        let mut ask = Ask::post(path, "text/xml; charset=utf-8", fields.to_xml().into_bytes());
        ask.patience = patience;
        let client = match way {
            Way::Plain => &self.plain,
            Way::Mutual => &self.mutual,
        };
        let body = client.ask(ask).await?.ok_body()?;
        self.verified(&body)
    }

    fn verified(&self, body: &[u8]) -> Result<Fields, Otherwise> {
        let answer = Fields::read(body)
            .map_err(|fault| Otherwise::silence(Cause::Unreadable, &fault.to_string()))?;
        if answer.get("return_code") != Some("SUCCESS") {
            let said = answer.get("return_msg").unwrap_or_default();
            return Err(Otherwise::silence(Cause::Unverified, &format!("return_code {said}")));
        }
        if !sign::verifies(&answer, &self.api_key, self.sign_type) {
            return Err(Otherwise::silence(Cause::Unverified, "sign"));
        }
        // The key is the merchant's own, so another merchant's answer could not be signed with
        // it; another app's could.
        let is_ours = answer.get("mch_id") == Some(&self.mch_id)
            && answer.get("appid").is_none_or(|appid| appid == self.appid);
        if is_ours { Ok(answer) } else { Err(Otherwise::silence(Cause::Contradiction, "sender")) }
    }
}

/// 32 random hex digits.
fn nonce() -> Result<String, Otherwise> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Otherwise::silence(Cause::Unreached, "no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
