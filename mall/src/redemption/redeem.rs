//! A store wants something used, or given back.
//!
//! **Invariant:** the wish is committed before the house is asked.

use domain::id::RedemptionId;
use sync::{
    replica::StoreId,
    wire::{RedemptionV1, UseV1},
};
use tracing::info;

use super::{
    RedemptionError, ask,
    fit::{self, Redeemable},
    held,
};
use crate::{
    context::Context,
    db::{self, redemptions, stores},
};

/// Uses what was looked up, once; the same again tells where it stands.
pub(crate) async fn redeem(
    context: &Context,
    store: StoreId,
    id: RedemptionId,
    wish: UseV1,
) -> Result<RedemptionV1, RedemptionError> {
    let doing = "write down that a coupon or voucher is to be used";
    let mut tx = context.db().write(doing).await?;
    let row = redemptions::lock(&mut tx, store, id).await?;
    let mut row = row.ok_or(RedemptionError::Unknown)?;
    if fit::redeemable(&row, &wish)? == Redeemable::Tell {
        drop(tx);
        return ask::standing(context, store, id).await;
    }
    let code = stores::code(&mut tx, store).await?;
    row.wish(wish, context.now());
    redemptions::write(&mut tx, &row).await?;
    db::commit(tx, doing).await?;
    info!(store.id = %store, order.id = %row.order, redemption.id = %id, "Uses a coupon or voucher");
    let at_work = context.clone();
    context.let_run(async move { ask::first(&at_work, &code, &row).await }).await;
    held(context, store, id).await
}

/// Gives something back that was used, or never lets it be used; the answer is where it stands.
pub(crate) async fn reverse(
    context: &Context,
    store: StoreId,
    id: RedemptionId,
) -> Result<RedemptionV1, RedemptionError> {
    let doing = "write down that a coupon or voucher is to be given back";
    let mut tx = context.db().write(doing).await?;
    let row = redemptions::lock(&mut tx, store, id).await?;
    let mut row = row.ok_or(RedemptionError::Unknown)?;
    row.give_back(context.now());
    redemptions::write(&mut tx, &row).await?;
    db::commit(tx, doing).await?;
    info!(store.id = %store, redemption.id = %id, "A coupon or voucher is to be given back");
    ask::standing(context, store, id).await
}
