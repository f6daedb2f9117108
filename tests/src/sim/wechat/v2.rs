//! `WeChat` Pay v2: a payment code charged, asked about, reversed, refunded.

mod refund;

use super::xml::{self, Fields};
use crate::sim::{
    access::WECHAT,
    call::{Answer, Call, Content, Seal},
    clock,
    fault::Operation,
    ledger::Ledger,
    trade::{Ask, Charged, Standing, Trade, Trades, Undone},
};

/// Nobody reverses sooner after the charge.
const REVERSE_FROM_SECONDS: i64 = 15;
/// Nobody reverses later: seven days.
const REVERSE_TO_SECONDS: i64 = 7 * 86_400;
/// Bytes of `body`.
const BODY_BYTES_MAX: usize = 127;
/// Characters of `out_trade_no` and `nonce_str`.
const NUMBER_CHARS_MAX: usize = 32;

/// A refusal: `err_code`, `err_code_des`.
type No = (&'static str, &'static str);

/// Answers a call whose signature is not looked at yet.
pub(crate) fn answer(
    trades: &mut Trades,
    call: &Call,
    operation: Operation,
    (now, books): (i64, &mut Ledger),
) -> Answer {
    let (fields, is_hmac) = match open(call, operation) {
        Ok(opened) => opened,
        Err(why) => {
            trades.blame(now, books, format!("{}: {why}", call.path));
            return transport(why);
        }
    };
    let done = match operation {
        Operation::Charge => charge(trades, &fields, now, books),
        Operation::Query => query(trades, &fields, now, books),
        Operation::Reverse => reverse(trades, &fields, now, books),
        Operation::Refund => refund::refund(trades, &fields, now, books),
        Operation::RefundQuery => refund::query(trades, &fields),
        Operation::Token
        | Operation::Link
        | Operation::Prepare
        | Operation::Verify
        | Operation::Cancel
        | Operation::Look
        | Operation::Use
        | Operation::Return => Err(("INVALID_REQUEST", "接口不存在")),
    };
    let number = fields.get("out_trade_no").map(String::as_str).unwrap_or_default();
    let mut answer = done.unwrap_or_else(|(code, text)| {
        if matches!(code, "PARAM_ERROR" | "LACK_PARAMS" | "APPID_MCHID_NOT_MATCH") {
            trades.blame(now, books, format!("{} {number}: {code} {text}", call.path));
        }
        refusal((code, text))
    });
    if let Content::Xml(said) = &mut answer.content {
        for (name, value) in [("appid", WECHAT.appid), ("mch_id", WECHAT.mch_id)] {
            said.insert(name.to_owned(), value.to_owned());
        }
        said.insert("return_code".to_owned(), "SUCCESS".to_owned());
        said.insert("return_msg".to_owned(), "OK".to_owned());
        said.entry("result_code".to_owned()).or_insert_with(|| "SUCCESS".to_owned());
    }
    answer.sealed(Seal::V2 { is_hmac })
}

/// What is wrong before anybody looks at the order; such an answer is not signed.
fn transport(why: &str) -> Answer {
    Answer::new(200, Content::Xml(pairs(&[("return_code", "FAIL"), ("return_msg", why)])))
}

fn refusal((code, text): No) -> Answer {
    let pairs = pairs(&[("result_code", "FAIL"), ("err_code", code), ("err_code_des", text)]);
    Answer::new(200, Content::Xml(pairs))
}

/// A refusal that tells how a charge ended.
fn last_word(number: &str, no: No) -> Answer {
    refusal(no).settling(number)
}

fn pairs(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Reads a call and checks who made it.
fn open(call: &Call, operation: Operation) -> Result<(Fields, bool), &'static str> {
    if call.method != axum::http::Method::POST {
        return Err("请使用post方法");
    }
    if !call.has_certificate && matches!(operation, Operation::Reverse | Operation::Refund) {
        return Err("请使用双向证书验证");
    }
    let fields = xml::read(&call.body).map_err(|_| "XML格式错误")?;
    let get = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let is_hmac = match get("sign_type") {
        "" | "MD5" => false,
        "HMAC-SHA256" => true,
        _ => return Err("签名类型错误"),
    };
    if get("sign") != xml::signature(&fields, is_hmac) {
        return Err("签名错误");
    }
    if get("mch_id") != WECHAT.mch_id {
        return Err("商户号mch_id与appid不匹配");
    }
    let nonce = get("nonce_str").len();
    if nonce == 0 || nonce > NUMBER_CHARS_MAX {
        return Err("nonce_str参数错误");
    }
    Ok((fields, is_hmac))
}

fn need<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, No> {
    let value = fields.get(name).map(String::as_str).filter(|value| !value.is_empty());
    value.ok_or(("LACK_PARAMS", name))
}

/// Whole fen, at least one.
fn fen(fields: &Fields, name: &'static str) -> Result<i64, No> {
    let text = need(fields, name)?;
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse().ok().filter(|value| is_whole && *value >= 1);
    value.ok_or(("PARAM_ERROR", name))
}

fn number<'a>(fields: &'a Fields, name: &'static str, most: usize) -> Result<&'a str, No> {
    let text = need(fields, name)?;
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
    let fits = text.len() <= most && text.bytes().all(is_fine);
    if fits { Ok(text) } else { Err(("PARAM_ERROR", name)) }
}

/// The order a call is about: the platform's number goes before the caller's.
fn which(fields: &Fields) -> Result<&str, No> {
    match fields.get("transaction_id").filter(|id| !id.is_empty()) {
        Some(id) => Ok(id),
        None => number(fields, "out_trade_no", NUMBER_CHARS_MAX),
    }
}

fn charge(
    trades: &mut Trades,
    fields: &Fields,
    now: i64,
    books: &mut Ledger,
) -> Result<Answer, No> {
    let number = number(fields, "out_trade_no", NUMBER_CHARS_MAX)?;
    let fen = fen(fields, "total_fee")?;
    need(fields, "spbill_create_ip")?;
    if need(fields, "appid")? != WECHAT.appid {
        return Err(("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配"));
    }
    if need(fields, "body")?.len() > BODY_BYTES_MAX {
        return Err(("PARAM_ERROR", "body"));
    }
    let code = need(fields, "auth_code")?;
    let (prefix, _) = code.split_at_checked(2).unwrap_or_default();
    let is_code = code.len() == 18 && code.bytes().all(|byte| byte.is_ascii_digit());
    if !is_code || !matches!(prefix, "10" | "11" | "12" | "13" | "14" | "15") {
        return Err(("AUTH_CODE_INVALID", "101 付款码无效，请重新扫码"));
    }
    // What may differ when the same charge is sent again.
    let passing = ["nonce_str", "sign", "sign_type", "spbill_create_ip"];
    let lasting = fields.iter().filter(|(name, _)| !passing.contains(&name.as_str()));
    let body: String = lasting.map(|(name, value)| format!("{name}={value};")).collect();
    let ask = Ask { number, code, fen, body: &body };
    let no = match trades.charge(&ask, now, books) {
        Charged::Paid => {
            let trade = trades.look(number, now, books).ok_or(("SYSTEMERROR", "系统错误"))?;
            return Ok(Answer::new(200, Content::Xml(paid(trade))).settling(number));
        }
        Charged::Cut => return Ok(Answer::cut()),
        Charged::Paying | Charged::Again(Standing::Paying) => {
            ("USERPAYING", "需要用户输入支付密码")
        }
        Charged::Unknown | Charged::Again(Standing::Unpaid) => ("SYSTEMERROR", "系统超时"),
        Charged::Short => return Ok(last_word(number, ("NOTENOUGH", "余额不足"))),
        Charged::CodeUnknown => ("AUTH_CODE_INVALID", "101 付款码无效，请重新扫码"),
        Charged::CodeUsed => ("AUTH_CODE_INVALID", "101 每个二维码仅限使用一次，请刷新再试"),
        Charged::CodeExpired => ("AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试"),
        Charged::Again(Standing::Paid) => {
            return Ok(last_word(number, ("ORDERPAID", "订单已支付")));
        }
        Charged::Again(Standing::Reversed) => {
            return Ok(last_word(number, ("ORDERREVERSED", "订单已撤销")));
        }
        Charged::Again(Standing::Closed) => {
            return Ok(last_word(number, ("ORDERCLOSED", "订单已关闭")));
        }
        // In use it is, but by which charge, and how that ended, only a query tells.
        Charged::Again(Standing::Failed) | Charged::NumberUsed => {
            ("OUT_TRADE_NO_USED", "商户订单号重复")
        }
    };
    Err(no)
}

fn paid(trade: &Trade) -> Fields {
    pairs(&[
        ("openid", WECHAT.openid),
        ("is_subscribe", "N"),
        ("trade_type", "MICROPAY"),
        ("bank_type", "OTHERS"),
        ("fee_type", "CNY"),
        ("total_fee", &trade.fen.to_string()),
        ("cash_fee_type", "CNY"),
        ("cash_fee", &trade.fen.to_string()),
        ("transaction_id", &trade.transaction),
        ("out_trade_no", &trade.number),
        ("time_end", &clock::digits(trade.paid_at)),
    ])
}

fn query(trades: &mut Trades, fields: &Fields, now: i64, books: &mut Ledger) -> Result<Answer, No> {
    let trade = trades.look(which(fields)?, now, books);
    let trade = trade.ok_or(("ORDERNOTEXIST", "此交易订单号不存在"))?;
    let (state, text) = match trade.standing {
        Standing::Paying => ("USERPAYING", "需要用户输入支付密码"),
        Standing::Unpaid => ("NOTPAY", "订单未支付"),
        Standing::Paid if !trade.refunds.is_empty() => ("REFUND", "订单发生过退款"),
        Standing::Paid => ("SUCCESS", "支付成功"),
        Standing::Failed => ("PAYERROR", "支付失败，请重新下单支付"),
        Standing::Closed => ("CLOSED", "订单已关闭"),
        Standing::Reversed => ("REVOKED", "订单已撤销"),
    };
    let mut said = if trade.paid_at > 0 {
        paid(trade)
    } else {
        pairs(&[("out_trade_no", &trade.number), ("total_fee", &trade.fen.to_string())])
    };
    said.extend(pairs(&[("trade_state", state), ("trade_state_desc", text)]));
    let answer = Answer::new(200, Content::Xml(said));
    Ok(match trade.standing {
        Standing::Paying | Standing::Unpaid => answer,
        Standing::Paid | Standing::Failed | Standing::Closed | Standing::Reversed => {
            answer.settling(&trade.number)
        }
    })
}

fn reverse(
    trades: &mut Trades,
    fields: &Fields,
    now: i64,
    books: &mut Ledger,
) -> Result<Answer, No> {
    let wanted = which(fields)?;
    let known = trades.look_quietly(wanted).map(|trade| (trade.number.clone(), trade.begun_at));
    let number = known.as_ref().map_or(wanted, |(number, _)| number).to_owned();
    let age = known.map_or(REVERSE_FROM_SECONDS, |(_, begun_at)| now - begun_at);
    let again = |code, text, recall| {
        let mut answer = refusal((code, text));
        if let Content::Xml(said) = &mut answer.content {
            said.extend(pairs(&[("recall", recall)]));
        }
        Ok(answer)
    };
    if age < REVERSE_FROM_SECONDS {
        return again("INVALID_REQUEST", "支付后15秒内请勿撤销订单", "Y");
    }
    if age > REVERSE_TO_SECONDS {
        return again("REVERSE_EXPIRE", "订单无法撤销", "N");
    }
    match trades.reverse(&number, now, books) {
        Undone::Closed | Undone::GivenBack | Undone::Failed => {
            Ok(Answer::new(200, Content::Xml(pairs(&[("recall", "N")]))).settling(&number))
        }
        Undone::Unknown => again("ORDERNOTEXIST", "订单不存在", "N"),
        Undone::CallAgain => again("SYSTEMERROR", "系统超时", "Y"),
        Undone::Paying => again("USERPAYING", "正在支付中不能发起撤销", "Y"),
    }
}
