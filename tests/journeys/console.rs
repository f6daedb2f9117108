use acceptance::{
    manager::Manager,
    paper, port,
    store::{CODE, Store, original},
    till::{Call, Till},
    view::View,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{pieces, selling};

async fn with_mall() -> Result<Store> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    store.edge.start().await?;
    Ok(store)
}

async fn manager(store: &Store) -> Result<Manager> {
    let mut manager = Manager::new(store.edge.url());
    manager.sign_in("9001", "864200").await?.done::<Value>()?;
    Ok(manager)
}

/// A wish for another price of a line.
fn ask(till: &Till, line: &Value, cut: Value) -> Call {
    let body = json!({
        "id": Uuid::now_v7(), "line_id": line["id"], "cut": cut, "reason": "damaged",
    });
    Call::new(Method::POST, format!("/workstations/{}/approvals", till.workstation()), Some(body))
}

fn to_price(fen: i64) -> Value {
    json!({ "kind": "price", "price": { "amount": fen, "currency": "CNY" } })
}

async fn look(till: &Till) -> Result<Value> {
    let path = format!("/workstations/{}/view", till.workstation());
    till.call(&Call::new(Method::GET, path, None)).await?.done()
}

async fn until_state(till: &Till, state: &str) -> Result<Value> {
    until(format!("the till to show {state}"), PATIENCE, async || {
        let view = look(till).await?;
        Ok((view["cart"]["approvals"][0]["state"] == state).then_some(view))
    })
    .await
}

fn fen(value: &Value, pointer: &str) -> Result<i64> {
    let amount = value.pointer(pointer).and_then(|money| money["amount"].as_i64());
    amount.with_context(|| format!("nothing at {pointer} of {value}"))
}

async fn scanned(till: &Till, barcode: &str) -> Result<Value> {
    till.done(&till.scan(barcode)).await?;
    look(till).await
}

async fn pay(till: &Till) -> Result<i64> {
    let view: View = till.done(&till.to_tender()).await?;
    let due = view.tender.as_ref().context("nothing is due")?.cash.due.amount;
    till.pay(&view, due).await?;
    Ok(due)
}

#[tokio::test]
async fn a_price_is_asked_for_allowed_sold_and_found_again_by_hq() -> Result<()> {
    let store = with_mall().await?;
    let (till, manager) = (store.cashier(1).await?, manager(&store).await?);
    let item = &pieces()?[0];
    let view = scanned(&till, &item.barcode).await?;
    let call = ask(&till, &view["cart"]["lines"][0], to_price(item.price - 100));
    let asked: Value = till.call(&call).await?.done()?;
    ensure!(asked["cart"]["approvals"][0]["state"] == "waiting", "{asked}");
    ensure!(fen(&asked, "/cart/total")? == item.price, "nobody has allowed it");
    till.call(&call).await?.done::<Value>()?;
    // Other lines go on; the order does not.
    let other = &pieces()?[1];
    let view: View = till.done(&till.scan(&other.barcode)).await?;
    till.done(&till.to_tender()).await?;
    let cart = view.cart.context("nobody is signed in")?;
    let total = item.price + other.price;
    let early = till.complete(cart.order_id, cart.revision + 1, total);
    till.call(&early).await?.refused(409, "approval-waiting")?;
    let waiting = manager.waiting().await?;
    ensure!(fen(&waiting, "/after")? == item.price - 100, "{waiting}");
    ensure!(waiting["asked_by"] == "李静" && fen(&waiting, "/off")? == 100, "{waiting}");
    ensure!(manager.decide(&waiting, true).await?.status == 204);
    ensure!(manager.decide(&waiting, true).await?.status == 204, "a second tap is the same");
    manager.decide(&waiting, false).await?.refused(409, "approval-decided")?;
    let view = until_state(&till, "approved").await?;
    ensure!(fen(&view, "/cart/total")? == total - 100, "{view}");
    let due = pay(&till).await?;
    store.wait_until_told(&till).await?;
    let compared = store.compare().await?;
    ensure!(compared.agrees() && compared.n_mall == 1, "{:?}", compared.differences);
    let path = format!("/hq/v1/orders/drift?store={CODE}");
    let drift: Value = store.mall.ask(&store.token, &path).await?;
    ensure!(drift["drifts"].as_array().is_some_and(Vec::is_empty), "{drift}");
    let order = serde_json::to_value(&store.edge.ledger()?.orders()?[0])?;
    let source = &order["lines"][0]["adjustments"][0];
    ensure!(source["operator"] == "9001" && source["reason"] == "商品瑕疵", "{order}");
    let sales = manager.read("/overview").await?;
    ensure!(fen(&sales, "/day/all/amount")? == due, "{sales}");
    Ok(())
}

#[tokio::test]
async fn what_is_denied_taken_back_or_no_longer_as_it_was_changes_no_price() -> Result<()> {
    let store = selling().await?;
    let (till, manager) = (store.cashier(1).await?, manager(&store).await?);
    let item = &pieces()?[0];
    let view = scanned(&till, &item.barcode).await?;
    let line = view["cart"]["lines"][0].clone();
    let refused = till.call(&ask(&till, &line, to_price(item.price))).await?;
    refused.refused(422, "approval-not-lower")?;
    // Denied.
    till.call(&ask(&till, &line, to_price(1))).await?.done::<Value>()?;
    ensure!(manager.decide(&manager.waiting().await?, false).await?.status == 204);
    let view = until_state(&till, "denied").await?;
    ensure!(fen(&view, "/cart/total")? == item.price, "{view}");
    // Taken back, by whoever asked.
    let body = json!({ "kind": "rate", "rate_bps": 9_000 });
    let asked: Value = till.call(&ask(&till, &line, body)).await?.done()?;
    let waiting = manager.waiting().await?;
    let id = waiting["id"].as_str().context("no id")?;
    let path = format!("/workstations/1/approvals/{id}?id={}", Uuid::now_v7());
    till.call(&Call::new(Method::DELETE, path, None)).await?.done::<Value>()?;
    manager.decide(&waiting, true).await?.refused(409, "approval-decided")?;
    ensure!(fen(&asked, "/cart/total")? == item.price, "{asked}");
    // Counted up meanwhile.
    till.call(&ask(&till, &line, to_price(1))).await?.done::<Value>()?;
    let waiting = manager.waiting().await?;
    till.done(&till.scan(&item.barcode)).await?;
    manager.decide(&waiting, true).await?.refused(409, "approval-lapsed")?;
    ensure!(fen(&look(&till).await?, "/cart/total")? == 2 * item.price);
    pay(&till).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_allowed_holds_for_the_line_as_it_was_and_survives_a_restart() -> Result<()> {
    let mut store = selling().await?;
    let (till, manager) = (store.cashier(1).await?, manager(&store).await?);
    let item = &pieces()?[0];
    let view = scanned(&till, &item.barcode).await?;
    let line = view["cart"]["lines"][0].clone();
    till.call(&ask(&till, &line, to_price(item.price - 1))).await?.done::<Value>()?;
    manager.decide(&manager.waiting().await?, true).await?;
    until_state(&till, "approved").await?;
    let id: Uuid = line["id"].as_str().context("no id")?.parse()?;
    till.done(&till.count(id, 2_000)).await?;
    let view = until_state(&till, "lapsed").await?;
    ensure!(fen(&view, "/cart/total")? == 2 * item.price, "two for the price of a word");
    till.done(&till.undo()).await?;
    store.edge.kill();
    store.edge.start().await?;
    let view = until_state(&till, "approved").await?;
    ensure!(fen(&view, "/cart/total")? == item.price - 1, "{view}");
    // The console's session is there after a restart, too.
    ensure!(manager.read("/overview").await?["operator"]["number"] == "9001");
    Ok(())
}

#[tokio::test]
async fn a_day_is_what_its_orders_are_to_the_fen() -> Result<()> {
    let store = selling().await?;
    let (one, two) = (store.cashier(1).await?, store.cashier(2).await?);
    let manager = manager(&store).await?;
    let list = pieces()?;
    let first = one.sell(&[&list[0].barcode, &list[1].barcode], 37).await?;
    one.done(&one.leave_done()).await?;
    two.sell(&[&list[2].barcode], 0).await?;
    one.sell(&[&list[3].barcode], 5).await?;
    let orders = store.edge.ledger()?.orders()?;
    let orders = orders.into_iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
    let of = |order: &Value, key: &str| order[key].as_i64().unwrap_or_default();
    let due: i64 = orders.iter().map(|o| of(o, "total_minor") + of(o, "rounding_minor")).sum();
    let report = manager.read("/day").await?;
    let day = &report["day"];
    ensure!(fen(day, "/all/amount")? == due && day["all"]["count"] == 3, "{due}: {day}");
    let sum = |rows: &Value, pointer: &str| -> Result<i64> {
        let rows = rows.as_array().context("no rows")?;
        rows.iter().map(|row| fen(row, pointer)).sum()
    };
    ensure!(sum(&day["hours"], "/sum/amount")? == due, "{day}");
    ensure!(sum(&day["taken"], "/net")? == due, "{day}");
    ensure!(sum(&day["workstations"], "/sum/amount")? == due, "{day}");
    ensure!(sum(&report["stays"], "/sold/amount")? == due, "{report}");
    // An undone order is in no sum but its own.
    let chief = store.manager(2).await?;
    let undo = chief.undo_order(first.order.id, "顾客改主意");
    chief.call(&undo).await?.done::<Value>()?;
    let undone = first.order.total.amount + first.order.rounding.amount;
    let report = manager.read("/day").await?;
    let day = &report["day"];
    ensure!(fen(day, "/undone/amount")? == undone, "{day}");
    ensure!(fen(day, "/all/amount")? == due - undone, "{day}");
    ensure!(sum(&day["taken"], "/net")? == due - undone, "{day}");
    ensure!(sum(&report["stays"], "/sold/amount")? == due - undone, "{report}");
    Ok(())
}

#[tokio::test]
async fn a_receipt_is_found_drawn_and_printed_again_and_devices_are_tried() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let manager = manager(&store).await?;
    let sold = till.sell(&[&pieces()?[0].barcode], 0).await?;
    let number = &sold.order.receipt_number;
    let tail = number.rsplit('-').next().context("no sequence")?;
    let found = manager.read(&format!("/orders?number={tail}")).await?;
    ensure!(found["orders"][0]["receipt_number"] == number.as_str(), "{found}");
    ensure!(manager.read("/orders?number=ZZZ").await?["orders"][0].is_null());
    let order = manager.read(&format!("/orders/{}", sold.order.id)).await?;
    ensure!(order["receipt"].to_string().contains(number.as_str()), "{order}");
    ensure!(manager.reprint(sold.order.id).await?.status == 202);
    until("the copy", PATIENCE, async || {
        let slips = paper::slips_of(&till, number).await?;
        Ok((slips.len() == 2 && slips.concat().contains("补打")).then_some(()))
    })
    .await?;
    let test = manager.call(Method::POST, "/workstations/1/test-slips", None).await?;
    ensure!(test.done::<Value>()?["printed"] == true, "{}", test.text);
    let shown: Value =
        manager.call(Method::POST, "/workstations/1/display-tests", None).await?.done()?;
    let path = "/workstations/1/display".to_owned();
    let display: Value = till.call(&Call::new(Method::GET, path, None)).await?.done()?;
    ensure!(display["test"] == shown["number"], "{display}");
    till.done(&till.scan(&pieces()?[0].barcode)).await?;
    let busy = manager.call(Method::POST, "/workstations/1/display-tests", None).await?;
    busy.refused(409, "display-busy")?;
    Ok(())
}

#[tokio::test]
async fn nobody_but_a_manager_comes_in_and_guessing_meets_a_pause() -> Result<()> {
    let store = selling().await?;
    let mut nobody = Manager::new(store.edge.url());
    for path in ["/overview", "/day", "/orders", "/settings", "/staff", "/approvals", "/stream"] {
        let refused = nobody.call(Method::GET, path, None).await?;
        refused.refused(401, "console-sign-in-required")?;
    }
    nobody.sign_in("1001", "246810").await?.refused(403, "console-managers")?;
    for _ in 0..5 {
        nobody.sign_in("9001", "000000").await?.refused(401, "pin-wrong")?;
    }
    let pause = nobody.sign_in("9001", "864200").await?.refused(429, "locked-out")?;
    ensure!(pause.retry_after_ms.is_some_and(|ms| ms > 0), "it does not say how long");
    // A till's session is none of the console's, and the other way round.
    let till = store.manager(1).await?;
    let request = till.request(Method::GET, "/console/overview")?;
    acceptance::till::answer(request).await?.refused(401, "console-sign-in-required")?;
    // One address that tries every number meets a pause, too.
    let mut tries = 0;
    let answer = loop {
        let answer = nobody.sign_in(&format!("77{tries:02}"), "1").await?;
        tries += 1;
        if answer.status == 429 || tries > 40 {
            break answer;
        }
    };
    answer.refused(429, "locked-out")?;
    Ok(())
}

#[tokio::test]
async fn the_stream_follows_the_store_and_ends_with_the_session() -> Result<()> {
    let store = selling().await?;
    let till = store.cashier(1).await?;
    let manager = manager(&store).await?;
    let mut events = manager.follow().await?;
    events.next_where(PATIENCE, |event| event.name == "view").await?;
    let sold = till.sell(&[&pieces()?[0].barcode], 0).await?;
    let due = sold.order.total.amount + sold.order.rounding.amount;
    events
        .next_where(PATIENCE, |event| {
            serde_json::from_str::<Value>(&event.data)
                .is_ok_and(|view| fen(&view, "/day/all/amount").is_ok_and(|sum| sum == due))
        })
        .await?;
    ensure!(manager.call(Method::DELETE, "/session", None).await?.status == 204);
    events.next_where(PATIENCE, |event| event.name == "signed-out").await?;
    manager.call(Method::GET, "/overview", None).await?.refused(401, "console-sign-in-required")?;
    Ok(())
}

#[tokio::test]
async fn the_door_of_the_lan_has_the_console_and_no_till() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    let lan = port::free()?;
    store.reboot_with(|boot| boot.lan = Some(lan))?;
    store.edge.start().await?;
    let base = format!("http://127.0.0.1:{lan}");
    let mut manager = Manager::new(&base);
    manager.sign_in("9001", "864200").await?.done::<Value>()?;
    let settings = manager.read("/settings").await?;
    let of = |key: &str| {
        let rows = settings["settings"].as_array()?;
        rows.iter().find(|row| row["key"] == key).map(|row| row["origin"].clone())
    };
    ensure!(of("listen_lan") == Some(json!("boot-file")), "{settings}");
    ensure!(of("display_from_lan") == Some(json!("default")), "{settings}");
    ensure!(of("store.name") == Some(json!("set-up")), "{settings}");
    ensure!(of("notices.behind_minutes") == Some(json!("default")), "{settings}");
    let staff = manager.read("/staff").await?;
    ensure!(staff.as_array().is_some_and(|staff| staff.len() == 3), "{staff}");
    ensure!(!staff.to_string().contains("argon2"), "a hash of a PIN is told");
    let till = Till::new(&base, 1);
    for path in ["/workstations", "/workstations/1/view", "/sim/devices"] {
        let answer = acceptance::till::answer(till.request(Method::GET, path)?).await?;
        answer.refused(404, "not-found")?;
    }
    till.clone().sign_in("1001", "246810").await?.refused(404, "not-found")?;
    Ok(())
}
