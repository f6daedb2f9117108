//! Coupons and vouchers of other houses: looked up, used once, given back.
//!
//! | file | what |
//! | --- | --- |
//! | `fit` | whether a question fits what is held |
//! | `hear` | where a redemption stands after its house was heard |
//! | `look_up` | what a coupon or voucher is worth |
//! | `redeem` | a store wants it used, or given back |
//! | `ask` | its house is asked to use it, to give it back, or where it stands |
//!
//! **Invariant:** a use is committed before its house is asked, and asked for again with the same
//! number and the same tokens, so that a coupon is spent once. What its house must be told again
//! stays here: no answer, log line or error holds it.

mod ask;
mod fit;
mod hear;
mod look_up;
mod redeem;

use domain::{id::RedemptionId, redemption::RedemptionState};
use sync::{replica::StoreId, wire::RedemptionV1};

use crate::{
    context::Context,
    db::{
        DbError,
        redemptions::{self, RedemptionRow},
    },
};

pub(crate) use ask::{ask, standing};
pub(crate) use look_up::look_up;
pub(crate) use redeem::{redeem, reverse};

/// Why a question about a redemption has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedemptionError {
    /// The mall never looked it up.
    #[error("there is no such redemption")]
    Unknown,
    /// The question itself cannot be.
    #[error("{0}")]
    Malformed(&'static str),
    /// The id was used for something else.
    #[error("this id was used for something else")]
    Taken,
    /// Its house says nothing; nothing was used.
    #[error("the house of this code does not answer; nothing was used")]
    Silent,
    /// The database refused.
    #[error("could not keep the redemption")]
    Db(#[from] DbError),
}

/// A redemption as stores are told of it.
fn told(row: RedemptionRow) -> RedemptionV1 {
    let is_refused = matches!(row.state, RedemptionState::Refused | RedemptionState::Kept);
    RedemptionV1 {
        id: row.id,
        issuer: row.issuer,
        state: row.state,
        offers: row.offers,
        code_tail: row.code_tail,
        refusal: is_refused.then_some(row.refusal),
        reversible_until: row.reversible_until,
    }
}

/// A redemption as it stands in the database now.
async fn held(
    context: &Context,
    store: StoreId,
    id: RedemptionId,
) -> Result<RedemptionV1, RedemptionError> {
    let mut tx = context.db().read("read a redemption").await?;
    let row = redemptions::by_id(&mut tx, store, id).await?;
    row.map(told).ok_or(RedemptionError::Unknown)
}
