//! Prepare, verify, cancel, and looking at a voucher.
//!
//! **Invariant:** prepare and verify pair one to one; after a verify the QR is void.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Book, Douyin,
    voucher::{Certificate, Order, Repeat, Script, Used},
};
use crate::sim::{
    access::DOUYIN,
    call::{Answer, Call},
    ledger::{Deed, Entry, Met, Platform, Wrong},
    mint,
};

/// Nobody cancels later.
const CANCEL_SECONDS: i64 = 3_600;
/// What is used elsewhere was used so long ago: clocks differ by less.
const ELSEWHERE_SECONDS: i64 = 180;
/// Times in `get` are milliseconds, in `query` seconds, as the published samples have them.
const MILLIS: i64 = 1_000;

#[derive(Debug, Deserialize)]
struct Verify {
    verify_token: String,
    poi_id: String,
    encrypted_codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Cancel {
    certificate_id: String,
    verify_id: String,
    #[serde(default)]
    cancel_token: Option<String>,
}

/// An answer without an error; `extra` says so too.
fn good(mut data: Value, now: i64) -> Answer {
    if let Value::Object(fields) = &mut data {
        fields.insert("error_code".to_owned(), json!(0));
        fields.insert("description".to_owned(), json!("success"));
    }
    Answer::json(json!({ "data": data, "extra": extra((0, "success"), (0, ""), now) }))
}

pub(crate) fn refusal(code: i64, text: &str, now: i64) -> Answer {
    refusal_below((code, text), (0, ""), now)
}

fn refusal_below((code, text): (i64, &str), below: (i64, &str), now: i64) -> Answer {
    let data = json!({ "error_code": code, "description": text, "verify_token": "" });
    Answer::json(json!({ "data": data, "extra": extra((code, text), below, now) }))
}

fn extra((code, text): (i64, &str), (sub_code, sub_text): (i64, &str), now: i64) -> Value {
    json!({
        "error_code": code, "description": text, "sub_error_code": sub_code,
        "sub_description": sub_text, "logid": mint::digits("2026", 20), "now": now,
    })
}

impl Douyin {
    pub(super) fn prepare(&mut self, call: &Call, (now, books): Book<'_>) -> Answer {
        let asked = call.asked();
        let get = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        let order = match (get("encrypted_data"), get("code")) {
            ("", code) if !code.is_empty() => self.orders.values_mut().find(|order| {
                order.certificates.iter().any(|certificate| certificate.origin == code)
            }),
            (object, "") if !object.is_empty() => {
                let found =
                    self.orders.values_mut().find(|one| one.object.as_deref() == Some(object));
                if found.is_none() {
                    return refusal(3_000_001, "二维码参数不合法", now);
                }
                found
            }
            _ => {
                let detail = "prepare wants one of encrypted_data and code".to_owned();
                books.blame(now, Platform::Douyin, Wrong::BadCall, detail);
                return refusal(2_119_001, "参数不合法", now);
            }
        };
        let Some(order) = order else { return refusal(1_212, "券不存在", now) };
        if let Script::RefusesPrepare { code, text } = &order.voucher.script {
            return refusal(*code, text, now);
        }
        if !get("poi_id").is_empty() && !order.is_for(get("poi_id")) {
            return refusal(3_000_002, "该门店不在券的可用门店范围内", now);
        }
        let token = mint::awkward();
        order.tokens.push(token.clone());
        let unused = order.certificates.iter().filter(|one| one.used.is_none());
        let certificates: Vec<Value> = unused
            .map(|one| {
                json!({
                    "encrypted_code": one.encrypted,
                    "start_time": order.begins_at,
                    "expire_time": order.ends_at(),
                    "amount": order.amount(),
                    "sku": order.sku(DOUYIN.account_id, 1),
                })
            })
            .collect();
        let data = json!({
            "verify_token": token, "order_id": order.id, "certificates": certificates,
        });
        good(data, now)
    }

    pub(super) fn verify(&mut self, call: &Call, (now, books): Book<'_>) -> Answer {
        let asked: Verify = match read(call, (now, &mut *books)) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        let token = asked.verify_token.as_str();
        let order = self.orders.values_mut().find(|order| order.tokens.iter().any(|t| t == token));
        let Some(order) = order else { return refusal(2_119_001, "verify_token不合法", now) };
        if !order.is_for(&asked.poi_id) || !DOUYIN.poi_ids.contains(&asked.poi_id.as_str()) {
            return refusal(3_000_002, "该门店不在券的可用门店范围内", now);
        }
        let body = format!("{} {}", asked.poi_id, asked.encrypted_codes.join(" "));
        if books.meet(now, (Platform::Douyin, "verify_token", token), &body) == Met::Other {
            return refusal(2_119_001, "verify_token已用于其他请求", now);
        }
        let codes = &asked.encrypted_codes;
        let is_of_order = |code: &String| order.certificates.iter().any(|c| c.encrypted == *code);
        if codes.is_empty() || !codes.iter().all(is_of_order) {
            return refusal(1_212, "券不存在", now);
        }
        match &mut order.voucher.script {
            Script::RefusesVerify { code, text } => return refusal(*code, text, now),
            Script::BusyThenGood { times } if *times > 0 => {
                *times -= 1;
                return refusal(2_100_004, "系统繁忙，请稍候再试", now);
            }
            Script::UsedElsewhere => order.use_elsewhere(now - ELSEWHERE_SECONDS),
            Script::RefusesCode { .. }
            | Script::RefusesPrepare { .. }
            | Script::BusyThenGood { .. }
            | Script::BusyButDone
            | Script::Good => {}
        }
        let mut results = vec![];
        let mut done = vec![];
        for code in codes {
            let (result, entry) = redeem(order, code, token, now);
            results.push(result);
            done.extend(entry);
        }
        if !done.is_empty() {
            order.object = None;
        }
        let is_first = !done.is_empty();
        done.into_iter().for_each(|entry| books.write(entry));
        if is_first && order.voucher.script == Script::BusyButDone {
            return refusal(2_100_004, "系统繁忙，请稍候再试", now);
        }
        good(json!({ "verify_results": results }), now)
    }

    pub(super) fn cancel(&mut self, call: &Call, (now, books): Book<'_>) -> Answer {
        let asked: Cancel = match read(call, (now, &mut *books)) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        if let Some(token) = &asked.cancel_token {
            let body = format!("{} {}", asked.certificate_id, asked.verify_id);
            books.meet(now, (Platform::Douyin, "cancel_token", token), &body);
        }
        let found = self.orders.values_mut().find_map(|order| {
            let fen = order.voucher.paid_fen;
            let certificate =
                order.certificates.iter_mut().find(|one| one.id == asked.certificate_id)?;
            Some((fen, certificate))
        });
        let Some((fen, certificate)) = found else { return refusal(1_212, "券不存在", now) };
        match &certificate.used {
            Some(used) if used.verify_id == asked.verify_id => {
                if now - used.at > CANCEL_SECONDS {
                    let below = (2_034_000_910, "已超过可撤销时限，无法撤销核销");
                    return refusal_below((3_000_001, "业务错误"), below, now);
                }
            }
            Some(_) | None => return refusal(1_263, "履约单不存在", now),
        }
        certificate.used = None;
        books.write(entry(certificate, Deed::Restitution, &asked.verify_id, (fen, now)));
        good(json!({}), now)
    }

    /// `certificate/get` and `certificate/query`.
    pub(super) fn look(&mut self, call: &Call, (now, _): Book<'_>) -> Answer {
        let asked = call.asked();
        let get = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        let is_get = call.path.ends_with("/get/");
        let of = |order: &Order, times| -> Vec<Value> {
            let is_it = |one: &&Certificate| {
                one.encrypted == get("encrypted_code") || (!is_get && order.id == get("order_id"))
            };
            let found = order.certificates.iter().filter(is_it);
            found.map(|certificate| shown(order, certificate, times, now)).collect()
        };
        let times = if is_get { MILLIS } else { 1 };
        let found: Vec<Value> = self.orders.values().flat_map(|order| of(order, times)).collect();
        match (found.first(), is_get) {
            (None, _) => refusal(1_212, "券不存在", now),
            (Some(certificate), true) => good(json!({ "certificate": certificate }), now),
            (Some(_), false) => good(json!({ "certificates": found }), now),
        }
    }
}

/// Redeems one voucher, or says why not: the result, and the row of the books.
fn redeem(order: &mut Order, code: &str, token: &str, now: i64) -> (Value, Option<Entry>) {
    let (order_id, ends_at) = (order.id.clone(), order.ends_at());
    let (fen, repeat) = (order.voucher.paid_fen, order.voucher.repeat);
    let no =
        |result: i64, text: &str| (json!({ "result": result, "msg": text, "code": code }), None);
    let Some(certificate) = order.certificates.iter_mut().find(|one| one.encrypted == code) else {
        return no(1_212, "券不存在");
    };
    if let Script::RefusesCode { result, text } = &order.voucher.script {
        return no(*result, text);
    }
    let row = match (&certificate.used, repeat) {
        (None, _) if now >= ends_at => return no(1_250, "券已过期"),
        (None, _) => {
            let verify_id = mint::digits("7091", 15);
            certificate.used = Some(Used { verify_id, token: token.to_owned(), at: now });
            Some(entry(certificate, Deed::Redemption, token, (fen, now)))
        }
        (Some(used), Repeat::Same) if used.token == token => None,
        (Some(_), Repeat::Used1208 | Repeat::Same) => return no(1_208, "券已核销"),
        (Some(_), Repeat::Used2) => return no(2, "券已使用"),
    };
    let result = json!({
        "result": 0,
        "msg": "验券成功",
        "code": code,
        "verify_id": certificate.used.as_ref().map(|used| &used.verify_id),
        "certificate_id": certificate.id,
        "order_id": order_id,
        "origin_code": certificate.origin,
        "account_id": DOUYIN.account_id,
    });
    (result, row)
}

fn entry(certificate: &Certificate, deed: Deed, key: &str, (fen, at): (i64, i64)) -> Entry {
    let (number, key) = (certificate.origin.clone(), key.to_owned());
    Entry { at, platform: Platform::Douyin, deed, number, key, fen }
}

fn shown(order: &Order, certificate: &Certificate, times: i64, now: i64) -> Value {
    let mut said = json!({
        "encrypted_code": certificate.encrypted,
        "code": certificate.origin,
        "status": if certificate.used.is_some() { 2 } else { 1 },
        "amount": order.amount(),
        "sku": order.sku(DOUYIN.account_id, times),
        "expire_time": order.ends_at() * times,
    });
    if let (Some(used), Value::Object(fields)) = (&certificate.used, &mut said) {
        let verify = json!({
            "can_cancel": now - used.at <= CANCEL_SECONDS,
            "certificate_id": certificate.id,
            "verifier_unique_id": "开放平台API",
            "verify_id": used.verify_id,
            "verify_time": used.at * times,
            "verify_type": 4,
        });
        fields.insert("verify".to_owned(), verify);
    }
    said
}

fn read<T: serde::de::DeserializeOwned>(call: &Call, (now, books): Book<'_>) -> Result<T, Answer> {
    let is_raw = call.is("application/json") && !call.body.starts_with(b"%7B");
    let why = match serde_json::from_slice(&call.body) {
        Ok(asked) if is_raw => return Ok(asked),
        Ok(_) => "the body is not raw JSON".to_owned(),
        Err(error) => error.to_string(),
    };
    let detail = format!("{}: {why}", call.path);
    books.blame(now, Platform::Douyin, Wrong::BadCall, detail);
    let code = if is_raw { 2_119_001 } else { 2_100_005 };
    Err(refusal(code, "参数不合法", now))
}
