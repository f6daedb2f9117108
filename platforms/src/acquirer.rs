//! Payment codes (付款码), by five verbs: charge, query, reverse, refund, query the refund.
//!
//! No house tells a store by itself what became of a charge: the store asks. "Unknown" is a third
//! outcome besides paid and refused, and only a query or a reverse settles it; until then nothing
//! else may be charged for the same sale. How often to ask and when to give up is the caller's:
//!
//! | | WeChat | Alipay |
//! | --- | --- | --- |
//! | after `Paying` or silence, query | after 5 s, every 5 s | after 5 s, every 3 to 5 s |
//! | then reverse | after 45 s, and never within 15 s of the charge | after 45 to 60 s |
//! | reverse again | on `Again` and silence, up to 7 days | the same, up to the end of the day |
//!
//! A number that was reversed is dead: the next charge has a new number and a fresh code.

use domain::{money::Money, time::Timestamp};

use crate::{
    alipay,
    secret::{Code, OurNumber},
    verdict::{Otherwise, Refusal, Silence},
    wechat,
};

/// A house that takes payment codes.
#[derive(Clone, Debug)]
pub enum Acquirer {
    /// WeChat Pay by its second interface: the newest official guide knows no other for codes.
    Wechat(wechat::v2::Client),
    /// Alipay.
    Alipay(alipay::Client),
}

/// A charge. Written down by the caller before it is sent, and sent once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// `out_trade_no`.
    pub number: OurNumber,
    /// The shopper's payment code: one minute, one use.
    pub code: Code,
    /// More than zero.
    pub amount: Money,
    /// What the shopper reads on the phone: brand and store. Cut to what the house takes.
    pub subject: String,
    /// Our store, for the house's own reports; empty if it has none there.
    pub shop: String,
    /// The workstation, likewise.
    pub workstation: String,
}

/// What became of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Charged {
    /// Paid.
    Paid(Paid),
    /// The shopper is typing a password: query.
    Paying,
    /// Not paid, and will not be by this number.
    Refused(Refusal),
    /// Nobody knows: query.
    Silence(Silence),
}

/// A payment that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The house's own number of it (`transaction_id`, `trade_no`).
    pub transaction: String,
    /// The whole amount, as charged.
    pub amount: Money,
    /// What of it the shopper paid; the rest came from the house's own coupons.
    pub by_shopper: Money,
    /// When, by the house's clock.
    pub at: Option<Timestamp>,
}

/// How a charge stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Standing {
    /// Paid. Compare the amount with what was asked for.
    Paid(Paid),
    /// The shopper is typing a password.
    Paying,
    /// Not paid so far. **Not the end:** reverse it before anything else is charged.
    NotPaid(NotPaid),
    /// None of this money is with us, and no more can come: closed, or paid back in full.
    Closed,
    /// Reversed.
    Reversed,
    /// Paid, and some or all of it went back: query the refunds.
    Refunded,
    /// The house does not answer us.
    Refused(Refusal),
    /// Nobody knows.
    Silence(Silence),
}

/// In which way it is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPaid {
    /// The house knows no such number; what we sent may still be on its way.
    Unknown,
    /// It waits for the shopper.
    Open,
    /// The shopper's bank or the shopper said no.
    Failed,
}

/// What became of a reverse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reversal {
    /// No money is with us, and none can come by this number.
    Reversed,
    /// The house asks to be asked again.
    Again,
    /// It will not be reversed. `NotFound`: the house never heard of it.
    Refused(Refusal),
    /// Nobody knows: ask again.
    Silence(Silence),
}

/// A refund of a payment, in whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Of which charge.
    pub number: OurNumber,
    /// The refund's own number: the same on every attempt, for a second refund another.
    pub refund_number: OurNumber,
    /// What was charged.
    pub total: Money,
    /// What goes back, more than zero.
    pub amount: Money,
    /// What the shopper reads.
    pub reason: String,
}

/// How a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Refunding {
    /// The money went back.
    Done {
        /// How much.
        amount: Money,
    },
    /// Accepted, on its way: query.
    Accepted,
    /// The house knows no refund by this number.
    Unknown,
    /// The house accepted it and could not pay it out: a person must look. Its own word.
    Failed(String),
    /// No refund.
    Refused(Refusal),
    /// Nobody knows: ask again by the same number.
    Silence(Silence),
}

impl Acquirer {
    /// Charges a payment code. Never call it twice with one number.
    pub async fn charge(&self, charge: &Charge) -> Charged {
        match self {
            Self::Wechat(client) => client.charge(charge).await,
            Self::Alipay(client) => client.charge(charge).await,
        }
        .unwrap_or_else(Into::into)
    }

    /// How a charge stands.
    pub async fn query(&self, number: &OurNumber) -> Standing {
        match self {
            Self::Wechat(client) => client.query(number).await,
            Self::Alipay(client) => client.query(number).await,
        }
        .unwrap_or_else(Into::into)
    }

    /// Closes what is not paid, pays back what is. For a sale that is certain to be paid use
    /// `refund`. WeChat: not within 15 s of the charge.
    pub async fn reverse(&self, number: &OurNumber) -> Reversal {
        match self {
            Self::Wechat(client) => client.reverse(number).await,
            Self::Alipay(client) => client.reverse(number).await,
        }
        .unwrap_or_else(Into::into)
    }

    /// Pays back; the same number again is at most one refund.
    pub async fn refund(&self, refund: &Refund) -> Refunding {
        match self {
            Self::Wechat(client) => client.refund(refund).await,
            Self::Alipay(client) => client.refund(refund).await,
        }
        .unwrap_or_else(Into::into)
    }

    /// How a refund stands.
    pub async fn refund_query(&self, refund: &Refund) -> Refunding {
        match self {
            Self::Wechat(client) => client.refund_query(refund).await,
            Self::Alipay(client) => client.refund_query(refund).await,
        }
        .unwrap_or_else(Into::into)
    }
}

/// Each of these ends in a refusal or in silence the same way.
macro_rules! from_otherwise {
    ($($answer:ident),+) => {$(
        impl From<Otherwise> for $answer {
            fn from(otherwise: Otherwise) -> Self {
                match otherwise {
                    Otherwise::No(refusal) => Self::Refused(refusal),
                    Otherwise::Silence(silence) => Self::Silence(silence),
                }
            }
        }
    )+};
}

from_otherwise!(Charged, Standing, Reversal, Refunding);
