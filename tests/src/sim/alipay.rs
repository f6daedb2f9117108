//! Alipay's face to face payments: pay, query, cancel, refund and the query of a refund.

pub(crate) mod gateway;

use serde_json::{Value, json};

use super::{
    access::ALIPAY,
    call::{Answer, Call, Seal},
    clock,
    fault::Operation,
    keys::Keys,
    ledger::{Ledger, Platform},
    trade::{Ask, Charged, Refunded, Standing, Trade, Trades, Undone},
};
use gateway::{Asked, fen, refusal, yuan};

/// Nobody cancels later; the real limit is the same day or 24 hours, sources differ.
const CANCEL_SECONDS: i64 = 86_400;

/// A payment code is good for a minute: a charge that nobody knows of by then takes nothing any more.
const CODE_SECONDS: i64 = 60;

/// A business refusal: `sub_code`, `sub_msg`.
type No = (&'static str, &'static str);
/// It knows no such trade.
const NOT_EXIST: No = ("ACQ.TRADE_NOT_EXIST", "交易不存在");

/// What Alipay knows.
#[derive(Debug)]
pub(crate) struct Alipay {
    pub(crate) trades: Trades,
}

impl Alipay {
    pub(crate) fn new() -> Self {
        Self { trades: Trades::new(Platform::Alipay) }
    }

    /// What a call wants.
    pub(crate) fn operation(call: &Call) -> Option<Operation> {
        if call.path != "/gateway.do" {
            return None;
        }
        match gateway::parameters(call).get("method").map(String::as_str) {
            Some("alipay.trade.query") => Some(Operation::Query),
            Some("alipay.trade.cancel") => Some(Operation::Reverse),
            Some("alipay.trade.refund") => Some(Operation::Refund),
            Some("alipay.trade.fastpay.refund.query") => Some(Operation::RefundQuery),
            // Whatever else comes here is answered, so that a wrong method is told as such.
            _ => Some(Operation::Charge),
        }
    }

    pub(crate) fn answer(
        &mut self,
        keys: &Keys,
        call: &Call,
        (now, books): (i64, &mut Ledger),
    ) -> Answer {
        let asked = match gateway::open(keys, call) {
            Ok(asked) => asked,
            Err((sub_code, detail)) => {
                self.trades.blame(now, books, format!("{sub_code}: {detail}"));
                let node = refusal("40002", sub_code, &detail);
                return Answer::json(json!({ "error_response": node }));
            }
        };
        let done = match asked.method.as_str() {
            "alipay.trade.pay" => self.pay(&asked, now, books),
            "alipay.trade.query" => self.query(&asked, now, books),
            "alipay.trade.cancel" => self.cancel(&asked, now, books),
            "alipay.trade.refund" => self.refund(&asked, now, books),
            "alipay.trade.fastpay.refund.query" => self.refund_query(&asked),
            _ => Err(("isv.invalid-method", "不存在的方法名")),
        };
        let answer = done.unwrap_or_else(|(sub_code, sub_msg)| {
            if matches!(sub_code, "ACQ.INVALID_PARAMETER" | "isv.invalid-method") {
                let detail = format!("{} {}: {sub_msg}", asked.method, asked.content);
                self.trades.blame(now, books, detail);
            }
            Answer::json(refusal("40004", sub_code, sub_msg))
        });
        answer.sealed(Seal::Node { name: gateway::node(&asked.method) })
    }

    fn pay(&mut self, asked: &Asked, now: i64, books: &mut Ledger) -> Result<Answer, No> {
        let number = asked.text("out_trade_no");
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if number.is_empty() || number.len() > 64 || !number.bytes().all(is_fine) {
            return Err(("ACQ.INVALID_PARAMETER", "out_trade_no"));
        }
        let fen = fen(asked.text("total_amount"));
        let fen = fen.ok_or(("ACQ.INVALID_PARAMETER", "total_amount"))?;
        let code = asked.text("auth_code");
        if asked.text("subject").is_empty() || asked.text("scene") != "bar_code" {
            return Err(("ACQ.INVALID_PARAMETER", "subject, scene"));
        }
        let (prefix, _) = code.split_at_checked(2).unwrap_or_default();
        let is_code = (16..=24).contains(&code.len()) && matches!(prefix.parse(), Ok(25..=30));
        if !is_code || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付失败，获取顾客账户信息失败"));
        }
        let body = asked.content.to_string();
        let no = match self.trades.charge(&Ask { number, code, fen, body: &body }, now, books) {
            Charged::Paid => {
                let trade = self.trades.look_quietly(number);
                let node = paid(trade.ok_or(("ACQ.SYSTEM_ERROR", "系统错误"))?);
                return Ok(Answer::json(node).settling(number));
            }
            Charged::Paying | Charged::Again(Standing::Paying) => {
                return Ok(Answer::json(json!({
                    "code": "10003", "msg": "order success pay inprocess", "out_trade_no": number,
                })));
            }
            Charged::Cut => return Ok(Answer::cut()),
            Charged::Unknown => {
                let node = refusal("20000", "isp.unknow-error", "系统繁忙");
                return Ok(Answer::json(node));
            }
            Charged::Short => {
                return Ok(last_word(number, ("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足")));
            }
            Charged::CodeUnknown | Charged::CodeUsed | Charged::CodeExpired => (
                "ACQ.PAYMENT_AUTH_CODE_INVALID",
                "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款",
            ),
            Charged::Again(Standing::Paid) => {
                return Ok(last_word(number, ("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")));
            }
            Charged::Again(Standing::Unpaid) => ("ACQ.SYSTEM_ERROR", "系统错误"),
            Charged::Again(Standing::Closed | Standing::Reversed | Standing::Failed) => {
                return Ok(last_word(number, ("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")));
            }
            Charged::NumberUsed => ("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
        };
        Err(no)
    }

    fn query(&mut self, asked: &Asked, now: i64, books: &mut Ledger) -> Result<Answer, No> {
        let trade = self.trades.look(which(asked)?, now, books);
        let trade = trade.filter(|trade| trade.fen > 0);
        let trade = trade.ok_or(NOT_EXIST)?;
        let status = match trade.standing {
            Standing::Unpaid if now - trade.begun_at >= CODE_SECONDS => {
                return Ok(last_word(&trade.number, NOT_EXIST));
            }
            Standing::Unpaid => return Err(NOT_EXIST),
            Standing::Paying => "WAIT_BUYER_PAY",
            Standing::Paid if trade.left() > 0 => "TRADE_SUCCESS",
            Standing::Paid | Standing::Failed | Standing::Closed | Standing::Reversed => {
                "TRADE_CLOSED"
            }
        };
        let mut node = paid(trade);
        if let Value::Object(fields) = &mut node {
            fields.insert("trade_status".to_owned(), json!(status));
            fields.insert("send_pay_date".to_owned(), json!(clock::spaced(trade.paid_at)));
            fields.remove("gmt_payment");
        }
        let answer = Answer::json(node);
        if status == "WAIT_BUYER_PAY" {
            return Ok(answer);
        }
        Ok(answer.settling(&trade.number))
    }

    fn cancel(&mut self, asked: &Asked, now: i64, books: &mut Ledger) -> Result<Answer, No> {
        let wanted = which(asked)?;
        let known = self.trades.look_quietly(wanted);
        let known =
            known.map(|trade| (trade.number.clone(), trade.transaction.clone(), trade.begun_at));
        if known.is_none() && asked.text("out_trade_no").is_empty() {
            return Err(NOT_EXIST);
        }
        if known.as_ref().is_some_and(|(_, _, begun_at)| now - begun_at > CANCEL_SECONDS) {
            return Err(("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围"));
        }
        let number = known.as_ref().map_or(wanted, |(number, _, _)| number).to_owned();
        let mut node = json!({
            "code": "10000", "msg": "Success", "out_trade_no": number, "retry_flag": "N",
        });
        let action = match self.trades.reverse(&number, now, books) {
            Undone::GivenBack => "refund",
            Undone::Closed | Undone::Failed | Undone::Unknown => "close",
            Undone::CallAgain | Undone::Paying => {
                let mut node = refusal("40004", "ACQ.SYSTEM_ERROR", "系统错误");
                if let Value::Object(fields) = &mut node {
                    fields.insert("retry_flag".to_owned(), json!("Y"));
                }
                return Ok(Answer::json(node));
            }
        };
        // A number that nobody charged is answered with success and without an action.
        if let (Some((_, transaction, _)), Value::Object(fields)) = (known, &mut node) {
            fields.insert("trade_no".to_owned(), json!(transaction));
            fields.insert("action".to_owned(), json!(action));
        }
        Ok(Answer::json(node).settling(&number))
    }

    fn refund(&mut self, asked: &Asked, now: i64, books: &mut Ledger) -> Result<Answer, No> {
        let which = which(asked)?;
        let wanted = fen(asked.text("refund_amount"));
        let wanted = wanted.ok_or(("ACQ.INVALID_PARAMETER", "refund_amount"))?;
        let trade = self.trades.look_quietly(which);
        let trade = trade.ok_or(NOT_EXIST)?;
        let (is_whole, number) = (wanted == trade.fen, trade.number.clone());
        let key = match asked.text("out_request_no") {
            "" if is_whole => number.as_str(),
            "" => return Err(("ACQ.INVALID_PARAMETER", "out_request_no")),
            key => key,
        };
        let is_new = match self.trades.refund(which, (key, wanted), now, books) {
            Refunded::Now(_) => true,
            Refunded::Before(_) => false,
            Refunded::NumberUsed => {
                return Err(("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求"));
            }
            Refunded::TooMuch => {
                return Err(("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"));
            }
            Refunded::NotPaid => return Err(("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")),
            Refunded::NoTrade => return Err(NOT_EXIST),
        };
        let trade = self.trades.look_quietly(which);
        let trade = trade.ok_or(("ACQ.SYSTEM_ERROR", "系统错误"))?;
        Ok(Answer::json(json!({
            "code": "10000",
            "msg": "Success",
            "trade_no": trade.transaction,
            "out_trade_no": trade.number,
            "buyer_logon_id": "159****5620",
            "fund_change": if is_new { "Y" } else { "N" },
            "refund_fee": yuan(trade.fen - trade.left()),
            "gmt_refund_pay": clock::spaced(now),
        })))
    }

    fn refund_query(&mut self, asked: &Asked) -> Result<Answer, No> {
        let which = which(asked)?.to_owned();
        let known = self.trades.look_quietly(&which);
        let number = known.map(|trade| trade.number.clone());
        let number = number.ok_or(NOT_EXIST)?;
        let found = self.trades.look_refund(asked.text("out_request_no"));
        let mut node = json!({ "code": "10000", "msg": "Success" });
        // A refund that nobody asked for, or that is not done, is answered without its fields.
        if let (Some((trade, refund, false)), Value::Object(fields)) = (found, &mut node)
            && trade.number == number
        {
            for (name, value) in [
                ("out_trade_no", trade.number.clone()),
                ("trade_no", trade.transaction.clone()),
                ("out_request_no", refund.number.clone()),
                ("total_amount", yuan(trade.fen)),
                ("refund_amount", yuan(refund.fen)),
                ("refund_status", "REFUND_SUCCESS".to_owned()),
                ("gmt_refund_pay", clock::spaced(refund.at)),
            ] {
                fields.insert(name.to_owned(), json!(value));
            }
        }
        Ok(Answer::json(node))
    }
}

/// A refusal that tells how a charge ended.
fn last_word(number: &str, (sub_code, sub_msg): No) -> Answer {
    Answer::json(refusal("40004", sub_code, sub_msg)).settling(number)
}

/// The trade a call is about: Alipay's number goes before the caller's.
fn which(asked: &Asked) -> Result<&str, No> {
    match (asked.text("trade_no"), asked.text("out_trade_no")) {
        ("", "") => Err(("ACQ.INVALID_PARAMETER", "out_trade_no, trade_no")),
        ("", number) => Ok(number),
        (id, _) => Ok(id),
    }
}

fn paid(trade: &Trade) -> Value {
    json!({
        "code": "10000",
        "msg": "Success",
        "trade_no": trade.transaction,
        "out_trade_no": trade.number,
        "buyer_logon_id": "159****5620",
        "buyer_user_id": format!("2088{}", &ALIPAY.app_id),
        "total_amount": yuan(trade.fen),
        "receipt_amount": yuan(trade.fen),
        "buyer_pay_amount": yuan(trade.fen),
        "point_amount": "0.00",
        "invoice_amount": yuan(trade.fen),
        "gmt_payment": clock::spaced(trade.paid_at),
        "fund_bill_list": [{ "fund_channel": "ALIPAYACCOUNT", "amount": yuan(trade.fen) }],
        "store_name": "北京/朝阳店",
    })
}
