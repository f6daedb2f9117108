//! Orders that were undone on their business date (整单作废), as HQ reads them.
//!
//! **Invariant:** what was undone is told beside the sums, never in them.

use domain::money::Money;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::MoneyShape;
use crate::db::post_voids::PostVoidRow;

/// How an order was undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PostVoid)]
pub(crate) struct PostVoidShape {
    /// When.
    pub(crate) at: String,
    /// The number of the operator who did it.
    pub(crate) operator: String,
    /// At which workstation.
    pub(crate) workstation: u16,
    /// Why, in the operator's words.
    pub(crate) reason: String,
}

impl PostVoidShape {
    pub(super) fn of(row: &PostVoidRow) -> Self {
        let PostVoidRow { at, operator, workstation, reason } = row.clone();
        Self { at: at.to_string(), operator, workstation, reason }
    }
}

/// What was undone on a business date; the day's other sums are without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UndoneSum)]
pub(crate) struct UndoneSumShape {
    /// How many orders.
    pub(crate) n_orders: i64,
    /// What they came to, after reductions.
    pub(crate) total: MoneyShape,
}

impl UndoneSumShape {
    pub(super) const fn of((n_orders, total): (i64, Money)) -> Self {
        Self { n_orders, total: MoneyShape::of(total) }
    }
}
