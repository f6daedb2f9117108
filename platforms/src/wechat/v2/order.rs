//! A charge on v2's wire: micropay, orderquery, reverse.

use std::net::IpAddr;

use domain::money::Money;

use super::{
    Fields,
    codes::{self, Asked},
};
use crate::{
    acquirer::{Charge, Charged, NotPaid, Paid, Reversal, Standing},
    moment,
    secret::OurNumber,
    verdict::{Cause, Otherwise, RefusalCode, bounded},
};

/// `body` has 127 bytes or 128, as one page says or the other.
const SUBJECT_BYTES_MAX: usize = 120;
/// `device_info`.
const DEVICE_BYTES_MAX: usize = 32;

/// The question by our number.
pub(super) fn number_field(number: &OurNumber) -> Fields {
    let mut fields = Fields::default();
    fields.put("out_trade_no", number.as_str());
    fields
}

/// The question of a charge.
pub(super) fn charge_fields(charge: &Charge, caller_ip: IpAddr) -> Fields {
    let mut fields = number_field(&charge.number);
    fields.put("body", cut(&charge.subject, SUBJECT_BYTES_MAX));
    fields.put("total_fee", &charge.amount.minor().to_string());
    fields.put("fee_type", "CNY");
    fields.put("spbill_create_ip", &caller_ip.to_string());
    fields.put("auth_code", charge.code.reveal());
    fields.put("device_info", cut(&charge.workstation, DEVICE_BYTES_MAX));
    fields
}

/// The longest beginning of a text that fits.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let ends = text.char_indices().map(|(at, sign)| at + sign.len_utf8());
    let end = ends.take_while(|end| *end <= bytes_max).last().unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Fen as the wire writes them: digits only.
pub(super) fn fen(answer: &Fields, name: &str) -> Option<Money> {
    let text = answer.get(name)?;
    let is_digits = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten().map(Money::from_minor)
}

/// What became of a charge.
pub(super) fn charged(answer: &Fields, charge: &Charge) -> Result<Charged, Otherwise> {
    if codes::is(answer, "USERPAYING") {
        return Ok(Charged::Paying);
    }
    codes::result(answer, Asked::Charge)?;
    let paid = paid(answer, &charge.number)?;
    if paid.amount != charge.amount {
        return Err(Otherwise::silence(Cause::Contradiction, "another amount"));
    }
    Ok(Charged::Paid(paid))
}

fn paid(answer: &Fields, number: &OurNumber) -> Result<Paid, Otherwise> {
    is_about(answer, number)?;
    let unreadable = |what: &str| Otherwise::silence(Cause::Unreadable, what);
    let amount = fen(answer, "total_fee").ok_or_else(|| unreadable("total_fee"))?;
    let transaction = answer.get("transaction_id").ok_or_else(|| unreadable("transaction_id"))?;
    Ok(Paid {
        transaction: bounded(transaction),
        amount,
        by_shopper: fen(answer, "cash_fee").unwrap_or(amount),
        at: answer.get("time_end").and_then(moment::parse),
    })
}

fn is_about(answer: &Fields, number: &OurNumber) -> Result<(), Otherwise> {
    if answer.get("out_trade_no") == Some(number.as_str()) {
        Ok(())
    } else {
        Err(Otherwise::silence(Cause::Contradiction, "another number"))
    }
}

/// How a charge stands.
pub(super) fn standing(answer: &Fields, number: &OurNumber) -> Result<Standing, Otherwise> {
    match codes::result(answer, Asked::Query) {
        Ok(()) => {}
        Err(Otherwise::No(refusal)) if refusal.code == RefusalCode::NotFound => {
            return Ok(Standing::NotPaid(NotPaid::Unknown));
        }
        Err(otherwise) => return Err(otherwise),
    }
    is_about(answer, number)?;
    match answer.get("trade_state").unwrap_or_default() {
        "SUCCESS" => Ok(Standing::Paid(paid(answer, number)?)),
        "USERPAYING" | "ACCEPT" => Ok(Standing::Paying),
        "NOTPAY" => Ok(Standing::NotPaid(NotPaid::Open)),
        "PAYERROR" => Ok(Standing::NotPaid(NotPaid::Failed)),
        "CLOSED" => Ok(Standing::Closed),
        "REVOKED" => Ok(Standing::Reversed),
        "REFUND" => Ok(Standing::Refunded),
        state => Err(Otherwise::silence(Cause::Unknown, &format!("trade_state {state}"))),
    }
}

/// What became of a reverse. `recall=Y` asks for another one, whatever else the answer says.
pub(super) fn reversal(answer: &Fields) -> Result<Reversal, Otherwise> {
    if answer.get("recall") == Some("Y") || codes::is(answer, "USERPAYING") {
        return Ok(Reversal::Again);
    }
    match codes::result(answer, Asked::Reverse) {
        Ok(()) => Ok(Reversal::Reversed),
        // Reversed or closed before: that is what was asked for.
        Err(Otherwise::No(refusal)) if refusal.code == RefusalCode::NumberSpent => {
            Ok(Reversal::Reversed)
        }
        Err(otherwise) => Err(otherwise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_cut_between_signs() {
        let table = [("abc", 2, "ab"), ("茶茶", 5, "茶"), ("茶", 2, ""), ("", 3, "")];
        for (text, bytes, kept) in table {
            assert_eq!(cut(text, bytes), kept, "{text} {bytes}");
        }
    }
}
