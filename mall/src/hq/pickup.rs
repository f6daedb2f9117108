//! Hand-overs that should not have been, as HQ reads them.
//!
//! **Invariant:** reads only.

use serde::Serialize;
use utoipa::ToSchema;

use super::{read::HqError, shapes::MoneyShape};
use crate::{context::Context, db::pickup_cases};

/// Cases that are told at once: a person settles them one by one.
const CASES_MAX: i64 = 200;

/// An online order that was handed over and should not have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PickupCase)]
pub(crate) struct PickupCaseShape {
    /// The fact that told of it.
    pub(crate) id: String,
    /// The store that handed it over, by its code.
    #[schema(example = "SH001")]
    pub(crate) store: String,
    /// The online order.
    pub(crate) order: String,
    /// What people call it; empty for one that is not known.
    pub(crate) number: String,
    /// `second`: it had been handed over; `after_end`: it had been cancelled or expired, and its
    /// money goes back; `unknown`: it is not this store's, or nobody's.
    #[schema(value_type = String)]
    pub(crate) what: String,
    /// What was paid for the goods that left.
    pub(crate) cost: MoneyShape,
    /// When, by the store's clock.
    pub(crate) handed_over_at: String,
}

/// The newest cases, at most 200.
pub(crate) async fn pickup_cases(context: &Context) -> Result<Vec<PickupCaseShape>, HqError> {
    let mut tx = context.db().look("read hand-overs that should not have been").await?;
    let found = pickup_cases::list(&mut tx, CASES_MAX).await?;
    let shape = |case: pickup_cases::CaseRow| PickupCaseShape {
        id: case.id,
        store: case.store,
        order: case.order,
        number: case.number,
        what: case.what,
        cost: MoneyShape::of(case.cost),
        handed_over_at: case.at.to_string(),
    };
    Ok(found.into_iter().map(shape).collect())
}
