//! Members: who they are, what they have, what stores are lent of it, and what does not fit.
//!
//! | file | what |
//! | --- | --- |
//! | `sealed` | names, phone numbers and birthdays: sealed here, sealed again for a store, masked for people |
//! | `register` | a member enters, changes, goes |
//! | `purse` | entries; what is lent follows from them |
//! | `told` | an order, or that it was undone, as entries and uses; what does not fit is a case |
//! | `lend` | allowances lent on before they end |
//! | `coupon` | coupons issued, and tokens signed |
//! | `check_in` | the coupon of a guest who signed in to a store's Wi-Fi |
//! | `read` | what HQ reads: masked |
//! | `import` | members from a table |
//!
//! **Invariant:** the order is the fact: entries follow from it, the same however often it is
//! looked at, and no order is ever changed for what does not fit. No clear name or phone number is
//! kept, logged, or in an error.

mod check_in;
mod coupon;
mod import;
mod lend;
mod purse;
mod read;
mod register;
mod sealed;
mod told;

use domain::id::MemberId;

pub(crate) use check_in::check_in;
pub(crate) use coupon::{BatchShape, CouponWish, code, issue};
pub(crate) use import::{ImportShape, TABLE_BYTES_MAX, import, import_file};
pub(crate) use lend::keep_lending;
pub(crate) use purse::{Adjustment, adjust};
pub(crate) use read::{MemberPage, MemberShape, case_trouble, find, members, one};
pub(crate) use register::{MemberWish, enter, remove};
pub(crate) use sealed::for_store;
pub(crate) use told::{order, post_void, tell};

use crate::{context::NoDice, db::DbError, vault::VaultError};

/// Why a wish was not granted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemberError {
    /// No such member, or gone.
    #[error("there is no member {0}")]
    Unknown(MemberId),
    /// No such store.
    #[error("there is no store `{0}`")]
    Store(String),
    /// No such rule is in force.
    #[error("there is no coupon rule `{0}` in force")]
    Rule(String),
    /// A value that cannot be. It never shows the value.
    #[error("{field}: {reason}")]
    Value {
        /// Which.
        field: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The phone number is another member's.
    #[error("the phone number is that of member {0}")]
    Phone(MemberId),
    /// The id was used for something else.
    #[error("this id was used for something else")]
    Taken,
    /// More is to be taken than is free.
    #[error("{free} may be taken now; {lent} is lent to stores")]
    Lent {
        /// What is not lent.
        free: String,
        /// What is.
        lent: String,
    },
    /// The table cannot be read.
    #[error("{0}")]
    Table(String),
    /// Personal data could not be sealed or opened, or a token signed.
    #[error("could not seal, open or sign")]
    Vault(#[from] VaultError),
    /// The machine gives no random numbers.
    #[error("could not make an id")]
    Dice(#[from] NoDice),
    /// The database refused.
    #[error("could not read or write the member")]
    Db(#[from] DbError),
}

impl MemberError {
    /// What a person can do.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Store(_) => Some("`mall store list` names the stores"),
            Self::Rule(_) => {
                Some("a coupon switches on a rule of the set in force that is marked `coupon`")
            }
            Self::Lent { .. } => {
                Some("take less, or come back when the stores have told what they sold")
            }
            Self::Phone(_) => Some("change that member, or remove them first"),
            Self::Table(_) => Some("see docs/import.md for the columns"),
            Self::Vault(error) => error.hint(),
            Self::Db(error) => error.hint(),
            Self::Unknown(_) | Self::Value { .. } | Self::Taken | Self::Dice(_) => None,
        }
    }
}

const fn value(field: &'static str, reason: &'static str) -> MemberError {
    MemberError::Value { field, reason }
}
