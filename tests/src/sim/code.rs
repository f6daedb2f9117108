//! Payment codes: what a guest holds under the scanner, and what that guest will do.

use serde::{Deserialize, Serialize};

/// What the guest behind a payment code does, or the platform in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Behaviour {
    /// Pays at once.
    #[default]
    Pays,
    /// Types a password for so many queries, then pays.
    PayingThenPays {
        /// Queries that are answered "paying".
        polls: u32,
    },
    /// Types a password for so many queries, then gives up.
    PayingThenFails {
        /// Queries that are answered "paying".
        polls: u32,
    },
    /// Types for ever.
    NeverPays,
    /// Has too little money.
    BalanceShort,
    /// Shows a code that is too old.
    Expired,
    /// Pays, and the platform answers that it does not know.
    ErrorButPaid,
    /// Does not pay, and the platform answers that it does not know.
    ErrorUnpaid,
    /// The line is cut before the platform has heard of it.
    CutBefore,
    /// The line is cut after the guest has paid.
    CutAfter,
}

/// A payment code to issue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentCode {
    /// The digits; minted when empty.
    pub code: String,
    /// What the guest does.
    pub behaviour: Behaviour,
    /// Reversals that are answered "call again" first.
    pub recalls: u32,
    /// Reversals that are refused because the guest is typing.
    pub paying_on_reverse: u32,
    /// Queries of a refund that are answered "processing".
    pub refund_polls: u32,
    /// The charge that used it.
    #[serde(skip_deserializing)]
    pub used_by: Option<String>,
}
