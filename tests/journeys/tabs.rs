use acceptance::{events::Event, view::View, wait::PATIENCE};
use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;

use crate::{pieces, selling};

fn pieces_of(event: &Event) -> u32 {
    let view: Option<View> = serde_json::from_str(&event.data).ok();
    view.and_then(|view| view.cart).map_or(0, |cart| cart.pieces)
}

#[tokio::test]
async fn two_tabs_of_a_workstation_scan_into_one_cart_and_see_the_same() -> Result<()> {
    let store = selling().await?;
    let left = store.cashier(1).await?;
    let right = left.clone();
    let list = pieces()?;
    let (mut left_sees, mut right_sees) = (left.follow().await?, right.follow().await?);
    let scanning = async |till: &acceptance::till::Till, from: usize| -> Result<()> {
        for item in list.iter().skip(from).take(10) {
            till.done(&till.scan(&item.barcode)).await?;
        }
        Ok(())
    };
    tokio::try_join!(scanning(&left, 0), scanning(&right, 30))?;
    let is_last = |event: &Event| event.name == "view" && pieces_of(event) == 20;
    let (a, b) = tokio::try_join!(
        left_sees.next_where(PATIENCE, is_last),
        right_sees.next_where(PATIENCE, is_last),
    )?;
    let (a, b): (View, View) = (serde_json::from_str(&a.data)?, serde_json::from_str(&b.data)?);
    ensure!(a.cart == b.cart, "the tabs see {:?} and {:?}", a.cart, b.cart);
    ensure!(a.cart == left.view().await?.cart);
    Ok(())
}

#[tokio::test]
async fn a_scan_sent_again_counts_once_whichever_tab_sends_it() -> Result<()> {
    let store = selling().await?;
    let left = store.cashier(1).await?;
    let right = left.clone();
    let list = pieces()?;
    let call = left.scan_as(Uuid::now_v7(), &list[0].barcode, None);
    let first = left.done(&call).await?;
    let again = right.done(&call).await?;
    ensure!(first.cart == again.cart, "sending it again changed the cart");
    let both = left.scan_as(Uuid::now_v7(), &list[1].barcode, None);
    tokio::try_join!(left.done(&both), right.done(&both), left.done(&both))?;
    let cart = left.view().await?.cart.context("nobody is signed in")?;
    ensure!(cart.pieces == 2, "{} pieces", cart.pieces);
    Ok(())
}

#[tokio::test]
async fn an_id_used_for_something_else_is_refused() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let list = pieces()?;
    let id = Uuid::now_v7();
    till.done(&till.scan_as(id, &list[0].barcode, None)).await?;
    let other = till.scan_as(id, &list[1].barcode, None);
    till.call(&other).await?.refused(422, "order-conflict")?;
    let cart = till.view().await?.cart.context("nobody is signed in")?;
    ensure!(cart.pieces == 1, "{} pieces", cart.pieces);
    Ok(())
}

#[tokio::test]
async fn a_tab_that_has_not_looked_cannot_complete_a_cart_it_has_not_seen() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let list = pieces()?;
    let old = till.done(&till.scan(&list[0].barcode)).await?.cart.context("nobody is signed in")?;
    let new = till.done(&till.scan(&list[1].barcode)).await?;
    let stale = till.complete(old.order_id, old.revision, 1_000_000);
    till.call(&stale).await?.refused(409, "cart-changed")?;
    ensure!(till.view().await?.cart == new.cart, "the refusal changed the cart");
    ensure!(store.edge.ledger()?.n_orders()? == 0);
    till.pay(&new, 1_000_000).await?;
    Ok(())
}
