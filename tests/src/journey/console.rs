//! The manager's console: today's sales, a price that is asked for and allowed, a test slip.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Table;
use crate::{
    catalog::{self, Listed, yuan},
    folder,
    manager::Manager,
    store::Store,
    till::{Call, Till},
    wait::{PATIENCE, until},
};

struct Console {
    store: Store,
    till: Till,
    manager: Manager,
    item: Listed,
    /// Holds the store's files.
    _folder: tempfile::TempDir,
}

/// Walks the manager's journey in a store of its own.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    let console = table.step("a manager signs in to the console", open()).await?;
    table.step("today's sales are the orders, to the fen", sales(&console)).await?;
    table.step("a till asks for a price, the manager allows it", allowed(&console)).await?;
    table.step("HQ holds the order with the manager's name", told(&console)).await?;
    table.step("a test slip comes out", tested(&console)).await
}

async fn open() -> Result<(Console, String)> {
    let folder = folder::temporary()?;
    let store = Store::open(folder.path()).await?;
    let till = store.cashier(1).await?;
    let mut manager = Manager::new(store.edge.url());
    manager.sign_in("9001", "864200").await?.done::<Value>()?;
    let mut list = catalog::read(&catalog::demo())?.into_iter();
    let item = list.find(|item| !item.barcode.is_empty() && item.price > 1_000);
    let item = item.context("nothing is dear")?;
    let console = Console { store, till, manager, item, _folder: folder };
    Ok((console, "陈店长, by number and PIN".to_owned()))
}

fn fen(value: &Value, pointer: &str) -> Result<i64> {
    let amount = value.pointer(pointer).and_then(|money| money.get("amount")?.as_i64());
    amount.with_context(|| format!("nothing at {pointer} of {value}"))
}

async fn sales(of: &Console) -> Result<((), String)> {
    let sold = of.till.sell(&[&of.item.barcode], 0).await?;
    of.till.done(&of.till.leave_done()).await?;
    let due = sold.order.total.amount + sold.order.rounding.amount;
    let day =
        of.manager.until("the sale", |v| v.pointer("/day/all/count") == Some(&json!(1))).await?;
    ensure!(fen(&day, "/day/all/amount")? == due, "{day}");
    Ok(((), format!("{} in one order", yuan(due))))
}

async fn allowed(of: &Console) -> Result<((), String)> {
    let view = of.till.done(&of.till.scan(&of.item.barcode)).await?;
    let line = view.cart.as_ref().and_then(|cart| cart.lines.first()).context("no line")?;
    let price = of.item.price - 500;
    let body = json!({
        "id": Uuid::now_v7(), "line_id": line.id, "reason": "damaged",
        "cut": { "kind": "price", "price": { "amount": price, "currency": "CNY" } },
    });
    let ask = Call::new(Method::POST, "/workstations/1/approvals", Some(body));
    of.till.call(&ask).await?.done::<Value>()?;
    let waiting = of.manager.waiting().await?;
    ensure!(of.manager.decide(&waiting, true).await?.status == 204, "not allowed");
    let is_so = |view: &crate::view::View| {
        view.cart.as_ref().is_some_and(|cart| cart.total.amount == price)
    };
    of.till.until("the new price", is_so).await?;
    let view = of.till.done(&of.till.to_tender()).await?;
    let due = view.tender.as_ref().context("nothing is due")?.cash.due.amount;
    of.till.pay(&view, due).await?;
    Ok(((), format!("{} instead of {}", yuan(price), yuan(of.item.price))))
}

async fn told(of: &Console) -> Result<((), String)> {
    of.store.wait_until_told(&of.till).await?;
    let compared = of.store.compare().await?;
    ensure!(compared.agrees() && compared.n_mall == 2, "{:?}", compared.differences);
    let orders = of.store.edge.ledger()?.orders()?;
    let order = serde_json::to_value(orders.last().context("no order")?)?;
    let by = order.pointer("/lines/0/adjustments/0/operator").and_then(Value::as_str);
    ensure!(by == Some("9001"), "{order}");
    Ok(((), "allowed by 9001, no drift".to_owned()))
}

async fn tested(of: &Console) -> Result<((), String)> {
    until("the printer", PATIENCE, async || {
        let test = of.manager.call(Method::POST, "/workstations/1/test-slips", None).await?;
        Ok((test.status == 200 && test.text.contains("true")).then_some(()))
    })
    .await?;
    Ok(((), "测试小票".to_owned()))
}
