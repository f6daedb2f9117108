//! kill -9 of the node while an online order is put together or handed over: every piece counts once,
//! it is handed over once or not at all, and the mall hears of it once.

use acceptance::{
    catalog::{self, Listed},
    edge_process::Start,
    shop::{Placed, Shop},
    store::{CODE, Store, original},
    till::{Call, Till},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Where the power fails while an order of two pieces is put together, and at which passing: in the
/// transaction of the second piece, after it, and when all of it is there.
const PICKING: [(&str, u32); 3] =
    [("pickup.picked", 2), ("pickup.counted", 2), ("pickup.ready", 1)];
/// Where the power fails, and whether the order was handed over by then.
const POINTS: [(&str, bool); 4] = [
    ("pickup.moved", false),
    ("pickup.told", false),
    ("pickup.written", false),
    ("pickup.committed", true),
];

fn post(rest: &str, body: Value) -> Call {
    Call::new(Method::POST, format!("/workstations/1/{rest}"), Some(body))
}

/// What an operator does with an order, by the id of the wish.
fn about(placed: &Placed, verb: &str, id: Uuid) -> Call {
    post(&format!("pickups/{}/{verb}", placed.id), json!({ "id": id }))
}

/// A store whose mall sells an item online, and a shop that sells it.
async fn a_store_with_a_shop() -> Result<(Store, Shop, Listed)> {
    let list = catalog::read(&catalog::demo())?;
    let item = list.into_iter().find(|item| !item.barcode.is_empty()).context("no item")?;
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let file = store.mall.data().join("count.csv");
    std::fs::write(&file, format!("sku,on_hand\n{},20\n", item.sku))?;
    let file = file.to_str().context("a path that is no text")?;
    store.mall.order(&["stock", "count", "--store", CODE, file]).await?;
    let shop = Shop::open(&store.mall, "shop").await?;
    Ok((store, shop, item))
}

/// Opens an order as soon as the store has heard of it.
async fn open(till: &Till, placed: &Placed) -> Result<()> {
    until("the store to hear of it", PATIENCE, async || {
        let answer = till.call(&about(placed, "opening", Uuid::now_v7())).await?;
        Ok((answer.status == 200).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_power_cut_while_an_order_is_put_together_counts_every_piece_once() -> Result<()> {
    let (mut store, shop, item) = a_store_with_a_shop().await?;
    for (n, (point, nth)) in PICKING.into_iter().enumerate() {
        let placed = shop.place(&shop.write(&format!("M-{n}"), &[&item]).await?).await?;
        ensure!(store.edge.start_dying_at(point, nth).await? == Start::Ready, "{point}");
        let till = store.cashier(1).await?;
        open(&till, &placed).await?;
        let (first, second) = (till.scan(&item.barcode), till.scan(&item.barcode));
        let ready = about(&placed, "ready", Uuid::now_v7());
        for wish in [&first, &second, &ready] {
            // One of the answers is lost with the node, and what comes after it is not heard.
            let _ = till.call(wish).await;
        }
        store.edge.wait_until_killed().await?;
        store.edge.start().await?;
        open(&till, &placed).await?;
        // A scanner or screen that heard nothing says the same again.
        for wish in [&first, &second] {
            till.call(wish).await?.done::<Value>().with_context(|| point.to_owned())?;
        }
        let more = till.call(&till.scan(&item.barcode)).await?;
        more.refused(409, "pickup-item-enough").with_context(|| point.to_owned())?;
        till.call(&ready).await?.done::<Value>().with_context(|| point.to_owned())?;
        until("the mall to hear of it", PATIENCE, async || {
            Ok((shop.show(placed.id).await?.state == "ready").then_some(()))
        })
        .await
        .with_context(|| point.to_owned())?;
        store.edge.stop().await?;
    }
    let cases: Vec<Value> = store.mall.ask(&store.token, "/hq/v1/pickups/cases").await?;
    ensure!(cases.is_empty(), "{cases:?}");
    Ok(())
}

#[tokio::test]
async fn a_power_cut_hands_an_order_over_once_or_not_at_all() -> Result<()> {
    let (mut store, shop, item) = a_store_with_a_shop().await?;
    for (n, (point, is_done)) in POINTS.into_iter().enumerate() {
        let placed = shop.place(&shop.write(&format!("M-{n}"), &[&item]).await?).await?;
        ensure!(store.edge.start_dying_at(point, 1).await? == Start::Ready, "{point}");
        let till = store.cashier(1).await?;
        let about = |verb: &str, id: Uuid| about(&placed, verb, id);
        open(&till, &placed).await?;
        for _ in 0..2 {
            till.call(&till.scan(&item.barcode)).await?.done::<Value>()?;
        }
        till.call(&about("ready", Uuid::now_v7())).await?.done::<Value>()?;
        let code = placed.code.clone().context("an open order has a code")?;
        let prove = || post("pickup-codes", json!({ "id": Uuid::now_v7(), "code": code }));
        till.call(&prove()).await?.done::<Value>()?;
        let fact = Uuid::now_v7();
        // The answer is lost with the node.
        let _ = till.call(&about("hand-over", fact)).await;
        store.edge.wait_until_killed().await?;
        store.edge.start().await?;
        if is_done {
            till.call(&about("hand-over", fact)).await?.done::<Value>()?;
        } else {
            till.call(&about("hand-over", fact)).await?.refused(409, "pickup-not-proven")?;
            till.call(&prove()).await?.done::<Value>()?;
            till.call(&about("hand-over", fact)).await?.done::<Value>()?;
        }
        till.call(&prove()).await?.refused(409, "pickup-handed-over")?;
        until("the mall to hear of it", PATIENCE, async || {
            Ok((shop.show(placed.id).await?.state == "handed_over").then_some(()))
        })
        .await
        .with_context(|| point.to_owned())?;
        store.edge.stop().await?;
    }
    let cases: Vec<Value> = store.mall.ask(&store.token, "/hq/v1/pickups/cases").await?;
    ensure!(cases.is_empty(), "{cases:?}");
    Ok(())
}
