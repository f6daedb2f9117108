//! An online order that waits in the store: placed at the mall, put together by scan, handed over
//! with the cable cut, and what becomes of a second time.

use acceptance::{
    cable::{Cable, Weather},
    catalog::Listed,
    shop::{Placed, Shop},
    store::{CODE, Store, original},
    till::{Call, Till},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::pieces;

/// A store with stock, its shop, and the cable between store and mall.
pub(crate) struct Street {
    pub(crate) store: Store,
    pub(crate) cable: Cable,
    pub(crate) shop: Shop,
    pub(crate) till: Till,
    goods: [Listed; 2],
}

/// A street whose mall has counted ten of each of two items.
pub(crate) async fn street() -> Result<Street> {
    street_with(|_| Ok(())).await
}

/// The same, of a store that is set up otherwise before anything of it runs.
pub(crate) async fn street_with(set_up: impl FnOnce(&mut Store) -> Result<()>) -> Result<Street> {
    let original = original().await?;
    let mut store = Store::twin(original, None)?;
    let cable = Cable::lay(store.mall.port()).await?;
    store.reboot_with(|boot| boot.mall_url = cable.url())?;
    set_up(&mut store)?;
    store.mall.start().await?;
    let mut list = pieces()?.into_iter();
    let goods = [list.next().context("no item")?, list.next().context("one item")?];
    let rows: String = goods.iter().map(|item| format!("{},10\n", item.sku)).collect();
    let file = store.mall.data().join("count.csv");
    std::fs::write(&file, format!("sku,on_hand\n{rows}"))?;
    let file = file.to_str().context("a path that is no text")?;
    store.mall.order(&["stock", "count", "--store", CODE, file]).await?;
    let shop = Shop::open(&store.mall, "小程序").await?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    Ok(Street { store, cable, shop, till, goods })
}

impl Street {
    pub(crate) async fn place(&self, number: &str) -> Result<Placed> {
        let items: Vec<&Listed> = self.goods.iter().collect();
        self.shop.place(&self.shop.write(number, &items).await?).await
    }

    pub(crate) fn at(&self, rest: &str) -> String {
        format!("/workstations/1{rest}")
    }

    /// A command about an order.
    pub(crate) fn about(&self, order: &Placed, verb: &str) -> Call {
        let path = self.at(&format!("/pickups/{}/{verb}", order.id));
        Call::new(Method::POST, path, Some(json!({ "id": Uuid::now_v7() })))
    }

    pub(crate) fn code(&self, code: &str) -> Call {
        let body = json!({ "id": Uuid::now_v7(), "code": code });
        Call::new(Method::POST, self.at("/pickup-codes"), Some(body))
    }

    async fn view(&self) -> Result<Value> {
        let call = Call::new(Method::GET, self.at("/view"), None);
        self.till.call(&call).await?.done()
    }

    /// Waits until the store has heard of so many that wait, and of so many that are ready.
    pub(crate) async fn until_heard(&self, waiting: u64, ready: u64) -> Result<()> {
        until("the store to hear of its online orders", PATIENCE, async || {
            let tally = &self.view().await?["pickups"];
            let is_so = tally["waiting"] == waiting && tally["ready"] == ready;
            Ok(is_so.then_some(()))
        })
        .await
    }

    pub(crate) async fn until_mall_says(&self, order: &Placed, state: &str) -> Result<Placed> {
        until("the mall to hear of it", PATIENCE, async || {
            let shown = self.shop.show(order.id).await?;
            Ok((shown.state == state).then_some(shown))
        })
        .await
    }

    /// Puts an order together by scan: two of the first, one of the second.
    pub(crate) async fn put_together(&self, order: &Placed) -> Result<()> {
        let view: Value = self.till.call(&self.about(order, "opening")).await?.done()?;
        ensure!(view["pickup"]["state"] == "picking", "{}", view["pickup"]);
        self.till.call(&self.about(order, "ready")).await?.refused(409, "pickup-not-whole")?;
        for item in [&self.goods[0], &self.goods[0], &self.goods[1]] {
            let view: Value = self.till.call(&self.till.scan(&item.barcode)).await?.done()?;
            ensure!(view["last_scan"]["outcome"] == "pickup", "{}", view["last_scan"]);
            ensure!(view["cart"]["lines"] == json!([]), "nothing is sold: {}", view["cart"]);
        }
        let more = self.till.scan(&self.goods[1].barcode);
        self.till.call(&more).await?.refused(409, "pickup-item-enough")?;
        self.till.call(&self.about(order, "ready")).await?.done::<Value>()?;
        Ok(())
    }

    /// What the mall has of the first item: on hand, reserved, available.
    pub(crate) async fn stock(&self) -> Result<[i64; 3]> {
        let path = format!("/hq/v1/stores/{CODE}/stock");
        let page: Value = self.store.mall.ask(&self.store.token, &path).await?;
        let items = page["items"].as_array().context("no stock")?;
        let first = items.iter().find(|item| item["sku"] == self.goods[0].sku.as_str());
        let of = first.context("the item has no stock")?;
        let number = |name: &str| of[name].as_i64().unwrap_or_default() / 1_000;
        Ok([number("on_hand_milli"), number("reserved_milli"), number("available_milli")])
    }

    async fn cases(&self) -> Result<Vec<Value>> {
        self.store.mall.ask(&self.store.token, "/hq/v1/pickups/cases").await
    }
}

#[tokio::test]
async fn an_online_order_is_put_together_and_handed_over_with_the_cable_cut() -> Result<()> {
    let street = street().await?;
    let (till, shop) = (&street.till, &street.shop);
    let items: Vec<&Listed> = street.goods.iter().collect();
    let order = shop.write("M-1001", &items).await?;
    let placed = shop.place(&order).await?;
    let again = shop.place(&order).await?;
    ensure!(again.id == placed.id && again.code == placed.code && again.token == placed.token);
    ensure!(street.stock().await? == [10, 2, 8]);
    let mut more = shop.write("M-1002", &items).await?;
    more["lines"][0]["quantity"] = json!(9);
    let wrong = shop.call(Method::POST, "/orders", Some(&more)).await?;
    wrong.refused(409, "price-changed")?;
    let quote = json!({ "store": CODE, "lines": more["lines"] });
    let quote: Value = shop.call(Method::POST, "/quotes", Some(&quote)).await?.done()?;
    more["paid"]["amount_minor"] = quote["total_minor"].clone();
    shop.call(Method::POST, "/orders", Some(&more)).await?.refused(409, "stock-short")?;

    street.until_heard(1, 0).await?;
    let list: Value = till.call(&Call::new(Method::GET, "/pickups", None)).await?.done()?;
    let shown = &list["pickups"][0];
    ensure!(shown["number"] == "M-1001" && shown["phone"] == "138****5678", "{shown}");
    ensure!(shown["shopper"] == "王*", "{shown}");
    let code = placed.code.clone().context("an open order has a code")?;
    let view: Value = till.call(&street.code(&code)).await?.done()?;
    ensure!(view["pickup"]["proven"] == true && view["pickup"]["state"] == "placed");
    till.call(&street.about(&placed, "hand-over")).await?.refused(409, "pickup-not-ready")?;
    street.put_together(&placed).await?;
    street.until_mall_says(&placed, "ready").await?;

    street.cable.turn(Weather::Cut);
    till.call(&street.code("0000000")).await?.refused(422, "pickup-code-malformed")?;
    let other = if code == "00000000" { "00000001" } else { "00000000" };
    till.call(&street.code(other)).await?.refused(404, "pickup-code-unknown")?;
    // Nobody has shown it here since it was put together.
    till.call(&street.about(&placed, "hand-over")).await?.refused(409, "pickup-not-proven")?;
    let view: Value = till.call(&street.code(&code)).await?.done()?;
    ensure!(view["pickup"]["state"] == "ready" && view["pickup"]["proven"] == true);
    let display: Value =
        till.call(&Call::new(Method::GET, street.at("/display"), None)).await?.done()?;
    ensure!(display["phase"] == "pickup" && display["pickup"]["handed_over"] == false, "{display}");
    // What it was shown to has gone: whoever comes next has not seen it.
    let next = street.store.manager(1).await?;
    let hand_over = street.about(&placed, "hand-over");
    next.call(&hand_over).await?.refused(409, "pickup-not-proven")?;
    let display: Value =
        till.call(&Call::new(Method::GET, street.at("/display"), None)).await?.done()?;
    ensure!(display["pickup"].is_null(), "the display shows whose it is: {display}");
    let till = &street.store.cashier(1).await?;
    till.call(&street.code(&code)).await?.done::<Value>()?;
    let hand_over = street.about(&placed, "hand-over");
    let view: Value = till.call(&hand_over).await?.done()?;
    ensure!(view["pickup"]["state"] == "handed_over", "{}", view["pickup"]);
    till.call(&hand_over).await?.done::<Value>()?;
    let second = till.call(&street.about(&placed, "hand-over")).await?;
    second.refused(409, "pickup-handed-over")?;
    till.call(&street.code(&code)).await?.refused(409, "pickup-handed-over")?;
    let token = placed.token.clone().context("an open order has a token")?;
    till.call(&till.scan(&token)).await?.refused(409, "pickup-handed-over")?;
    ensure!(shop.show(placed.id).await?.state == "ready", "the mall has not heard");

    street.cable.turn(Weather::Fair);
    let over = street.until_mall_says(&placed, "handed_over").await?;
    ensure!(over.code.is_none() && over.token.is_none() && over.refunds.is_empty(), "{over:?}");
    ensure!(street.stock().await? == [8, 0, 8]);
    ensure!(street.cases().await?.is_empty());
    shop.cancel(placed.id).await?.refused(409, "pickup-over")?;
    Ok(())
}

#[tokio::test]
async fn what_was_handed_over_after_the_shop_took_it_back_is_a_case_with_its_cost() -> Result<()> {
    let street = street().await?;
    let placed = street.place("M-2001").await?;
    street.until_heard(1, 0).await?;
    street.put_together(&placed).await?;
    street.until_mall_says(&placed, "ready").await?;
    street.cable.turn(Weather::Cut);
    let cancelled: Placed = street.shop.cancel(placed.id).await?.done()?;
    ensure!(cancelled.state == "cancelled", "{cancelled:?}");
    ensure!(cancelled.refunds[0].why == "cancelled", "{cancelled:?}");
    ensure!(cancelled.refunds[0].amount_minor == placed.total_minor, "{cancelled:?}");
    ensure!(street.stock().await? == [10, 0, 10]);
    // The store has not heard; the shopper stands at the counter with their code.
    let token = placed.token.clone().context("an open order has a token")?;
    street.till.call(&street.till.scan(&token)).await?.done::<Value>()?;
    street.till.call(&street.about(&placed, "hand-over")).await?.done::<Value>()?;
    street.cable.turn(Weather::Fair);
    let case = until("the case", PATIENCE, async || Ok(street.cases().await?.into_iter().next()));
    let case = case.await?;
    ensure!(case["what"] == "after_end" && case["number"] == "M-2001", "{case}");
    ensure!(case["cost"]["amount"] == placed.total_minor && case["store"] == CODE, "{case}");
    ensure!(street.stock().await? == [8, 0, 8], "the goods are away");
    // The shop gives the money back, and says so once.
    let due = &cancelled.refunds[0];
    let path = format!("/orders/{}/refunds/{}", placed.id, due.id);
    let said = json!({ "reference": "R-1" });
    let told: Placed = street.shop.call(Method::POST, &path, Some(&said)).await?.done()?;
    ensure!(told.refunds[0].done_at.is_some(), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn a_cancelled_order_is_refused_in_a_store_that_has_heard() -> Result<()> {
    let street = street().await?;
    let placed = street.place("M-3001").await?;
    street.until_heard(1, 0).await?;
    street.put_together(&placed).await?;
    street.until_heard(0, 1).await?;
    street.shop.cancel(placed.id).await?.done::<Placed>()?;
    street.until_heard(0, 0).await?;
    let code = placed.code.clone().context("an open order has a code")?;
    street.till.call(&street.code(&code)).await?.refused(409, "pickup-cancelled")?;
    ensure!(street.cases().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn after_five_wrong_codes_there_is_a_pause_and_a_scan_still_works() -> Result<()> {
    let street = street().await?;
    let placed = street.place("M-4001").await?;
    street.until_heard(1, 0).await?;
    street.put_together(&placed).await?;
    let code = placed.code.clone().context("an open order has a code")?;
    let wrong = if code == "11111111" { "22222222" } else { "11111111" };
    for _ in 0..5 {
        street.till.call(&street.code(wrong)).await?.refused(404, "pickup-code-unknown")?;
    }
    // The sixth is counted before it is looked at, and brings the pause.
    let _ = street.till.call(&street.code(wrong)).await?;
    street.till.call(&street.code(&code)).await?.refused(429, "pickup-code-pause")?;
    let token = placed.token.clone().context("an open order has a token")?;
    let view: Value = street.till.call(&street.till.scan(&token)).await?.done()?;
    ensure!(view["pickup"]["proven"] == true, "{view}");
    Ok(())
}

#[tokio::test]
async fn goods_that_were_only_set_aside_are_sold_at_the_counter() -> Result<()> {
    let street = street().await?;
    let till = &street.till;
    let items: Vec<&Listed> = street.goods.iter().collect();
    let mut order = street.shop.write("SH002-000417", &items).await?;
    order.as_object_mut().context("an order is an object")?.remove("paid");
    let placed = street.shop.place(&order).await?;
    ensure!(street.stock().await? == [10, 2, 8]);
    street.until_heard(1, 0).await?;
    street.put_together(&placed).await?;
    let code = placed.code.clone().context("an open order has a code")?;
    let view: Value = till.call(&street.code(&code)).await?.done()?;
    ensure!(view["pickup"]["unpaid"] == true, "{}", view["pickup"]);
    let view: Value = till.call(&street.about(&placed, "hand-over")).await?.done()?;
    ensure!(view["pickup"]["state"] == "handed_over", "{}", view["pickup"]);
    // From here on it is a sale like any other.
    let view: Value = till.call(&till.scan(&street.goods[0].barcode)).await?.done()?;
    ensure!(view["last_scan"]["outcome"] != "pickup", "{}", view["last_scan"]);
    ensure!(view["cart"]["lines"].as_array().is_some_and(|lines| lines.len() == 1));
    // The promise is kept and free; the goods are on the shelf's book until they are sold.
    let done = street.until_mall_says(&placed, "handed_over").await?;
    ensure!(done.refunds.is_empty(), "nobody paid: {:?}", done.refunds);
    ensure!(street.stock().await? == [10, 0, 10], "{:?}", street.stock().await?);
    // One that nobody comes for owes nothing.
    order["id"] = json!(Uuid::now_v7());
    let other = street.shop.place(&order).await?;
    let other: Placed = street.shop.cancel(other.id).await?.done()?;
    ensure!(other.state == "cancelled" && other.refunds.is_empty(), "{other:?}");
    Ok(())
}
