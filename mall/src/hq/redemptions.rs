//! Coupons and vouchers of other houses, as HQ reads them.
//!
//! **Invariant:** reads only; of a code only its last signs are shown, and nothing of what its
//! house gave for it.

use domain::redemption::RedemptionState;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    payments::wanted,
    read::{Asked, HqError},
    shapes::MoneyShape,
};
use crate::{
    context::Context,
    db::{
        Conn,
        redemptions::{self, RedemptionRow},
        stores,
    },
};

/// A coupon or voucher of another house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Redemption)]
pub(crate) struct RedemptionShape {
    /// Its id.
    pub(crate) id: String,
    /// The store's code.
    #[schema(example = "SH001")]
    pub(crate) store: String,
    /// Its workstation.
    pub(crate) workstation: u16,
    /// The order it was for.
    pub(crate) order: String,
    /// `douyin` or `wechat`.
    #[schema(value_type = String)]
    pub(crate) issuer: &'static str,
    /// `looked_up`, `pending`, `redeemed`, `refused`, `reversing`, `reversed` or `kept`.
    #[schema(value_type = String)]
    pub(crate) state: &'static str,
    /// What its house calls it; the offer that was used, or the first.
    pub(crate) title: Option<String>,
    /// How many were asked to be used.
    pub(crate) n_used: u32,
    /// What one of them pays as a tender; nothing for a coupon that reduces.
    pub(crate) worth: Option<MoneyShape>,
    /// The rule that it switches on.
    pub(crate) rule: Option<String>,
    /// The last signs of its code.
    pub(crate) code_tail: String,
    /// The last no of its house, in one word.
    pub(crate) refusal: Option<String>,
    /// When it was looked up.
    pub(crate) made_at: String,
    /// When it was known to be used.
    pub(crate) used_at: Option<String>,
    /// When it came to stand where it stands; none while that is open.
    pub(crate) decided_at: Option<String>,
}

/// A page of redemptions, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RedemptionPage {
    /// The redemptions.
    pub(crate) redemptions: Vec<RedemptionShape>,
    /// Give it as `after` for the next page; none when this was the last.
    pub(crate) next: Option<String>,
}

/// Redemptions of a store or of all, newest first.
pub(crate) async fn redemptions(
    context: &Context,
    store: Option<&str>,
    state: Option<RedemptionState>,
    asked: &Asked,
) -> Result<RedemptionPage, HqError> {
    let mut tx = context.db().look("read the redemptions").await?;
    let wanted = wanted(&mut tx, store, state, asked).await?;
    let written = |last: &RedemptionRow| format!("{}.{}", last.made_at.micros(), last.id);
    let (found, next) = asked.page(redemptions::list(&mut tx, &wanted).await?, written);
    let mut shapes = Vec::with_capacity(found.len());
    for row in found {
        shapes.push(shape(&mut tx, row).await?);
    }
    Ok(RedemptionPage { redemptions: shapes, next })
}

async fn shape(tx: &mut Conn, row: RedemptionRow) -> Result<RedemptionShape, HqError> {
    let place = row.wish.as_ref().map_or(0, |wish| usize::from(wish.offer));
    let offer = row.offers.get(place);
    Ok(RedemptionShape {
        id: row.id.to_string(),
        store: stores::code(tx, row.store).await?,
        workstation: row.workstation,
        order: row.order.to_string(),
        issuer: row.issuer.word(),
        state: row.state.word(),
        title: offer.map(|offer| offer.title.clone()),
        n_used: row.wish.as_ref().map_or(0, |wish| wish.count),
        worth: offer.map(|offer| MoneyShape::of(offer.worth_minor)),
        rule: offer.and_then(|offer| offer.rule.clone()),
        code_tail: row.code_tail,
        refusal: (!row.refusal.is_empty()).then_some(row.refusal),
        made_at: row.made_at.to_string(),
        used_at: row.used_at.map(|at| at.to_string()),
        decided_at: row.decided_at.map(|at| at.to_string()),
    })
}
