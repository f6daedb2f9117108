//! Merchant coupons 商家券: used, given back, looked at.
//!
//! **Invariant:** a coupon is used by one request number at a time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::v3::{self, Number};
use crate::sim::{
    access::WECHAT,
    call::{Answer, Call},
    clock,
    ledger::{Deed, Entry, Ledger, Met, Platform, Wrong},
    mint,
};

const DAY_SECONDS: i64 = 86_400;
const REQUEST_NUMBER_CHARS_MAX: usize = 32;

/// A coupon to issue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Coupon {
    /// Minted when empty.
    pub code: String,
    /// The stock it is of.
    pub stock_id: String,
    /// What it is called.
    pub name: String,
    /// What it takes off, in fen.
    pub discount_fen: i64,
    /// From which total on, in fen.
    pub minimum_fen: i64,
    /// Seconds from now; one that is not positive is over already.
    pub expires_in_seconds: i64,
    /// What `use` is answered instead.
    pub refusal: Option<Shape>,
    /// Whether a repeated `use_request_no` gets an error; which of both is real is not published.
    pub refuses_repeats: bool,
}

impl Default for Coupon {
    fn default() -> Self {
        Self {
            code: String::new(),
            stock_id: "100088".to_owned(),
            name: "满30减5商家券".to_owned(),
            discount_fen: 500,
            minimum_fen: 3_000,
            expires_in_seconds: 30 * DAY_SECONDS,
            refusal: None,
            refuses_repeats: false,
        }
    }
}

/// An error of another shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as v3 names them")]
pub struct Shape {
    pub status: u16,
    pub code: String,
    pub message: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Kept {
    pub(crate) coupon: Coupon,
    issued_at: i64,
    used: Option<(String, i64)>,
    returned: Option<(String, i64)>,
}

impl Kept {
    fn state(&self, now: i64) -> &'static str {
        if self.used.is_some() {
            "USED"
        } else if now >= self.expires_at() {
            "EXPIRED"
        } else {
            "SENDED"
        }
    }

    fn expires_at(&self) -> i64 {
        self.issued_at + self.coupon.expires_in_seconds
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    coupon_code: String,
    #[serde(default)]
    stock_id: Option<String>,
    appid: String,
    use_time: String,
    use_request_no: String,
    #[serde(default)]
    openid: Option<String>,
    #[serde(default, rename = "out_trade_no")]
    _out_trade_no: Option<String>,
    #[serde(default, rename = "mch_id")]
    _mch_id: Option<String>,
    #[serde(default, rename = "transaction_id")]
    _transaction_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Return {
    coupon_code: String,
    stock_id: String,
    return_request_no: String,
}

/// All coupons.
#[derive(Debug, Default)]
pub(crate) struct Coupons(pub(crate) BTreeMap<String, Kept>);

impl Coupons {
    /// Issues a coupon and tells its code.
    pub(crate) fn issue(&mut self, mut coupon: Coupon, now: i64) -> String {
        if coupon.code.is_empty() {
            coupon.code = mint::digits("8", 11);
        }
        let code = coupon.code.clone();
        let kept = Kept { coupon, issued_at: now, used: None, returned: None };
        self.0.insert(code.clone(), kept);
        code
    }

    pub(crate) fn redeem(&mut self, call: &Call, now: i64, books: &mut Ledger) -> Answer {
        let asked: Use = match read(call, now, books) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        let key = asked.use_request_no.as_str();
        let is_time = ["9999-99-99T99:99:99+08:00", "9999-99-99T99:99:99Z"];
        let is_time = is_time.iter().any(|form| clock::has_form(&asked.use_time, form));
        if asked.appid != WECHAT.appid || !is_time || !is_number(key) {
            return bad("参数错误：appid、use_time 或 use_request_no", now, books);
        }
        let Some(kept) = self.0.get_mut(&asked.coupon_code) else { return unknown() };
        if asked.stock_id.as_ref().is_some_and(|stock| *stock != kept.coupon.stock_id)
            || asked.openid.as_ref().is_some_and(|openid| openid != WECHAT.openid)
        {
            return refuse("券与批次或用户不匹配");
        }
        if let Some(shape) = &kept.coupon.refusal {
            return v3::error(shape.status, &shape.code, &shape.message, Number::Other);
        }
        let body = format!("{} {:?}", asked.coupon_code, asked.openid);
        let met = books.meet(now, (Platform::Wechat, "use_request_no", key), &body);
        let state = kept.state(now);
        match (met, &kept.used) {
            (Met::Other, _) => return refuse("use_request_no 已用于其他请求"),
            (_, Some((by, _))) if by != key => return refuse("该券已被核销"),
            (_, Some(_)) if kept.coupon.refuses_repeats => return refuse("该券已被核销"),
            (_, Some((_, at))) => return used(kept, *at),
            // What was refused was not used: the same number is looked at anew.
            (Met::Same, None) if kept.returned.is_some() => return refuse("use_request_no 已使用"),
            (Met::New | Met::Same, None) => {}
        }
        if state == "EXPIRED" {
            return refuse("该券不在可用时间内");
        }
        kept.used = Some((key.to_owned(), now));
        kept.returned = None;
        books.write(entry(kept, Deed::Redemption, key, now));
        used(kept, now)
    }

    pub(crate) fn give_back(&mut self, call: &Call, now: i64, books: &mut Ledger) -> Answer {
        let asked: Return = match read(call, now, books) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        let key = asked.return_request_no.as_str();
        if !is_number(key) {
            return bad("参数错误：return_request_no", now, books);
        }
        let known = self.0.get_mut(&asked.coupon_code);
        let Some(kept) = known.filter(|kept| kept.coupon.stock_id == asked.stock_id) else {
            return unknown();
        };
        let met = books.meet(now, (Platform::Wechat, "return_request_no", key), &asked.coupon_code);
        match (met, &kept.returned, &kept.used) {
            (Met::Other, _, _) => refuse("return_request_no 已用于其他请求"),
            (_, Some((by, at)), _) if by == key => returned(*at),
            (Met::New, _, Some(_)) => {
                books.write(entry(kept, Deed::Restitution, key, now));
                kept.used = None;
                kept.returned = Some((key.to_owned(), now));
                returned(now)
            }
            (Met::New | Met::Same, _, _) => refuse("券未核销，不可退回"),
        }
    }

    /// `…/users/{openid}/coupons/{coupon_code}/appids/{appid}`
    pub(crate) fn look(&self, path: &str, now: i64) -> Answer {
        let parts: Vec<&str> = path.split('/').collect();
        let [.., openid, "coupons", code, "appids", appid] = *parts else { return unknown() };
        let known = self.0.get(code);
        let is_theirs = openid == WECHAT.openid && appid == WECHAT.appid;
        let Some(kept) = known.filter(|_| is_theirs) else { return unknown() };
        let mut said = json!({
            "belong_merchant": WECHAT.mch_id,
            "stock_name": kept.coupon.name,
            "goods_name": "全场通用",
            "stock_type": "NORMAL",
            "transferable": false,
            "coupon_state": kept.state(now),
            "coupon_use_rule": {
                "coupon_available_time": {
                    "available_begin_time": clock::rfc3339(kept.issued_at),
                    "available_end_time": clock::rfc3339(kept.expires_at()),
                },
                "fixed_normal_coupon": {
                    "discount_amount": kept.coupon.discount_fen,
                    "transaction_minimum": kept.coupon.minimum_fen,
                },
                "use_method": "OFF_LINE",
            },
            "coupon_code": kept.coupon.code,
            "stock_id": kept.coupon.stock_id,
            "available_start_time": clock::rfc3339(kept.issued_at),
            "expire_time": clock::rfc3339(kept.expires_at()),
            "receive_time": clock::rfc3339(kept.issued_at),
        });
        if let (Some((by, at)), Value::Object(fields)) = (&kept.used, &mut said) {
            fields.insert("use_request_no".to_owned(), json!(by));
            fields.insert("use_time".to_owned(), json!(clock::rfc3339(*at)));
        }
        Answer::json(said)
    }
}

fn entry(kept: &Kept, deed: Deed, key: &str, at: i64) -> Entry {
    let (number, fen) = (kept.coupon.code.clone(), kept.coupon.discount_fen);
    Entry { at, platform: Platform::Wechat, deed, number, key: key.to_owned(), fen }
}

fn used(kept: &Kept, at: i64) -> Answer {
    Answer::json(json!({
        "stock_id": kept.coupon.stock_id,
        "openid": WECHAT.openid,
        "wechatpay_use_time": clock::rfc3339(at),
    }))
}

fn returned(at: i64) -> Answer {
    Answer::json(json!({ "wechatpay_return_time": clock::rfc3339(at) }))
}

fn unknown() -> Answer {
    v3::error(404, "RESOURCE_NOT_EXISTS", "查询的资源不存在", Number::Other)
}

fn refuse(message: &str) -> Answer {
    v3::error(400, "INVALID_REQUEST", message, Number::Other)
}

fn bad(message: &str, now: i64, books: &mut Ledger) -> Answer {
    books.blame(now, Platform::Wechat, Wrong::BadCall, message.to_owned());
    v3::error(400, "PARAM_ERROR", message, Number::Parameter)
}

fn is_number(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=REQUEST_NUMBER_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_fine)
}

fn read<T: DeserializeOwned>(call: &Call, now: i64, books: &mut Ledger) -> Result<T, Answer> {
    serde_json::from_slice(&call.body).map_err(|error| {
        let detail = format!("{}: {error}", call.path);
        books.blame(now, Platform::Wechat, Wrong::BadCall, detail);
        let is_extra = error.to_string().starts_with("unknown field");
        let number = if is_extra { Number::ExtraParameter } else { Number::Parameter };
        v3::error(400, "PARAM_ERROR", &error.to_string(), number)
    })
}
