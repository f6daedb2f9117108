//! A voucher on Douyin's wire: prepare, verify, cancel, get.

use domain::{money::Money, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::answer::{BUSINESS_ERROR, meaning, whole};
use crate::{
    issuer::{Found, Held, Offer, Prepared as PreparedByUs, Redeemed, Shop, Taken, Worth},
    moment::from_epoch,
    secret::Code,
    verdict::{Cause, Otherwise, RefusalCode, bounded},
};

/// Vouchers of one order; a longer list is not believed.
const CERTIFICATES_MAX: usize = 100;
/// `groupon_type`: certain goods.
const GOODS: i64 = 1;
/// A voucher that pays. What else there is, as a card of visits (3), is worth at one visit what the
/// house does not tell: its amounts are of the whole card.
const CASH_VOUCHER: i64 = 2;
/// The house's clock and ours are this far apart at most.
const SKEW_MS: i64 = 120_000;
/// `status`: the values that are known.
const UNUSED: i64 = 1;
const USED: i64 = 2;

/// In a prepare, a business error is a QR code that is malformed or outdated: it has no effect that
/// could have happened, so nothing is lost by saying so.
pub(super) fn prepare_refusal(code: i64) -> Option<RefusalCode> {
    (code == BUSINESS_ERROR).then_some(RefusalCode::Unreadable)
}

/// The data of a prepare.
#[derive(Deserialize)]
pub(super) struct Prepared {
    #[serde(default)]
    verify_token: String,
    #[serde(default)]
    order_id: String,
    #[serde(default)]
    certificates: Option<Vec<Listed>>,
    #[serde(default)]
    certificates_v2: Option<Vec<Listed>>,
}

#[derive(Deserialize)]
struct Listed {
    encrypted_code: String,
    #[serde(default, deserialize_with = "whole")]
    start_time: Option<i64>,
    #[serde(default, deserialize_with = "whole")]
    expire_time: Option<i64>,
    #[serde(default)]
    amount: Amounts,
    #[serde(default)]
    sku: Sku,
}

#[derive(Default, Deserialize)]
struct Amounts {
    #[serde(default, deserialize_with = "whole")]
    original_amount: Option<i64>,
    #[serde(default, deserialize_with = "whole")]
    list_market_amount: Option<i64>,
    #[serde(default, deserialize_with = "whole")]
    pay_amount: Option<i64>,
}

#[derive(Default, Deserialize)]
struct Sku {
    #[serde(default)]
    sku_id: String,
    #[serde(default)]
    title: String,
    #[serde(default, deserialize_with = "whole")]
    groupon_type: Option<i64>,
    #[serde(default, deserialize_with = "whole")]
    market_price: Option<i64>,
}

impl Prepared {
    /// What the shopper may use.
    pub(super) fn found(self) -> Result<Found, Otherwise> {
        let lists = [self.certificates, self.certificates_v2].into_iter().flatten();
        let listed = lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
        if listed.is_empty() {
            return Err(Otherwise::no(RefusalCode::Used, "nothing left of this order"));
        }
        let unreadable = || Otherwise::silence(Cause::Unreadable, "prepare");
        if listed.len() > CERTIFICATES_MAX {
            return Err(unreadable());
        }
        let token = Code::parse(&self.verify_token).ok_or_else(unreadable)?;
        let offers = listed.into_iter().map(Listed::offer).collect::<Option<Vec<_>>>();
        let prepared = PreparedByUs::Douyin { token, order: self.order_id };
        Ok(Found { prepared, offers: offers.ok_or_else(unreadable)? })
    }
}

/// An amount in fen; one below zero is not believed.
fn fen(amount: Option<i64>) -> Option<Money> {
    let amount = amount.unwrap_or(0);
    (amount >= 0).then(|| Money::from_minor(amount))
}

impl Listed {
    fn offer(self) -> Option<Offer> {
        let price = fen(self.amount.original_amount)?;
        let worth = match self.sku.groupon_type {
            Some(CASH_VOUCHER) => {
                // Its face is the market value; the price is what it was sold for.
                let face = self.sku.market_price.filter(|face| *face > 0);
                match fen(face.or(self.amount.list_market_amount))? {
                    Money::ZERO => Worth::NotTold,
                    face => Worth::Pays(face),
                }
            }
            Some(GOODS) => Worth::Goods { price },
            Some(_) | None => Worth::NotTold,
        };
        Some(Offer {
            code: Code::parse(&self.encrypted_code)?,
            title: bounded(&self.sku.title),
            product: bounded(&self.sku.sku_id),
            worth,
            paid: fen(self.amount.pay_amount)?,
            begins: self.start_time.and_then(from_epoch),
            ends: self.expire_time.and_then(from_epoch),
        })
    }
}

/// The body of a verify.
#[derive(Serialize)]
pub(super) struct VerifyBody<'a> {
    verify_token: &'a str,
    poi_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    encrypted_codes: Vec<&'a str>,
}

impl<'a> VerifyBody<'a> {
    pub(super) fn new(token: &'a Code, codes: &'a [Code], shop: &'a Shop) -> Self {
        Self {
            verify_token: token.reveal(),
            poi_id: &shop.id,
            account_id: shop.account.as_deref(),
            encrypted_codes: codes.iter().map(Code::reveal).collect(),
        }
    }
}

/// The data of a verify.
#[derive(Deserialize)]
pub(super) struct Verified {
    #[serde(default)]
    verify_results: Option<Vec<Outcome>>,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(default, deserialize_with = "whole")]
    result: Option<i64>,
    #[serde(default)]
    msg: String,
    code: String,
    #[serde(default)]
    verify_id: String,
    #[serde(default)]
    certificate_id: String,
}

/// A name that is not told is written as an empty text or as zero.
fn name(text: String) -> Option<String> {
    (!text.is_empty() && text != "0").then(|| bounded(&text))
}

impl Verified {
    /// One outcome for every code that was sent, or silence.
    pub(super) fn redeemed(self, codes: &[Code]) -> Result<Redeemed, Otherwise> {
        let mut outcomes = self.verify_results.unwrap_or_default();
        let (mut taken, mut refused, mut silent) = (Vec::new(), Vec::new(), None);
        for code in codes {
            let Some(i) = outcomes.iter().position(|outcome| outcome.code == code.reveal()) else {
                return Err(Otherwise::silence(Cause::Contradiction, "a code without a result"));
            };
            match outcomes.swap_remove(i).taken(code) {
                Ok(one) => taken.push(one),
                Err(Otherwise::No(refusal)) => refused.push((code.clone(), refusal)),
                Err(Otherwise::Silence(silence)) => silent = Some(silence),
            }
        }
        match silent {
            Some(silence) => Err(Otherwise::Silence(silence)),
            None => Ok(Redeemed { taken, refused }),
        }
    }
}

impl Outcome {
    fn taken(self, code: &Code) -> Result<Taken, Otherwise> {
        let result = self.result.ok_or_else(|| Otherwise::silence(Cause::Unreadable, "result"))?;
        if result != 0 {
            return Err(meaning(result, 0, &format!("{result} {}", self.msg)));
        }
        Ok(Taken {
            code: code.clone(),
            verification: name(self.verify_id),
            certificate: name(self.certificate_id),
            stock: None,
            at: None,
        })
    }
}

/// The body of a cancel.
#[derive(Serialize)]
pub(super) struct CancelBody<'a> {
    verify_id: &'a str,
    certificate_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

impl<'a> CancelBody<'a> {
    pub(super) fn new(taken: &'a Taken, shop: &'a Shop) -> Option<Self> {
        Some(Self {
            verify_id: taken.verification.as_deref()?,
            certificate_id: taken.certificate.as_deref()?,
            account_id: shop.account.as_deref(),
        })
    }
}

/// The data of a get.
#[derive(Deserialize)]
pub(super) struct Certificate {
    certificate: State,
}

#[derive(Deserialize)]
struct State {
    encrypted_code: String,
    #[serde(deserialize_with = "whole")]
    status: Option<i64>,
    #[serde(default)]
    verify: Option<Verification>,
}

#[derive(Deserialize)]
struct Verification {
    #[serde(default)]
    verify_id: String,
    #[serde(default)]
    certificate_id: String,
    #[serde(default, deserialize_with = "whole")]
    verify_time: Option<i64>,
}

impl Certificate {
    /// How the voucher of this code stands, seen by a question that was first asked at `since`. The
    /// house tells by which name it was used and when, and not by whom.
    pub(super) fn held(self, code: &Code, since: Option<Timestamp>) -> Result<Held, Otherwise> {
        let state = self.certificate;
        if state.encrypted_code != code.reveal() {
            return Err(Otherwise::silence(Cause::Contradiction, "another code"));
        }
        match state.status {
            Some(UNUSED) => Ok(Held::Unused),
            Some(USED) => {
                let taken = taken(code, state.verify);
                let was_before = |at: Timestamp, since| at < Timestamp::plus_ms(since, -SKEW_MS);
                let is_before =
                    taken.at.zip(since).is_some_and(|(at, since)| was_before(at, since));
                Ok(Held::Taken { taken, is_ours: is_before.then_some(false) })
            }
            Some(other) => Ok(Held::Gone(format!("status {other}"))),
            None => Err(Otherwise::silence(Cause::Unreadable, "status")),
        }
    }
}

fn taken(code: &Code, verify: Option<Verification>) -> Taken {
    let at =
        |verify: &Verification| -> Option<Timestamp> { verify.verify_time.and_then(from_epoch) };
    let at = verify.as_ref().and_then(at);
    let (verification, certificate) =
        verify.map_or((None, None), |verify| (name(verify.verify_id), name(verify.certificate_id)));
    Taken { code: code.clone(), verification, certificate, stock: None, at }
}
