//! The node dies, fails or dawdles while goods of an online order come back, and a proxy loses the answer:
//! they come back once, and the money is due once.

use acceptance::{
    cable::{Cable, Weather},
    catalog::{self, Listed},
    edge_process::Start,
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

use crate::struck::{actions, struck};

/// Where it happens, and whether nothing is done there that could fail: before the mall is asked, after it
/// answered, inside the transaction of the answer, after it.
const POINTS: [(&str, bool); 4] = [
    ("online_return.written", true),
    ("online_return.answered", true),
    ("online_return.noted", false),
    ("online_return.committed", true),
];

/// Everything that can happen at them.
fn strikes() -> impl Iterator<Item = (&'static str, Action)> {
    POINTS.iter().flat_map(|point| actions(point.1).map(move |action| (point.0, action)))
}

fn post(rest: &str, body: Value) -> Call {
    Call::new(Method::POST, format!("/workstations/1/{rest}"), Some(body))
}

/// An order of a piece for each thing that happens, collected in the store; both programs have heard.
async fn collected(store: &mut Store, shop: &Shop, item: &Listed) -> Result<Placed> {
    let mut order = shop.write("M-1", &[item]).await?;
    order["lines"][0]["quantity"] = json!(strikes().count());
    let asked = json!({ "store": CODE, "lines": order["lines"] });
    let quote: Value = shop.call(Method::POST, "/quotes", Some(&asked)).await?.done()?;
    order["paid"]["amount_minor"] = quote["total_minor"].clone();
    let placed = shop.place(&order).await?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    let about = |verb: &str| {
        post(&format!("pickups/{}/{verb}", placed.id), json!({ "id": Uuid::now_v7() }))
    };
    until("the store to hear of it", PATIENCE, async || {
        Ok((till.call(&about("opening")).await?.status == 200).then_some(()))
    })
    .await?;
    for _ in strikes() {
        till.call(&till.scan(&item.barcode)).await?.done::<Value>()?;
    }
    till.call(&about("ready")).await?.done::<Value>()?;
    let code = json!({ "id": Uuid::now_v7(), "code": placed.code });
    till.call(&post("pickup-codes", code)).await?.done::<Value>()?;
    till.call(&about("hand-over")).await?.done::<Value>()?;
    until("the mall to hear of it", PATIENCE, async || {
        Ok((shop.show(placed.id).await?.state == "handed_over").then_some(()))
    })
    .await?;
    store.edge.stop().await?;
    Ok(placed)
}

/// The wish to take a piece of the order back, for what the mall says that it gives.
async fn a_piece(till: &Till, placed: &Placed) -> Result<Call> {
    let lines = json!([{ "number": 1, "pieces": 1 }]);
    let look = post("online-orders", json!({ "presented": "M-1", "lines": lines }));
    let told: Value = till.call(&look).await?.done()?;
    let back = json!({
        "id": Uuid::now_v7(), "order_id": placed.id, "number": "M-1", "lines": lines,
        "reason": "other", "saleable": true, "amount": told["back"],
    });
    Ok(post("online-returns", back))
}

/// Waits until the newest of so many returns is settled.
async fn until_back(till: &Till, n: usize) -> Result<()> {
    until("the return to be settled", PATIENCE, async || {
        let list = Call::new(Method::GET, "/online-returns", None);
        let list: Value = till.call(&list).await?.done()?;
        let returns = list["returns"].as_array().context("no list")?;
        Ok((returns.len() == n && returns[0]["state"] == "done").then_some(()))
    })
    .await
}

/// Takes a piece back while something happens, and waits until it is settled; the `n`-th of the store.
async fn bring_back(
    (store, till): (&mut Store, &Till),
    placed: &Placed,
    n: usize,
    strike: (&str, Action),
) -> Result<()> {
    let back = a_piece(till, placed).await?;
    // The answer may be lost with the node.
    let _ = struck(&mut store.edge, strike, till.call(&back)).await?;
    until_back(till, n).await?;
    let again: Value = till.call(&back).await?.done()?;
    ensure!(again["state"] == "done", "{again}");
    Ok(())
}

/// A store whose mall has sold goods online, which their shopper has collected there.
async fn a_store_with_goods_out() -> Result<(Store, Shop, Placed)> {
    let list = catalog::read(&catalog::demo())?;
    let item = list.iter().find(|item| !item.barcode.is_empty()).context("no item")?;
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let file = store.mall.data().join("count.csv");
    std::fs::write(&file, format!("sku,on_hand\n{},20\n", item.sku))?;
    let file = file.to_str().context("a path that is no text")?;
    store.mall.order(&["stock", "count", "--store", CODE, file]).await?;
    let shop = Shop::open(&store.mall, "shop").await?;
    let placed = collected(&mut store, &shop, item).await?;
    Ok((store, shop, placed))
}

#[tokio::test]
async fn a_404_of_a_proxy_after_the_mall_took_goods_back_refuses_no_return() -> Result<()> {
    let (mut store, shop, placed) = a_store_with_goods_out().await?;
    let cable = Cable::lay(store.mall.port()).await?;
    store.reboot_with(|boot| boot.mall_url = cable.url())?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    let back = a_piece(&till, &placed).await?;
    cable.turn(Weather::lost_behind_a_404());
    let told: Value = till.call(&back).await?.done()?;
    ensure!(told["state"] == "pending", "the mall was not heard: {told}");
    // Asked again, the proxy says the same.
    cable.wait_until_fooled(2, PATIENCE).await?;
    cable.turn(Weather::Fair);
    until_back(&till, 1).await?;
    ensure!(shop.show(placed.id).await?.refunds.len() == 1, "the money is due once");
    Ok(())
}

#[tokio::test]
async fn a_power_cut_while_a_return_is_asked_about_again_takes_goods_back_once() -> Result<()> {
    let (mut store, shop, placed) = a_store_with_goods_out().await?;
    let cable = Cable::lay(store.mall.port()).await?;
    store.reboot_with(|boot| boot.mall_url = cable.url())?;
    ensure!(store.edge.start_dying_at("online_return.pursued", 1).await? == Start::Ready);
    let till = store.cashier(1).await?;
    let back = a_piece(&till, &placed).await?;
    cable.turn(Weather::HalfAnswers(0));
    let told: Value = till.call(&back).await?.done()?;
    ensure!(told["state"] == "pending", "the mall was not heard: {told}");
    cable.turn(Weather::Fair);
    store.edge.wait_until_killed().await?;
    store.edge.start().await?;
    until_back(&till, 1).await?;
    ensure!(shop.show(placed.id).await?.refunds.len() == 1, "the money is due once");
    Ok(())
}

#[tokio::test]
async fn whatever_happens_goods_are_taken_back_once() -> Result<()> {
    let (mut store, shop, placed) = a_store_with_goods_out().await?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    for (n, (point, action)) in (1..).zip(strikes()) {
        let what = || format!("{point} {action}");
        let strike = (point, action);
        bring_back((&mut store, &till), &placed, n, strike).await.with_context(what)?;
        let shown = shop.show(placed.id).await?;
        ensure!(shown.refunds.len() == n, "{}: {shown:?}", what());
    }
    let shown = shop.show(placed.id).await?;
    let owed: i64 = shown.refunds.iter().map(|due| due.amount_minor).sum();
    ensure!(owed == placed.total_minor, "{shown:?}");
    let returns: Vec<Value> = store.mall.ask(&store.token, "/hq/v1/online-returns").await?;
    ensure!(returns.len() == strikes().count(), "{returns:?}");
    let stock = format!("/hq/v1/stores/{CODE}/stock");
    let page: Value = store.mall.ask(&store.token, &stock).await?;
    ensure!(page["items"][0]["available_milli"] == 20_000, "{page}");
    Ok(())
}
