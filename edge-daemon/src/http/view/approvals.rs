//! Reductions by hand, as screens tell them.

use domain::{money::Money, pricing::rule::Cut, receipt_number::WorkstationNumber};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::UnitView;
use crate::{
    approval::{Approval, Reason, State},
    context::Context,
    http::body::MoneyBody,
    station::Station,
};

/// A reduction by hand that a manager was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalView {
    id: Uuid,
    workstation: WorkstationNumber,
    line_id: Uuid,
    name: String,
    spec: String,
    unit: UnitView,
    quantity_milli: i64,
    list_price: MoneyBody,
    cut: CutView,
    /// What the line cost when it was asked for.
    amount: MoneyBody,
    /// What it costs with the reduction.
    after: MoneyBody,
    /// What the reduction takes: `amount` less `after`.
    off: MoneyBody,
    reason: ReasonView,
    state: ApprovalState,
    /// Who asked: their name, or their number when they are gone.
    asked_by: String,
    asked_at: String,
    decided_by: Option<String>,
    decided_at: Option<String>,
}

/// What is taken off.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum CutView {
    /// Each piece costs this.
    Price {
        /// The price of each.
        price: MoneyBody,
    },
    /// The line costs this part of its price, in hundredths of a percent: 8,500 is 85 折.
    Rate {
        /// 1 to 9,999.
        rate_bps: u16,
    },
    /// Each piece costs so much less.
    Off {
        /// What comes off.
        off: MoneyBody,
    },
}

impl From<Cut> for CutView {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Price(price) => Self::Price { price: price.into() },
            Cut::Rate(rate) => Self::Rate { rate_bps: rate.0 },
            Cut::Off(off) => Self::Off { off: off.into() },
        }
    }
}

impl From<CutView> for Cut {
    fn from(cut: CutView) -> Self {
        match cut {
            CutView::Price { price } => Self::Price(price.into()),
            CutView::Rate { rate_bps } => Self::Rate(domain::money::BasisPoints(rate_bps)),
            CutView::Off { off } => Self::Off(off.into()),
        }
    }
}

/// Why a price is to be reduced.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReasonView {
    Damaged,
    PriceTag,
    PriceMatch,
    Service,
    Sample,
}

impl From<Reason> for ReasonView {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Damaged => Self::Damaged,
            Reason::PriceTag => Self::PriceTag,
            Reason::PriceMatch => Self::PriceMatch,
            Reason::Service => Self::Service,
            Reason::Sample => Self::Sample,
        }
    }
}

impl From<ReasonView> for Reason {
    fn from(reason: ReasonView) -> Self {
        match reason {
            ReasonView::Damaged => Self::Damaged,
            ReasonView::PriceTag => Self::PriceTag,
            ReasonView::PriceMatch => Self::PriceMatch,
            ReasonView::Service => Self::Service,
            ReasonView::Sample => Self::Sample,
        }
    }
}

/// Where one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApprovalState {
    /// A manager is asked.
    Waiting,
    Approved,
    Denied,
    Withdrawn,
    /// The line is not there any more as it was.
    Lapsed,
}

/// Writes one; `fits` says whether its line is on the counter as it was.
pub(in crate::http) fn of_approval(context: &Context, of: &Approval, fits: bool) -> ApprovalView {
    let name = |number: &String| {
        context.operator(number).map_or_else(|| number.clone(), |operator| operator.name)
    };
    let item = &of.line.item;
    ApprovalView {
        id: of.id,
        workstation: of.workstation,
        line_id: of.line.id.uuid(),
        name: item.name.clone(),
        spec: item.spec.clone(),
        unit: item.unit.into(),
        quantity_milli: of.line.quantity.milli(),
        list_price: item.list_price.into(),
        cut: of.cut.into(),
        amount: of.amount.into(),
        after: of.after.into(),
        // It was less when it was asked for, or it would not be here.
        off: of.amount.minus(of.after).unwrap_or(Money::ZERO).into(),
        reason: of.reason.into(),
        state: match (of.state, fits) {
            (State::Pending, true) => ApprovalState::Waiting,
            (State::Approved, _) => ApprovalState::Approved,
            (State::Denied, _) => ApprovalState::Denied,
            (State::Withdrawn, _) => ApprovalState::Withdrawn,
            (State::Pending, false) | (State::Lapsed, _) => ApprovalState::Lapsed,
        },
        asked_by: name(&of.asked_by),
        asked_at: of.asked_at.to_string(),
        decided_by: of.decided_by.as_ref().map(name),
        decided_at: of.decided_at.map(|at| at.to_string()),
    }
}

/// Those of the cart on the counter that its operator should know of; what is allowed for a line
/// that is not there any more as it was counts for nothing, and is told as lapsed.
pub(super) fn of_cart(context: &Context, station: &Station) -> Vec<ApprovalView> {
    let view = |of: &Approval| {
        let fits = of.fits(&station.cart);
        let view = of_approval(context, of, fits);
        let state =
            if of.state == State::Approved && !fits { ApprovalState::Lapsed } else { view.state };
        ApprovalView { state, ..view }
    };
    let is_told = |of: &&Approval| !matches!(of.state, State::Withdrawn);
    station.rights.approvals.iter().filter(is_told).map(view).collect()
}
