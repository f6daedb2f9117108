//! The node dies, fails or dawdles while an online order is put together or handed over: every piece
//! counts once, it is handed over once or not at all, and the mall hears of it once.

use acceptance::{
    catalog::{self, Listed},
    shop::{Placed, Shop},
    store::{CODE, Store, original},
    till::{Call, Till},
    trap::Action,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::struck::{actions, is_done, struck};

/// Where it happens while an order of two pieces is put together, and whether that is committed by then:
/// in the transaction of the second piece, after it, and when all of it is there.
const PICKING: [(&str, bool); 3] =
    [("pickup.picked", false), ("pickup.counted", true), ("pickup.ready", false)];
/// Where it happens, and whether the order was handed over by then.
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

/// Everything that can happen at these points.
fn strikes(
    points: &[(&'static str, bool)],
) -> impl Iterator<Item = ((&'static str, bool), Action)> {
    points.iter().flat_map(|point| actions(point.1).map(move |action| (*point, action)))
}

/// A store whose mall sells an item online, and a shop that sells it.
async fn a_store_with_a_shop() -> Result<(Store, Shop, Listed)> {
    let list = catalog::read(&catalog::demo())?;
    let item = list.into_iter().find(|item| !item.barcode.is_empty()).context("no item")?;
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let file = store.mall.data().join("count.csv");
    std::fs::write(&file, format!("sku,on_hand\n{},40\n", item.sku))?;
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
async fn whatever_happens_while_an_order_is_put_together_every_piece_counts_once() -> Result<()> {
    let (mut store, shop, item) = a_store_with_a_shop().await?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    for (n, ((point, is_committed), action)) in strikes(&PICKING).enumerate() {
        let what = || format!("{point} {action}");
        let placed = shop.place(&shop.write(&format!("M-{n}"), &[&item]).await?).await?;
        open(&till, &placed).await?;
        let (first, second) = (till.scan(&item.barcode), till.scan(&item.barcode));
        let ready = about(&placed, "ready", Uuid::now_v7());
        till.call(&first).await?.done::<Value>().with_context(what)?;
        // The answer may be lost with the node.
        let strike = (point, action);
        if point == "pickup.ready" {
            till.call(&second).await?.done::<Value>().with_context(what)?;
            let _ = struck(&mut store.edge, strike, till.call(&ready)).await?;
        } else {
            let _ = struck(&mut store.edge, strike, till.call(&second)).await?;
        }
        // A scanner or screen that heard nothing says the same again.
        if !(point == "pickup.ready" && is_done(is_committed, action)) {
            open(&till, &placed).await?;
            for wish in [&first, &second] {
                till.call(wish).await?.done::<Value>().with_context(what)?;
            }
            let more = till.call(&till.scan(&item.barcode)).await?;
            more.refused(409, "pickup-item-enough").with_context(what)?;
        }
        till.call(&ready).await?.done::<Value>().with_context(what)?;
        until("the mall to hear of it", PATIENCE, async || {
            Ok((shop.show(placed.id).await?.state == "ready").then_some(()))
        })
        .await
        .with_context(what)?;
    }
    let cases: Vec<Value> = store.mall.ask(&store.token, "/hq/v1/pickups/cases").await?;
    ensure!(cases.is_empty(), "{cases:?}");
    Ok(())
}

#[tokio::test]
async fn whatever_happens_an_order_is_handed_over_once_or_not_at_all() -> Result<()> {
    let (mut store, shop, item) = a_store_with_a_shop().await?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    for (n, ((point, is_committed), action)) in strikes(&POINTS).enumerate() {
        let what = || format!("{point} {action}");
        let placed = shop.place(&shop.write(&format!("M-{n}"), &[&item]).await?).await?;
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
        // The answer may be lost with the node.
        let wish = about("hand-over", fact);
        let _ = struck(&mut store.edge, (point, action), till.call(&wish)).await?;
        // Only a box that has died has forgotten what the shopper showed.
        if action == Action::Crash && !is_done(is_committed, action) {
            till.call(&wish).await?.refused(409, "pickup-not-proven").with_context(what)?;
            till.call(&prove()).await?.done::<Value>()?;
        }
        till.call(&wish).await?.done::<Value>().with_context(what)?;
        till.call(&prove()).await?.refused(409, "pickup-handed-over")?;
        until("the mall to hear of it", PATIENCE, async || {
            Ok((shop.show(placed.id).await?.state == "handed_over").then_some(()))
        })
        .await
        .with_context(what)?;
    }
    let cases: Vec<Value> = store.mall.ask(&store.token, "/hq/v1/pickups/cases").await?;
    ensure!(cases.is_empty(), "{cases:?}");
    Ok(())
}
