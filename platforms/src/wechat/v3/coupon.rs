//! Merchant coupons (商家券, busifavor): use, return, query.
//!
//! The till scans the code alone and does not know the shopper, so a coupon can be asked about
//! beforehand only for a recognised member. A second *use* with the same number is the
//! documented safe way; what the house answers then is not documented, so where a refusal might be
//! our own earlier use, the coupon is asked about, and without a known shopper it stays silence.

use domain::money::{BasisPoints, Money};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::Client;
use crate::{
    issuer::{
        Attempt, Found, Held, Offer, Prepared, Presented, Query, Redeem, Redeemed, Taken, Undo,
        Worth,
    },
    moment,
    secret::Code,
    verdict::{Cause, Otherwise, Refusal, RefusalCode, bounded},
};

const USE: &str = "/v3/marketing/busifavor/coupons/use";
const RETURN: &str = "/v3/marketing/busifavor/coupons/return";

#[derive(Serialize)]
struct UseBody<'a> {
    coupon_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_id: Option<&'a str>,
    appid: &'a str,
    use_time: String,
    use_request_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a str>,
}

#[derive(Deserialize)]
struct Used {
    stock_id: String,
    #[serde(default)]
    wechatpay_use_time: String,
}

#[derive(Serialize)]
struct ReturnBody<'a> {
    coupon_code: &'a str,
    stock_id: &'a str,
    return_request_no: &'a str,
}

#[derive(Deserialize)]
struct Returned {
    #[serde(rename = "wechatpay_return_time")]
    _at: String,
}

/// A shopper's coupon.
#[derive(Deserialize)]
struct Coupon {
    coupon_code: String,
    stock_id: String,
    coupon_state: String,
    #[serde(default)]
    stock_name: String,
    #[serde(default)]
    coupon_use_rule: Rule,
    #[serde(default)]
    available_start_time: String,
    #[serde(default)]
    expire_time: String,
    #[serde(default)]
    use_request_no: String,
    #[serde(default)]
    use_time: String,
}

#[derive(Default, Deserialize)]
struct Rule {
    fixed_normal_coupon: Option<Fixed>,
    discount_coupon: Option<Discount>,
    exchange_coupon: Option<Exchange>,
}

#[derive(Deserialize)]
struct Fixed {
    discount_amount: i64,
    transaction_minimum: i64,
}

#[derive(Deserialize)]
struct Discount {
    discount_percent: i64,
    transaction_minimum: i64,
}

#[derive(Deserialize)]
struct Exchange {
    exchange_price: i64,
    transaction_minimum: i64,
}

impl Client {
    pub(crate) async fn look_up(&self, presented: &Presented) -> Result<Found, Otherwise> {
        let (code, stock, openid) = (&presented.code, &presented.stock, &presented.openid);
        let prepared = Prepared::Wechat { stock: stock.clone(), openid: openid.clone() };
        let Some(openid) = openid else {
            return Ok(Found { prepared, offers: vec![untold(code, stock.as_deref())] });
        };
        let coupon = self.coupon(openid, code).await?;
        if let Some(refusal) = coupon.refusal() {
            return Err(Otherwise::No(refusal));
        }
        let stock = Some(coupon.stock_id.clone());
        let prepared = Prepared::Wechat { stock, openid: Some(openid.clone()) };
        Ok(Found { prepared, offers: vec![coupon.offer(code)?] })
    }

    pub(crate) async fn redeem(&self, ask: &Redeem) -> Result<Redeemed, Otherwise> {
        let (Prepared::Wechat { stock, openid }, [code]) = (&ask.prepared, ask.codes.as_slice())
        else {
            return Err(Otherwise::no(RefusalCode::Misconfigured, "one code of WeChat's"));
        };
        let body = UseBody {
            coupon_code: code.reveal(),
            stock_id: stock.as_deref(),
            appid: &self.appid,
            use_time: moment::rfc3339(ask.at),
            use_request_no: ask.number.as_str(),
            openid: openid.as_deref(),
        };
        let used: Result<Used, Otherwise> = self.post(USE, &body).await;
        let taken = match used {
            Ok(used) => Ok(Taken {
                code: code.clone(),
                verification: None,
                certificate: None,
                stock: Some(bounded(&used.stock_id)),
                at: moment::parse(&used.wechatpay_use_time),
            }),
            Err(Otherwise::No(refusal)) if refusal.code == RefusalCode::NotUsable => {
                self.why_not(ask, code, openid.as_deref(), refusal).await
            }
            Err(otherwise) => Err(otherwise),
        };
        match ask.attempt {
            Attempt::First => taken,
            Attempt::Again => taken.map_err(Otherwise::after_an_attempt),
        }
        .map(|taken| Redeemed { taken: vec![taken], refused: Vec::new() })
    }

    /// Behind "cannot be used" may stand our own use.
    async fn why_not(
        &self,
        ask: &Redeem,
        code: &Code,
        openid: Option<&str>,
        refusal: Refusal,
    ) -> Result<Taken, Otherwise> {
        let Some(openid) = openid else {
            return Err(match ask.attempt {
                Attempt::First => Otherwise::No(refusal),
                Attempt::Again => Otherwise::silence(Cause::Unknown, &refusal.theirs),
            });
        };
        let coupon = self.coupon(openid, code).await?;
        match coupon.held(code, ask.number.as_str())? {
            Held::Taken { taken, is_ours: Some(true) } => Ok(taken),
            Held::Unused => Err(Otherwise::no(RefusalCode::NotNow, &refusal.theirs)),
            Held::Taken { .. } | Held::Gone(_) => {
                Err(Otherwise::No(coupon.refusal().unwrap_or(refusal)))
            }
        }
    }

    pub(crate) async fn query(&self, ask: &Query) -> Result<Held, Otherwise> {
        let Prepared::Wechat { openid: Some(openid), .. } = &ask.prepared else {
            return Err(Otherwise::no(RefusalCode::NeedsMember, ""));
        };
        self.coupon(openid, &ask.code).await?.held(&ask.code, ask.number.as_str())
    }

    pub(crate) async fn reverse(&self, ask: &Undo) -> Result<(), Otherwise> {
        let Prepared::Wechat { stock, openid } = &ask.prepared else {
            return Err(Otherwise::no(RefusalCode::Misconfigured, "not of WeChat's look-up"));
        };
        let Some(stock_id) = ask.taken.stock.as_deref().or(stock.as_deref()) else {
            return Err(Otherwise::no(RefusalCode::Misconfigured, "no stock_id"));
        };
        let code = &ask.taken.code;
        let body = ReturnBody {
            coupon_code: code.reveal(),
            stock_id,
            return_request_no: ask.number.as_str(),
        };
        let returned: Result<Returned, Otherwise> = self.post(RETURN, &body).await;
        let refused = match returned {
            Err(Otherwise::No(refused)) => refused,
            other => return other.map(|_| ()),
        };
        // Behind "cannot be returned" may stand our own return: an earlier attempt, or this one,
        // which may arrive twice on its way.
        let Some(openid) = openid else {
            return Err(match ask.attempt {
                Attempt::First => Otherwise::No(refused),
                Attempt::Again => Otherwise::silence(Cause::Unknown, &refused.theirs),
            });
        };
        match self.coupon(openid, code).await?.held(code, "")? {
            Held::Unused => Ok(()),
            Held::Taken { .. } | Held::Gone(_) => Err(Otherwise::No(refused).after_an_attempt()),
        }
    }

    async fn coupon(&self, openid: &str, code: &Code) -> Result<Coupon, Otherwise> {
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (openid, appid) = (escape(openid), escape(&self.appid));
        let escaped = escape(code.reveal());
        let path =
            format!("/v3/marketing/busifavor/users/{openid}/coupons/{escaped}/appids/{appid}");
        let coupon: Coupon = self.get(path).await?;
        if coupon.coupon_code != code.reveal() {
            return Err(Otherwise::silence(Cause::Contradiction, "another coupon"));
        }
        Ok(coupon)
    }
}

fn untold(code: &Code, stock: Option<&str>) -> Offer {
    Offer {
        code: code.clone(),
        title: String::new(),
        product: stock.map(bounded).unwrap_or_default(),
        worth: Worth::NotTold,
        paid: Money::ZERO,
        begins: None,
        ends: None,
    }
}

impl Coupon {
    fn held(&self, code: &Code, our_number: &str) -> Result<Held, Otherwise> {
        match self.coupon_state.as_str() {
            "SENDED" => Ok(Held::Unused),
            "USED" => Ok(Held::Taken {
                taken: Taken {
                    code: code.clone(),
                    verification: None,
                    certificate: None,
                    stock: Some(bounded(&self.stock_id)),
                    at: moment::parse(&self.use_time),
                },
                is_ours: Some(!our_number.is_empty() && self.use_request_no == our_number),
            }),
            state @ ("EXPIRED" | "DELETED" | "DEACTIVATED") => Ok(Held::Gone(state.to_owned())),
            state => Err(Otherwise::silence(Cause::Unknown, &format!("coupon_state {state}"))),
        }
    }

    /// Why it cannot be used, if its state says so.
    fn refusal(&self) -> Option<Refusal> {
        let code = match self.coupon_state.as_str() {
            "USED" => RefusalCode::Used,
            "EXPIRED" => RefusalCode::Expired,
            "DELETED" | "DEACTIVATED" => RefusalCode::Void,
            _ => return None,
        };
        Some(code.refusal(&self.coupon_state))
    }

    fn offer(&self, code: &Code) -> Result<Offer, Otherwise> {
        let worth = self.coupon_use_rule.worth();
        let worth = worth.ok_or_else(|| Otherwise::silence(Cause::Unreadable, "rule"))?;
        Ok(Offer {
            code: code.clone(),
            title: bounded(&self.stock_name),
            product: bounded(&self.stock_id),
            worth,
            paid: Money::ZERO,
            begins: moment::parse(&self.available_start_time),
            ends: moment::parse(&self.expire_time),
        })
    }
}

/// Whether the sample of the house's page is an unused coupon of 0.05 yuan from 1 yuan on.
#[cfg(test)]
pub(crate) fn reads_sample(json: &str) -> bool {
    let coupon: Result<Coupon, _> = serde_json::from_str(json);
    let (Ok(coupon), Some(code)) = (coupon, Code::parse("123446565767")) else { return false };
    let (off, from) = (Money::from_minor(5), Money::from_minor(100));
    coupon.held(&code, "x") == Ok(Held::Unused)
        && coupon.offer(&code).is_ok_and(|offer| offer.worth == Worth::Reduces { off, from })
}

impl Rule {
    /// `None` if a number in it cannot be.
    fn worth(&self) -> Option<Worth> {
        let fen = |amount: i64| (amount >= 0).then(|| Money::from_minor(amount));
        if let Some(rule) = &self.fixed_normal_coupon {
            let (off, from) = (fen(rule.discount_amount)?, fen(rule.transaction_minimum)?);
            return Some(Worth::Reduces { off, from });
        }
        if let Some(rule) = &self.discount_coupon {
            // 86 is 8.6 折.
            let percent = u16::try_from(rule.discount_percent).ok()?;
            let rate = (percent <= 100).then(|| BasisPoints(percent * 100))?;
            return Some(Worth::Share { rate, from: fen(rule.transaction_minimum)? });
        }
        if let Some(rule) = &self.exchange_coupon {
            let (price, from) = (fen(rule.exchange_price)?, fen(rule.transaction_minimum)?);
            return Some(Worth::Exchange { price, from });
        }
        Some(Worth::NotTold)
    }
}
