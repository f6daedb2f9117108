//! Douyin life services (抖音生活服务, 到店核销): vouchers that a shopper bought there.
//!
//! Every answer is HTTP 200; `data.error_code` says what it is. Money is whole fen, times are
//! seconds in most answers and milliseconds in some, so they are told by their size.
//!
//! **Invariant:** one client per app in the whole chain: a new token makes the one before last
//! useless, so two holders would knock each other out.

mod answer;
mod certificate;
mod link;
#[cfg(test)]
mod samples;
mod token;
pub mod webhook;

use std::sync::Arc;

use domain::time::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

pub use link::LinkConfig;

#[cfg(test)]
pub(crate) use samples::{reads_anything, reads_sample};

use self::{
    answer::{Data, Special},
    certificate::{CancelBody, Certificate, Prepared as PreparedAnswer, Verified, VerifyBody},
    link::Links,
    token::Tokens,
};
use crate::{
    Clock, Endpoint, SetupError,
    http::{self, Ask},
    issuer::{
        Attempt, CODES_MAX, Found, Held, Prepared, Presented, Redeem, Redeemed, Shop, Taken, Undo,
    },
    secret::{Code, Secret},
    verdict::{Cause, Otherwise, RefusalCode},
};

/// The house's public address.
pub const BASE_URL: &str = "https://open.douyin.com";

/// What a query may hold unescaped.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What the chain got from Douyin's open platform.
#[derive(Clone, Debug)]
pub struct Config {
    /// Usually `BASE_URL`.
    pub endpoint: Endpoint,
    /// The app's `client_key`.
    pub client_key: String,
    /// Its `client_secret`.
    pub client_secret: Secret,
    /// 来客商户根账户, if the app serves several merchants.
    pub root_account: Option<String>,
    /// How short links are followed.
    pub links: LinkConfig,
}

/// That all of a question was used already, code by code.
fn used_already(otherwise: Otherwise, codes: &[Code]) -> Result<Redeemed, Otherwise> {
    match otherwise {
        Otherwise::No(refusal) if refusal.code == RefusalCode::Used => {
            let refused = codes.iter().map(|code| (code.clone(), refusal.clone())).collect();
            Ok(Redeemed { taken: Vec::new(), refused })
        }
        otherwise @ (Otherwise::No(_) | Otherwise::Silence(_)) => Err(otherwise),
    }
}

impl Redeemed {
    /// Whether all of it was used before.
    fn is_used_already(&self) -> bool {
        let mut refused = self.refused.iter();
        self.taken.is_empty() && refused.all(|(_, refusal)| refusal.code == RefusalCode::Used)
    }
}

/// Douyin, with the chain's token.
#[derive(Clone, Debug)]
pub struct Client {
    http: http::Client,
    links: Links,
    tokens: Arc<Tokens>,
    root_account: Option<String>,
}

impl Client {
    /// Sets it up; it asks for a token when it is first used.
    pub fn new(config: Config, clock: Clock) -> Result<Self, SetupError> {
        let http = http::Client::new(&config.endpoint, None)?;
        let links = Links::new(&config.links)?;
        let tokens = Tokens::new(http.clone(), config.client_key, config.client_secret, clock);
        Ok(Self { http, links, tokens: Arc::new(tokens), root_account: config.root_account })
    }

    pub(crate) async fn look_up(
        &self,
        presented: &Presented,
        shop: &Shop,
    ) -> Result<Found, Otherwise> {
        let (name, value) = if presented.code.reveal().contains("://") {
            ("encrypted_data", self.links.object_id(&presented.code).await?)
        } else {
            ("code", presented.code.clone())
        };
        let mut path = format!(
            "/goodlife/v1/fulfilment/certificate/prepare/?{name}={}",
            utf8_percent_encode(value.reveal(), QUERY),
        );
        if !shop.id.is_empty() {
            path = format!("{path}&poi_id={}", utf8_percent_encode(&shop.id, QUERY));
        }
        let prepared: PreparedAnswer =
            self.ask(|| Ask::get(path.clone()), certificate::prepare_refusal).await?;
        prepared.found()
    }

    pub(crate) async fn redeem(&self, ask: &Redeem) -> Result<Redeemed, Otherwise> {
        let Prepared::Douyin { token, .. } = &ask.prepared else {
            return Err(Otherwise::no(RefusalCode::Misconfigured, "not of Douyin's look-up"));
        };
        if ask.codes.is_empty() || ask.codes.len() > CODES_MAX {
            return Err(Otherwise::no(RefusalCode::Misconfigured, "one to ten codes"));
        }
        let body = VerifyBody::new(token, &ask.codes, &ask.shop);
        let answer = self.post("/goodlife/v1/fulfilment/certificate/verify/", &body).await;
        let redeemed = answer.and_then(|verified: Verified| verified.redeemed(&ask.codes));
        let redeemed = redeemed.or_else(|otherwise| used_already(otherwise, &ask.codes));
        let redeemed = match ask.attempt {
            // A call may arrive twice on its way; then all of it is used.
            Attempt::First => match redeemed? {
                all if all.is_used_already() => self.looked_at(all, ask.at).await?,
                redeemed => redeemed,
            },
            Attempt::Again => {
                self.looked_at(redeemed.map_err(Otherwise::after_an_attempt)?, ask.at).await?
            }
        };
        match redeemed.refused.first() {
            Some((_, refusal)) if redeemed.taken.is_empty() => Err(Otherwise::No(refusal.clone())),
            Some(_) | None => Ok(redeemed),
        }
    }

    /// What was found used already may have been used by this question, which arrived before, or by
    /// anybody: the house tells when, and by which name.
    async fn looked_at(&self, redeemed: Redeemed, since: Timestamp) -> Result<Redeemed, Otherwise> {
        let Redeemed { mut taken, refused: said } = redeemed;
        let mut refused = Vec::new();
        for (code, refusal) in said {
            if refusal.code != RefusalCode::Used {
                refused.push((code, refusal));
                continue;
            }
            match self.query(&code, Some(since)).await? {
                Held::Taken { is_ours: Some(false), .. } | Held::Gone(_) => {
                    refused.push((code, refusal));
                }
                Held::Taken { taken: one, .. } => taken.push(one),
                Held::Unused => {
                    return Err(Otherwise::silence(Cause::Contradiction, "used, and it is not"));
                }
            }
        }
        Ok(Redeemed { taken, refused })
    }

    pub(crate) async fn query(
        &self,
        code: &Code,
        since: Option<Timestamp>,
    ) -> Result<Held, Otherwise> {
        let escaped = utf8_percent_encode(code.reveal(), QUERY);
        let path = format!("/goodlife/v1/fulfilment/certificate/get/?encrypted_code={escaped}");
        let certificate: Certificate = self.ask(|| Ask::get(path.clone()), answer::plain).await?;
        certificate.held(code, since)
    }

    /// Cancels. Behind a refusal may stand our own cancel: an earlier attempt, or this one, which
    /// may arrive twice on its way.
    pub(crate) async fn reverse(&self, ask: &Undo) -> Result<(), Otherwise> {
        let taken = self.with_names(&ask.taken).await?;
        let refused = match self.cancel(&taken, &ask.shop).await {
            Err(Otherwise::No(refusal)) => refusal,
            other => return other,
        };
        match self.query(&taken.code, None).await? {
            Held::Unused => Ok(()),
            Held::Taken { .. } | Held::Gone(_) => Err(Otherwise::No(refused).after_an_attempt()),
        }
    }

    async fn cancel(&self, taken: &Taken, shop: &Shop) -> Result<(), Otherwise> {
        let body = CancelBody::new(taken, shop).ok_or_else(|| {
            Otherwise::silence(Cause::Contradiction, "used, and by no name that can be cancelled")
        })?;
        let done: Result<answer::Nothing, _> =
            self.post("/goodlife/v1/fulfilment/certificate/cancel/", &body).await;
        done.map(|answer::Nothing {}| ())
    }

    /// A second attempt to redeem may not have been told the names that a cancel needs.
    async fn with_names(&self, taken: &Taken) -> Result<Taken, Otherwise> {
        if taken.verification.is_some() && taken.certificate.is_some() {
            return Ok(taken.clone());
        }
        match self.query(&taken.code, None).await? {
            Held::Taken { taken, .. } => Ok(taken),
            Held::Unused | Held::Gone(_) => Ok(taken.clone()),
        }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Otherwise> {
        let body = serde_json::to_vec(body)
            .map_err(|_| Otherwise::no(RefusalCode::Misconfigured, "not JSON"))?;
        self.ask(|| Ask::post(path, "application/json", body.clone()), answer::plain).await
    }

    /// Asks with the token; a token that the house no longer takes is renewed once.
    async fn ask<T: DeserializeOwned>(
        &self,
        make: impl Fn() -> Ask,
        special: Special,
    ) -> Result<T, Otherwise> {
        let token = self.tokens.current().await?;
        match self.ask_with(make(), special, &token).await? {
            Data::Yes(data) => return Ok(data),
            Data::Otherwise(otherwise) => return Err(otherwise),
            Data::TokenGone => {}
        }
        let token = self.tokens.renewed(&token).await?;
        match self.ask_with(make(), special, &token).await? {
            Data::Yes(data) => Ok(data),
            Data::Otherwise(otherwise) => Err(otherwise),
            Data::TokenGone => Err(Otherwise::no(RefusalCode::NotAuthorised, "token")),
        }
    }

    async fn ask_with<T: DeserializeOwned>(
        &self,
        ask: Ask,
        special: Special,
        token: &Secret,
    ) -> Result<Data<T>, Otherwise> {
        let mut ask = ask.header("access-token", token.reveal().to_owned());
        if !ask.headers.iter().any(|(name, _)| *name == "content-type") {
            ask = ask.header("content-type", "application/json".to_owned());
        }
        if let Some(account) = &self.root_account {
            ask = ask.header("rpc-transit-life-account", account.clone());
        }
        let body = self.http.ask(ask).await?.ok_body()?;
        Ok(answer::read(&body, special))
    }
}
