//! kill -9 of the node while an online order is handed over: it is handed over once or not at all, and
//! the mall hears of it once.

use acceptance::{
    catalog,
    edge_process::Start,
    shop::Shop,
    store::{CODE, Store, original},
    till::Call,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Where the power fails, and whether the order was handed over by then.
const POINTS: [(&str, bool); 4] = [
    ("pickup.moved", false),
    ("pickup.told", false),
    ("pickup.written", false),
    ("pickup.committed", true),
];

#[tokio::test]
async fn a_power_cut_hands_an_order_over_once_or_not_at_all() -> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let item = list.iter().find(|item| !item.barcode.is_empty()).context("no item")?;
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let file = store.mall.data().join("count.csv");
    std::fs::write(&file, format!("sku,on_hand\n{},20\n", item.sku))?;
    let file = file.to_str().context("a path that is no text")?;
    store.mall.order(&["stock", "count", "--store", CODE, file]).await?;
    let shop = Shop::open(&store.mall, "shop").await?;
    for (n, (point, is_done)) in POINTS.into_iter().enumerate() {
        let placed = shop.place(&shop.write(&format!("M-{n}"), &[item]).await?).await?;
        ensure!(store.edge.start_dying_at(point, 1).await? == Start::Ready, "{point}");
        let till = store.cashier(1).await?;
        let post = |rest: &str, body: Value| {
            Call::new(Method::POST, format!("/workstations/1/{rest}"), Some(body))
        };
        let about = |verb: &str, id: Uuid| {
            post(&format!("pickups/{}/{verb}", placed.id), json!({ "id": id }))
        };
        until("the store to hear of it", PATIENCE, async || {
            let answer = till.call(&about("opening", Uuid::now_v7())).await?;
            Ok((answer.status == 200).then_some(()))
        })
        .await?;
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
