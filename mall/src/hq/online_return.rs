//! Goods of online orders that came back in stores, and money that is due to shoppers, as HQ reads
//! them.
//!
//! **Invariant:** reads only.

use serde::Serialize;
use utoipa::ToSchema;

use super::{read::HqError, shapes::MoneyShape};
use crate::{
    context::Context,
    db::{
        online_returns::{self, ListedReturn},
        pickup_cases::{self, DueRow},
    },
};

/// Returns that are told at once.
const RETURNS_TOLD: i64 = 200;
/// Refunds that are told at once: a person sees to them one by one.
const REFUNDS_TOLD: i64 = 200;

/// Goods of an online order that came back in a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OnlineReturn)]
pub(crate) struct OnlineReturnShape {
    /// Its id; the return slip shows its last eight signs.
    pub(crate) id: String,
    /// The store that has the goods, by its code.
    #[schema(example = "SH001")]
    pub(crate) store: String,
    /// The online order.
    pub(crate) order: String,
    /// What people call it.
    pub(crate) number: String,
    /// `changed_mind`, `unfit`, `defective`, `wrong_item` or `other`.
    pub(crate) reason: String,
    /// Whether the goods went back to what the store can sell.
    pub(crate) saleable: bool,
    /// Pieces that came back.
    pub(crate) pieces: i64,
    /// What goes back to the shopper.
    pub(crate) amount: MoneyShape,
    /// At which workstation.
    pub(crate) workstation: i64,
    /// The operator's number.
    pub(crate) operator: String,
    /// When it was decided.
    pub(crate) decided_at: String,
}

/// Money that a shop has to give back to its shopper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RefundDue)]
pub(crate) struct RefundDueShape {
    /// Its id, by which the shop says that it is done.
    pub(crate) id: String,
    /// The order's store, by its code.
    #[schema(example = "SH001")]
    pub(crate) store: String,
    /// The online order.
    pub(crate) order: String,
    /// What people call it.
    pub(crate) number: String,
    /// The shop that took the money.
    pub(crate) shop: String,
    /// How the order was paid.
    #[schema(example = "wechat")]
    pub(crate) method: String,
    /// The shop's number of that payment: what the money goes back to.
    pub(crate) reference: String,
    /// `cancelled`, `expired` or `returned`.
    pub(crate) why: String,
    /// How much.
    pub(crate) amount: MoneyShape,
    /// Since when it is due.
    pub(crate) due_since: String,
}

/// The newest returns, at most 200.
pub(crate) async fn online_returns(context: &Context) -> Result<Vec<OnlineReturnShape>, HqError> {
    let mut tx = context.db().look("read the returns of online orders").await?;
    let found = online_returns::list(&mut tx, RETURNS_TOLD).await?;
    let shape = |row: ListedReturn| OnlineReturnShape {
        id: row.id,
        store: row.store,
        order: row.order,
        number: row.number,
        reason: row.reason,
        saleable: row.is_saleable,
        pieces: row.pieces,
        amount: MoneyShape::of(row.amount),
        workstation: row.workstation,
        operator: row.operator,
        decided_at: row.decided_at.to_string(),
    };
    Ok(found.into_iter().map(shape).collect())
}

/// The refunds that wait longest, at most 200.
pub(crate) async fn refunds_due(context: &Context) -> Result<Vec<RefundDueShape>, HqError> {
    let mut tx = context.db().look("read what has to go back").await?;
    let found = pickup_cases::due(&mut tx, REFUNDS_TOLD).await?;
    let shape = |row: DueRow| RefundDueShape {
        id: row.id,
        store: row.store,
        order: row.order,
        number: row.number,
        shop: row.shop,
        method: row.method,
        reference: row.reference,
        why: row.why,
        amount: MoneyShape::of(row.amount),
        due_since: row.made_at.to_string(),
    };
    Ok(found.into_iter().map(shape).collect())
}
