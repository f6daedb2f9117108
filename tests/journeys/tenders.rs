use std::collections::BTreeSet;

use acceptance::{
    paper,
    view::Completed,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};

use crate::{pieces, selling};

#[tokio::test]
async fn a_completion_sent_again_is_the_same_order_and_with_other_cash_none() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let view = till.done(&till.scan(&pieces()?[0].barcode)).await?;
    let cart = view.cart.context("nobody is signed in")?;
    let cash = cart.total.amount + 100;
    let call = till.complete(cart.order_id, cart.revision, cash);
    let first = till.call(&call).await?;
    ensure!(first.status == 201, "{}", first.text);
    let again = till.call(&call).await?;
    ensure!(again.status == 200, "{}", again.text);
    let (first, again): (Completed, Completed) = (first.done()?, again.done()?);
    ensure!(first.order == again.order, "another order came out");
    let other = till.complete(cart.order_id, cart.revision, cash + 100);
    till.call(&other).await?.refused(422, "order-conflict")?;
    let ledger = store.edge.ledger()?;
    ensure!(ledger.orders()?.len() == 1, "more than one order");
    ledger.check_receipt_numbers()
}

#[tokio::test]
async fn too_little_cash_completes_nothing_and_the_cart_stays() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    till.call(&till.to_tender()).await?.refused(409, "cart-empty")?;
    let view = till.done(&till.scan(&pieces()?[0].barcode)).await?;
    let cart = view.cart.clone().context("nobody is signed in")?;
    let complete = |fen| till.complete(cart.order_id, cart.revision, fen);
    till.call(&complete(0)).await?.refused(422, "tender-short")?;
    let short = (cart.total.amount / 10) * 10 - 1;
    till.call(&complete(short)).await?.refused(422, "tender-short")?;
    till.call(&complete(-100)).await?.refused(422, "tender-impossible")?;
    till.call(&complete(i64::MAX)).await?.refused(422, "tender-impossible")?;
    ensure!(till.view().await?.cart == view.cart, "a refusal changed the cart");
    ensure!(store.edge.ledger()?.n_orders()? == 0);
    till.pay(&view, cart.total.amount).await?;
    Ok(())
}

#[tokio::test]
async fn the_next_cart_is_another_order_and_the_drawer_opens_once_for_each() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let code = pieces()?[0].barcode.clone();
    let mut numbers = BTreeSet::new();
    for expected in 1..=3_u64 {
        let completed = till.sell(&[&code], 0).await?;
        numbers.insert(completed.order.receipt_number);
        until("the drawer", PATIENCE, async || {
            let openings = paper::drawer_openings(&till).await?;
            Ok((openings == expected).then_some(()))
        })
        .await?;
        paper::shut_drawer(&till).await?;
    }
    ensure!(numbers.len() == 3, "{numbers:?}");
    // 0001, 0002, 0003; a trading day that ends meanwhile begins again.
    store.edge.ledger()?.check_receipt_numbers()
}
