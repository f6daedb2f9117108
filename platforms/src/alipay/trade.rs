//! A trade on Alipay's wire.

use domain::money::Money;
use serde::{Deserialize, Serialize};

use super::codes::PAYING;
use crate::{
    acquirer::{Charge, Charged, NotPaid, Paid, Refund, Refunding, Reversal, Standing},
    moment,
    secret::OurNumber,
    verdict::{Cause, Otherwise, RefusalCode, bounded},
};

/// The house takes amounts of nine digits and two decimals.
const YUAN_BYTES_MAX: usize = 12;
/// `subject` has 256 signs.
const SUBJECT_SIGNS_MAX: usize = 128;
/// `store_id`, `terminal_id`.
const SHOP_SIGNS_MAX: usize = 32;
const REASON_SIGNS_MAX: usize = 128;

/// Yuan as Alipay writes them, never below zero.
fn yuan(text: &str) -> Option<Money> {
    let is_plain = text.len() <= YUAN_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_plain.then(|| Money::parse_yuan(text).ok()).flatten()
}

fn first_signs(text: &str, max: usize) -> String {
    text.chars().filter(|sign| !sign.is_control()).take(max).collect()
}

#[derive(Serialize)]
pub(super) struct PayBody<'a> {
    out_trade_no: &'a str,
    scene: &'static str,
    auth_code: &'a str,
    product_code: &'static str,
    subject: String,
    total_amount: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    store_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    terminal_id: String,
}

impl<'a> PayBody<'a> {
    pub(super) fn new(charge: &'a Charge) -> Self {
        Self {
            out_trade_no: charge.number.as_str(),
            scene: "bar_code",
            auth_code: charge.code.reveal(),
            product_code: "FACE_TO_FACE_PAYMENT",
            subject: first_signs(&charge.subject, SUBJECT_SIGNS_MAX),
            total_amount: charge.amount.to_string(),
            store_id: first_signs(&charge.shop, SHOP_SIGNS_MAX),
            terminal_id: first_signs(&charge.workstation, SHOP_SIGNS_MAX),
        }
    }
}

#[derive(Serialize)]
pub(super) struct NumberBody<'a> {
    out_trade_no: &'a str,
}

impl<'a> NumberBody<'a> {
    pub(super) fn new(number: &'a OurNumber) -> Self {
        Self { out_trade_no: number.as_str() }
    }
}

#[derive(Serialize)]
pub(super) struct RefundBody<'a> {
    out_trade_no: &'a str,
    out_request_no: &'a str,
    refund_amount: String,
    refund_reason: String,
}

impl<'a> RefundBody<'a> {
    pub(super) fn new(refund: &'a Refund) -> Self {
        Self {
            out_trade_no: refund.number.as_str(),
            out_request_no: refund.refund_number.as_str(),
            refund_amount: refund.amount.to_string(),
            refund_reason: first_signs(&refund.reason, REASON_SIGNS_MAX),
        }
    }
}

#[derive(Serialize)]
pub(super) struct RefundQueryBody<'a> {
    out_trade_no: &'a str,
    out_request_no: &'a str,
}

impl<'a> RefundQueryBody<'a> {
    pub(super) fn new(refund: &'a Refund) -> Self {
        let (number, refund_number) = (&refund.number, &refund.refund_number);
        Self { out_trade_no: number.as_str(), out_request_no: refund_number.as_str() }
    }
}

/// What pay and query answer.
#[derive(Deserialize)]
pub(super) struct PayNode {
    code: String,
    #[serde(default)]
    out_trade_no: String,
    #[serde(default)]
    trade_no: String,
    #[serde(default)]
    trade_status: String,
    #[serde(default)]
    total_amount: String,
    #[serde(default)]
    buyer_pay_amount: String,
    /// Of a pay; a query says `send_pay_date`.
    #[serde(default, alias = "send_pay_date")]
    gmt_payment: String,
}

impl PayNode {
    pub(super) fn charged(self, charge: &Charge) -> Result<Charged, Otherwise> {
        if self.code == PAYING {
            return Ok(Charged::Paying);
        }
        let paid = self.paid(&charge.number)?;
        if paid.amount != charge.amount {
            return Err(Otherwise::silence(Cause::Contradiction, "another amount"));
        }
        Ok(Charged::Paid(paid))
    }

    fn paid(self, number: &OurNumber) -> Result<Paid, Otherwise> {
        is_about(&self.out_trade_no, number)?;
        let unreadable = |what: &str| Otherwise::silence(Cause::Unreadable, what);
        let amount = yuan(&self.total_amount).ok_or_else(|| unreadable("total_amount"))?;
        if self.trade_no.is_empty() {
            return Err(unreadable("trade_no"));
        }
        Ok(Paid {
            transaction: bounded(&self.trade_no),
            amount,
            by_shopper: yuan(&self.buyer_pay_amount).unwrap_or(amount),
            at: moment::parse(&self.gmt_payment),
        })
    }
}

fn is_about(theirs: &str, number: &OurNumber) -> Result<(), Otherwise> {
    if theirs == number.as_str() {
        Ok(())
    } else {
        Err(Otherwise::silence(Cause::Contradiction, "another number"))
    }
}

/// How a charge stands.
pub(super) fn standing(
    node: Result<PayNode, Otherwise>,
    number: &OurNumber,
) -> Result<Standing, Otherwise> {
    let node = match node {
        Ok(node) => node,
        // Also while the shopper has not confirmed.
        Err(Otherwise::No(refusal)) if refusal.code == RefusalCode::NotFound => {
            return Ok(Standing::NotPaid(NotPaid::Unknown));
        }
        Err(otherwise) => return Err(otherwise),
    };
    is_about(&node.out_trade_no, number)?;
    match node.trade_status.as_str() {
        "TRADE_SUCCESS" | "TRADE_FINISHED" => Ok(Standing::Paid(node.paid(number)?)),
        "WAIT_BUYER_PAY" => Ok(Standing::Paying),
        "TRADE_CLOSED" => Ok(Standing::Closed),
        state => Err(Otherwise::silence(Cause::Unknown, &format!("trade_status {state}"))),
    }
}

#[derive(Deserialize)]
pub(super) struct CancelNode {
    #[serde(default)]
    out_trade_no: String,
    #[serde(default)]
    retry_flag: String,
    /// `close` or `refund`; left out where there was nothing to do.
    #[serde(default)]
    action: String,
}

impl CancelNode {
    /// A number that Alipay never heard of is cancelled with success, too, and without an action:
    /// its charge may still come in, and be paid.
    pub(super) fn reversal(self, number: &OurNumber) -> Result<Reversal, Otherwise> {
        is_about(&self.out_trade_no, number)?;
        match (self.retry_flag.as_str(), self.action.as_str()) {
            ("N", "close" | "refund") => Ok(Reversal::Reversed),
            ("N", "") => Err(Otherwise::no(RefusalCode::NotFound, "no action")),
            ("N", action) => Err(Otherwise::silence(Cause::Unknown, &format!("action {action}"))),
            ("Y", _) => Ok(Reversal::Again),
            _ => Err(Otherwise::silence(Cause::Unreadable, "retry_flag")),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RefundNode {
    #[serde(default)]
    out_trade_no: String,
    #[serde(default)]
    fund_change: String,
}

impl RefundNode {
    /// Money moved, or this refund was asked for before: then the query tells.
    pub(super) fn refunding(self, refund: &Refund) -> Result<Refunding, Otherwise> {
        is_about(&self.out_trade_no, &refund.number)?;
        match self.fund_change.as_str() {
            "Y" => Ok(Refunding::Done { amount: refund.amount }),
            "N" => Ok(Refunding::Accepted),
            _ => Err(Otherwise::silence(Cause::Unreadable, "fund_change")),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RefundQueryNode {
    #[serde(default)]
    out_request_no: String,
    #[serde(default)]
    refund_status: String,
    #[serde(default)]
    refund_amount: String,
}

/// How a refund stands. Without a status there was none, or it did not succeed: the same number
/// may be asked for again.
pub(super) fn refund_standing(
    node: Result<RefundQueryNode, Otherwise>,
    refund: &Refund,
) -> Result<Refunding, Otherwise> {
    let node = match node {
        Ok(node) => node,
        Err(Otherwise::No(refusal)) if refusal.code == RefusalCode::NotFound => {
            return Ok(Refunding::Unknown);
        }
        Err(otherwise) => return Err(otherwise),
    };
    match node.refund_status.as_str() {
        "" => Ok(Refunding::Unknown),
        "REFUND_SUCCESS" => {
            is_about(&node.out_request_no, &refund.refund_number)?;
            match yuan(&node.refund_amount) {
                Some(amount) if amount == refund.amount => Ok(Refunding::Done { amount }),
                _ => Err(Otherwise::silence(Cause::Contradiction, "another amount")),
            }
        }
        state => Err(Otherwise::silence(Cause::Unknown, &format!("refund_status {state}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yuan_of_the_wire_are_plain_and_not_below_zero() {
        let table = [
            ("88.88", Some(8_888)),
            ("0.01", Some(1)),
            ("100", Some(10_000)),
            ("1.5", Some(150)),
            ("100000000.00", Some(10_000_000_000)),
            ("1000000000.00", None),
            ("-0.01", None),
            ("0.001", None),
            ("1e3", None),
            (" 1", None),
            ("１", None),
            ("", None),
        ];
        for (text, fen) in table {
            assert_eq!(yuan(text).map(Money::minor), fen, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn fen_to_yuan_and_back_is_the_same(fen in 0_i64..=10_000_000_000) {
            let money = Money::from_minor(fen);
            prop_assert_eq!(yuan(&money.to_string()), Some(money));
        }

        #[test]
        fn any_text_is_yuan_or_not(text in "\\PC{0,24}|[0-9.]{0,14}") {
            if let Some(money) = yuan(&text) {
                prop_assert!(money >= Money::ZERO && money.minor() < 100_000_000_000_000);
            }
        }
    }
}
