//! `WeChat` Pay v2: money of a charge goes back in parts.

use super::{Fields, No, fen, number, pairs, which};
use crate::sim::{
    call::{Answer, Content},
    clock,
    ledger::Ledger,
    trade::{Refund, Refunded, Trade, Trades},
};

/// Two refunds of one order lie so far apart.
const GAP_SECONDS: i64 = 60;
/// An order is refunded in so many parts at most.
const PARTS_MAX: usize = 50;
/// Characters of `out_refund_no`.
const NUMBER_CHARS_MAX: usize = 64;

pub(super) fn refund(
    trades: &mut Trades,
    fields: &Fields,
    now: i64,
    books: &mut Ledger,
) -> Result<Answer, No> {
    let key = number(fields, "out_refund_no", NUMBER_CHARS_MAX)?;
    let (total, wanted) = (fen(fields, "total_fee")?, fen(fields, "refund_fee")?);
    let which = which(fields)?.to_owned();
    let trade = trades.look_quietly(&which).ok_or(("ORDERNOTEXIST", "订单不存在"))?;
    if trade.fen != total {
        return Err(("PARAM_ERROR", "订单金额不一致"));
    }
    let is_new = trade.refunds.iter().all(|refund| refund.number != key);
    let last = trade.refunds.last().map(|refund| refund.at);
    if is_new && last.is_some_and(|at| now - at < GAP_SECONDS) {
        return Err(("FREQUENCY_LIMITED", "2个请求之间间隔时间太短"));
    }
    if is_new && trade.refunds.len() >= PARTS_MAX {
        return Err(("INVALID_REQUEST", "退款次数超过限制"));
    }
    match trades.refund(&which, (key, wanted), now, books) {
        Refunded::Now(refund) | Refunded::Before(refund) => {
            let trade = trades.look_quietly(&which).ok_or(("SYSTEMERROR", "系统错误"))?;
            Ok(Answer::new(200, Content::Xml(refunded(trade, &refund, ""))))
        }
        Refunded::NumberUsed => Err(("INVALID_REQUEST", "订单信息不一致，请更换退款单号")),
        Refunded::NotPaid => Err(("TRADE_STATE_ERROR", "订单状态错误")),
        Refunded::TooMuch => Err(("REFUND_FEE_MISMATCH", "退款金额大于可退金额")),
        Refunded::NoTrade => Err(("ORDERNOTEXIST", "订单不存在")),
    }
}

/// A refund's fields; those of a query carry a number behind their names.
fn refunded(trade: &Trade, refund: &Refund, suffix: &str) -> Fields {
    let mut said = pairs(&[
        ("transaction_id", &trade.transaction),
        ("out_trade_no", &trade.number),
        ("total_fee", &trade.fen.to_string()),
        ("cash_fee", &trade.fen.to_string()),
    ]);
    for (name, value) in [
        ("out_refund_no", refund.number.clone()),
        ("refund_id", refund.id.clone()),
        ("refund_fee", refund.fen.to_string()),
    ] {
        said.insert(format!("{name}{suffix}"), value);
    }
    said
}

pub(super) fn query(trades: &mut Trades, fields: &Fields) -> Result<Answer, No> {
    let key = number(fields, "out_refund_no", NUMBER_CHARS_MAX)?;
    let found = trades.look_refund(key);
    let (trade, refund, is_processing) = found.ok_or(("REFUNDNOTEXIST", "退款订单查询失败"))?;
    let mut said = refunded(trade, &refund, "_0");
    let state = if is_processing { "PROCESSING" } else { "SUCCESS" };
    said.extend(pairs(&[("refund_count", "1"), ("refund_status_0", state)]));
    if !is_processing {
        said.extend(pairs(&[("refund_success_time_0", &clock::spaced(refund.at))]));
    }
    Ok(Answer::new(200, Content::Xml(said)))
}
