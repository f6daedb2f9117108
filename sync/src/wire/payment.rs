//! Payments by code, as a store asks the mall for them.
//!
//! The store writes each question down before it asks. The mall writes it down before it asks the
//! other house. Whoever asks again with the same id asks for the same thing.

use std::fmt;

use domain::{
    id::{OrderId, PaymentId, RefundId},
    money::Money,
    payment::{PaymentMethod, PaymentState, RefundState},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Signs of a payment code: the houses give out 16 to 24 digits.
pub const PAYMENT_CODE_CHARS_MAX: usize = 32;
/// Signs of what a payer reads on their bill.
pub const SUBJECT_CHARS_MAX: usize = 60;

/// `POST /edge/v1/payments`: charge whoever showed this code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeV1 {
    /// Its id, made by the store; the number at the other house is made of it.
    pub id: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// At which workstation.
    pub workstation: u16,
    /// Whose code it is.
    pub method: PaymentMethod,
    /// In fen, more than nothing.
    pub amount_minor: Money,
    /// The payment code: good once, for a minute; never kept, logged or shown.
    pub code: String,
    /// What the payer reads on their bill.
    pub subject: String,
}

impl fmt::Debug for ChargeV1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChargeV1")
            .field("id", &self.id)
            .field("order", &self.order)
            .field("method", &self.method)
            .field("amount_minor", &self.amount_minor)
            .finish_non_exhaustive()
    }
}

/// A payment as the mall knows it: the answer to every question about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentV1 {
    /// Its id.
    pub id: PaymentId,
    /// Where it stands.
    pub state: PaymentState,
    /// Whose.
    pub method: PaymentMethod,
    /// In fen.
    pub amount_minor: Money,
    /// What was given back, or is asked to be, in fen.
    pub refunded_minor: Money,
    /// The other house's number; empty until it is paid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub transaction: String,
    /// When it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Timestamp>,
    /// Why not, in one word of `platforms`; only when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// `POST /edge/v1/payments/{id}/reversal`: it shall not be. Also for a payment that the mall never
/// heard of, so that a charge that comes late is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalV1 {
    /// For which order it was.
    pub order: OrderId,
    /// Whose code it was.
    pub method: PaymentMethod,
    /// In fen.
    pub amount_minor: Money,
}

/// `POST /edge/v1/refunds`: give back a part of what was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundAskV1 {
    /// Its id, made by the store.
    pub id: RefundId,
    /// Of which payment.
    pub payment: PaymentId,
    /// In fen, more than nothing.
    pub amount_minor: Money,
    /// Why, for the payer's bill.
    pub reason: String,
}

/// A refund as the mall knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundV1 {
    /// Its id.
    pub id: RefundId,
    /// Of which payment.
    pub payment: PaymentId,
    /// Where it stands.
    pub state: RefundState,
    /// In fen.
    pub amount_minor: Money,
    /// Why not, in one word; only when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

#[cfg(test)]
mod tests {
    use domain::id::Id;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_payment_code_travels_and_is_never_printed() {
        let charge = ChargeV1 {
            id: Id::from_uuid(Uuid::from_u128(1)),
            order: Id::from_uuid(Uuid::from_u128(2)),
            workstation: 1,
            method: PaymentMethod::Wechat,
            amount_minor: Money::from_minor(1_299),
            code: "134567890123456789".into(),
            subject: "门店消费".into(),
        };
        let body = serde_json::to_string(&charge).unwrap();
        assert!(body.contains(&charge.code), "{body}");
        assert_eq!(serde_json::from_str::<ChargeV1>(&body).unwrap(), charge);
        assert!(!format!("{charge:?}").contains("3456"), "{charge:?}");
    }
}
