//! Orders that came out otherwise when the mall priced them again.
//!
//! **Invariant:** reads only; a drift is told and never mended: the order happened.

use serde::Serialize;
use sync::wire::KIND_ORDER;
use utoipa::ToSchema;

use super::{
    read::{Asked, HqError, known, place},
    shapes::TroubleShape,
};
use crate::{
    context::Context,
    db::drift::{self, DriftRow},
};

/// An order that came out otherwise when the mall priced it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Drift)]
pub(crate) struct DriftShape {
    /// The store's code.
    pub(crate) store: String,
    /// The order.
    pub(crate) order: String,
    /// What is on its paper.
    pub(crate) receipt_number: String,
    /// `differs`, `unknown_revision` or `refused` (it cannot be priced at all).
    pub(crate) what: String,
    /// The revision of the rule set that the order names.
    pub(crate) revision: i64,
    /// What the mall finds.
    pub(crate) expected: String,
    /// What the order says.
    pub(crate) came: String,
    /// When it came.
    pub(crate) received_at: String,
}

impl DriftShape {
    pub(super) fn of(row: DriftRow) -> Self {
        let DriftRow {
            store,
            order,
            receipt_number,
            seq: _,
            what,
            revision,
            expected,
            came,
            received_at,
        } = row;
        let received_at = received_at.to_string();
        Self { store, order, receipt_number, what, revision, expected, came, received_at }
    }
}

/// A page of drifts, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct DriftPage {
    /// The drifts.
    pub(crate) drifts: Vec<DriftShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

/// Orders that came out otherwise when they were priced again, of a store or all, newest first.
pub(crate) async fn drifts(
    context: &Context,
    store: Option<&str>,
    asked: &Asked,
) -> Result<DriftPage, HqError> {
    let after = asked.after.as_deref().map(place).transpose()?;
    let mut tx = context.db().look("read the price drifts").await?;
    let store = match store {
        Some(code) => Some(known(&mut tx, code).await?.id),
        None => None,
    };
    let found = drift::list(&mut tx, store, after, asked.limit() + 1).await?;
    let written = |last: &DriftRow| format!("{}.{}", last.received_at.micros(), last.order);
    let (found, next) = asked.page(found, written);
    Ok(DriftPage { drifts: found.into_iter().map(DriftShape::of).collect(), next })
}

/// A drift as one of a store's troubles.
pub(super) fn trouble(row: DriftRow) -> TroubleShape {
    let DriftRow { order, seq, what, expected, came, received_at, .. } = row;
    let kind = KIND_ORDER.to_owned();
    let reason = match what.as_str() {
        "unknown_revision" => format!("priced by rules that the mall never had: {came}"),
        "refused" => format!("cannot be priced again: {expected}"),
        _ => format!("the mall finds {expected}; the order says {came}"),
    };
    let (what, received_at) = ("price_drift".to_owned(), received_at.to_string());
    TroubleShape { id: order, what, reason, seq, kind, received_at }
}
