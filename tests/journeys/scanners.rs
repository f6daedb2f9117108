use acceptance::wait::{PATIENCE, until};
use anyhow::{Context as _, Result, ensure};

use crate::{pieces, selling};

#[tokio::test]
async fn a_burst_of_twenty_scans_arrives_in_order_and_none_is_lost() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let list = pieces()?;
    let codes: Vec<&str> = list.iter().step_by(7).take(20).map(|i| i.barcode.as_str()).collect();
    let mut gun = store.edge.gun(1).await?;
    gun.read(&codes).await?;
    let cart = until("twenty lines", PATIENCE, async || {
        let cart = till.view().await?.cart.context("nobody is signed in")?;
        Ok((cart.lines.len() >= 20).then_some(cart))
    })
    .await?;
    let scanned: Vec<String> = codes.iter().map(|code| format!("{code:0>14}")).collect();
    let shown: Vec<String> = cart.lines.iter().map(|line| line.code.clone()).collect();
    ensure!(shown == scanned, "scanned {scanned:?}, shown {shown:?}");
    Ok(())
}

#[tokio::test]
async fn a_burst_longer_than_any_queue_is_counted_to_the_last_scan() -> Result<()> {
    let store = selling().await?;
    let (one, two) = (store.cashier(1).await?, store.cashier(2).await?);
    let list = pieces()?;
    let codes = vec![list[0].barcode.as_str(); 150];
    let (mut left, mut right) = (store.edge.gun(1).await?, store.edge.gun(1).await?);
    let mut other = store.edge.gun(2).await?;
    tokio::try_join!(left.read(&codes), right.read(&codes), other.read(&codes))?;
    for (till, expected) in [(&one, 300), (&two, 150)] {
        let pieces = until(format!("{expected} pieces"), PATIENCE, async || {
            let pieces = till.view().await?.cart.context("nobody is signed in")?.pieces;
            Ok((pieces >= expected).then_some(pieces))
        })
        .await?;
        ensure!(pieces == expected, "{pieces} pieces of {expected}");
    }
    Ok(())
}

#[tokio::test]
async fn a_scan_while_tendering_adds_the_item_and_goes_back_to_sell() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let list = pieces()?;
    till.done(&till.scan(&list[0].barcode)).await?;
    let tender = till.done(&till.to_tender()).await?;
    ensure!(tender.phase == "tender");
    store.edge.gun(1).await?.read(&[&list[1].barcode]).await?;
    let view = until("the late item", PATIENCE, async || {
        let view = till.view().await?;
        Ok(view.cart.as_ref().is_some_and(|cart| cart.pieces == 2).then_some(view))
    })
    .await?;
    ensure!(view.phase == "sell", "the screen stays on {}", view.phase);
    // What the operator saw when they took the money is not the cart any more.
    let cart = tender.cart.context("nobody is signed in")?;
    let late = till.complete(cart.order_id, cart.revision, 1_000_000);
    till.call(&late).await?.refused(409, "cart-changed")?;
    Ok(())
}
