//! A store's ledger that is put back from a copy, and one that goes on twice: nothing is lost, nothing
//! is there twice, and no number stands on two receipts.

use std::path::Path;

use acceptance::{
    catalog,
    edge_process::{Boot, EdgeProcess},
    folder,
    store::{CODE, OPERATORS, Store, original},
    till::Till,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Signs in and sells one item, so many times; the receipt numbers.
async fn sell(edge: &EdgeProcess, times: usize) -> Result<Vec<String>> {
    let list = catalog::read(&catalog::demo())?;
    let item = list.iter().find(|item| !item.barcode.is_empty()).context("nothing has a code")?;
    let till = at_work(edge).await?;
    let mut numbers = Vec::new();
    for _ in 0..times {
        numbers.push(till.sell(&[&item.barcode], 0).await?.order.receipt_number);
    }
    Ok(numbers)
}

async fn at_work(edge: &EdgeProcess) -> Result<Till> {
    let mut till = edge.till(1);
    let (number, _, _, pin) = OPERATORS[0];
    till.sign_in(number, pin).await?.done::<Value>()?;
    Ok(till)
}

/// The life that a receipt number carries: `SH001-1-2-20261121-0001` is of life 2.
fn life(number: &str) -> &str {
    number.split('-').nth(2).unwrap_or_default()
}

async fn told(edge: &EdgeProcess) -> Result<()> {
    let ledger = edge.ledger()?;
    until("the outbox to be empty", PATIENCE, async || Ok((ledger.n_untold()? == 0).then_some(())))
        .await
}

fn put_back(copy: &Path, data: &Path) -> Result<()> {
    std::fs::remove_dir_all(data).context("could not throw the ledger away")?;
    folder::copy(copy, data)
}

async fn is_noticed(edge: &EdgeProcess, code: &str, expected: bool) -> Result<()> {
    let till = at_work(edge).await?;
    till.until(code, |view| view.notes(code) == expected).await.map(|_| ())
}

#[tokio::test]
async fn a_ledger_that_was_put_back_sells_on_at_once_and_gets_back_what_it_lost() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    store.edge.start().await?;
    let mut numbers = sell(&store.edge, 2).await?;
    told(&store.edge).await?;
    store.edge.stop().await?;
    let copies = folder::temporary()?;
    let copy = copies.path().join("yesterday");
    folder::copy(&store.edge.data(), &copy)?;
    store.edge.start().await?;
    numbers.extend(sell(&store.edge, 3).await?);
    told(&store.edge).await?;
    ensure!(numbers.iter().all(|number| life(number) == "1"), "{numbers:?}");
    // The disk dies, yesterday's copy is put back, and the line to HQ is cut.
    store.edge.kill();
    store.mall.stop().await?;
    put_back(&copy, &store.edge.data())?;
    store.edge.start().await?;
    is_noticed(&store.edge, "ledger-copied", true).await?;
    let meanwhile = sell(&store.edge, 2).await?;
    ensure!(meanwhile.iter().all(|number| life(number).len() >= 5), "{meanwhile:?}");
    store.mall.start().await?;
    told(&store.edge).await?;
    is_noticed(&store.edge, "ledger-copied", false).await?;
    let after = sell(&store.edge, 1).await?;
    ensure!(after.iter().all(|number| life(number) == "2"), "{after:?}");
    told(&store.edge).await?;
    let ledger = store.edge.ledger()?;
    until("what was lost to be back", PATIENCE, async || {
        Ok((ledger.n_orders()? == 8).then_some(()))
    })
    .await?;
    let compared = store.compare().await?;
    ensure!(compared.agrees() && compared.n_mall == 8, "{:?}", compared.differences);
    numbers.extend(meanwhile.into_iter().chain(after));
    numbers.sort_unstable();
    numbers.dedup();
    ensure!(numbers.len() == 8, "a number stands on two receipts: {numbers:?}");
    ledger.check_file()?;
    store.edge.stop().await?;
    store.mall.stop().await
}

#[tokio::test]
async fn two_boxes_with_one_ledger_both_sell_until_hq_says_which_one_stays() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    store.edge.start().await?;
    let mut numbers = sell(&store.edge, 1).await?;
    told(&store.edge).await?;
    store.edge.stop().await?;
    // Somebody copies the box, and both are switched on.
    let folder = folder::temporary()?;
    folder::copy(&store.edge.data(), &folder.path().join("data"))?;
    let machine = folder.path().join("machine-id");
    std::fs::write(&machine, "another machine").context("could not name a machine")?;
    let boot = Boot { machine: Some(machine), ..Boot::on_free_ports(store.mall.url())? };
    let mut other = EdgeProcess::new(folder.path(), boot)?;
    store.edge.start().await?;
    other.start().await?;
    for edge in [&store.edge, &other] {
        numbers.extend(sell(edge, 2).await?);
    }
    for edge in [&store.edge, &other] {
        told(edge).await?;
    }
    // Each says where it stands when it starts: the first goes on, so the other is the copy.
    for edge in [&mut store.edge, &mut other] {
        edge.stop().await?;
        edge.start().await?;
        told(edge).await?;
    }
    is_noticed(&other, "box-twice", true).await?;
    is_noticed(&store.edge, "box-twice", false).await?;
    numbers.extend(sell(&other, 1).await?);
    told(&other).await?;
    let edges: Value = store.mall.tell(&["edge", "list", "--store", CODE]).await?;
    let lives = edges.pointer("/0/lives").and_then(Value::as_array).context("no lives")?;
    ensure!(lives.len() == 2 && lives[1]["is_frozen"] == true, "{edges}");
    let id = edges.pointer("/0/id").and_then(Value::as_str).context("no edge node")?;
    store.mall.order(&["edge", "keep", id, "--epoch", "2"]).await?;
    other.stop().await?;
    other.start().await?;
    is_noticed(&other, "box-twice", false).await?;
    numbers.sort_unstable();
    let n_sold = numbers.len();
    numbers.dedup();
    ensure!(numbers.len() == n_sold, "a number stands on two receipts: {numbers:?}");
    let held: Value =
        store.mall.ask(&store.token, &format!("/hq/v1/stores/{CODE}/orders?limit=200")).await?;
    let held = held["orders"].as_array().context("no orders")?;
    let mut theirs: Vec<&str> =
        held.iter().filter_map(|order| order["receipt_number"].as_str()).collect();
    theirs.sort_unstable();
    ensure!(theirs == numbers, "HQ holds {theirs:?}, the shoppers {numbers:?}");
    other.stop().await?;
    store.edge.stop().await?;
    store.mall.stop().await
}
