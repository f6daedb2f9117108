//! Days that a store and its mall compare: what one of them has lost the other gives back.

use std::{path::Path, time::Duration};

use acceptance::{
    catalog,
    edge_process::EdgeProcess,
    folder,
    store::{CODE, OPERATORS, Store, original},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

fn open(path: &Path) -> Result<Connection> {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("could not open {}", path.display()))?;
    file.busy_timeout(Duration::from_secs(20)).context("could not set a time limit")?;
    Ok(file)
}

fn number(file: &Connection, query: &str) -> Result<i64> {
    file.query_row(query, [], |row| row.get(0)).with_context(|| query.to_owned())
}

async fn sell(edge: &EdgeProcess, times: usize) -> Result<()> {
    let list = catalog::read(&catalog::demo())?;
    let item = list.iter().find(|item| !item.barcode.is_empty()).context("nothing has a code")?;
    let mut till = edge.till(1);
    let (operator, _, _, pin) = OPERATORS[0];
    till.sign_in(operator, pin).await?.done::<Value>()?;
    for _ in 0..times {
        till.sell(&[&item.barcode], 0).await?;
    }
    Ok(())
}

async fn is_empty(edge: &EdgeProcess) -> Result<()> {
    let ledger = edge.ledger()?;
    until("the outbox to be empty", PATIENCE, async || Ok((ledger.n_untold()? == 0).then_some(())))
        .await
}

/// A day of the store as HQ reads it.
async fn day(store: &Store, date: &str) -> Result<Value> {
    store.mall.ask(&store.token, &format!("/hq/v1/stores/{CODE}/days/{date}")).await
}

/// A disk gives the mall back without two of its six orders, and without the bytes of a third.
fn lose_some(books: &Path) -> Result<()> {
    let mall = open(books)?;
    let mut damage = String::from(
        "pragma foreign_keys = off;
         create temporary table gone as select id from orders order by id limit 3;
         create temporary table whole as select id from gone order by id limit 2;",
    );
    for table in ["event_id", "event_place", "event_day"] {
        damage.push_str(&format!("delete from {table} where id in (select id from whole);"));
    }
    for (table, column) in [
        ("event_inbox", "id"),
        ("order_saving", "order_id"),
        ("tender", "order_id"),
        ("order_line", "order_id"),
        ("orders", "id"),
    ] {
        damage.push_str(&format!("delete from {table} where {column} in (select id from gone);"));
    }
    mall.execute_batch(&damage).context("could not damage the mall")?;
    ensure!(number(&mall, "select count(*) from orders")? == 3);
    Ok(())
}

#[tokio::test]
async fn a_mall_that_lost_rows_of_a_day_is_told_them_again() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    store.edge.start().await?;
    sell(&store.edge, 6).await?;
    is_empty(&store.edge).await?;
    let books = store.mall.data().join("mall.db");
    let date = {
        let mall = open(&books)?;
        until("all orders to be made", PATIENCE, async || {
            Ok((number(&mall, "select count(*) from orders")? == 6).then_some(()))
        })
        .await?;
        let date: String = mall
            .query_row("select max(business_date) from orders", [], |row| row.get(0))
            .context("no order has a day")?;
        date
    };
    store.edge.stop().await?;
    store.mall.stop().await?;
    lose_some(&books)?;
    store.mall.start().await?;
    store.edge.start().await?;
    let mall = open(&books)?;
    until("the mall to have all orders again", PATIENCE, async || {
        Ok((number(&mall, "select count(*) from orders")? == 6).then_some(()))
    })
    .await?;
    let told = until("both to hold the same of the day", PATIENCE, async || {
        let told = day(&store, &date).await?;
        Ok((told["seals"][0]["agrees"] == true).then_some(told))
    })
    .await?;
    ensure!(told["seals"][0]["facts"] == 6 && told["n_orders"] == 6, "{told}");
    let compared = store.compare().await?;
    ensure!(compared.agrees(), "{:?}", compared.differences);
    store.edge.stop().await?;
    store.mall.stop().await
}

#[tokio::test]
async fn a_ledger_is_looked_at_offline_and_a_copy_that_somebody_changed_is_told_apart() -> Result<()>
{
    let mut store = Store::twin(original().await?, None)?;
    store.edge.start().await?;
    sell(&store.edge, 2).await?;
    // Beside the daemon that writes it.
    let looked = store.edge.verify(&store.edge.data()).await?;
    ensure!(looked.status.success(), "{looked:?}");
    store.edge.stop().await?;
    let copy = folder::temporary()?;
    folder::copy(&store.edge.data(), &copy.path().join("data"))?;
    let hand = open(&copy.path().join("data").join("ledger.db"))?;
    let damage = "update orders set total_minor = total_minor + 1
                  where id = (select max(id) from orders)";
    hand.execute_batch(damage).context("could not damage a copy")?;
    drop(hand);
    let looked = store.edge.verify(&copy.path().join("data")).await?;
    let said = String::from_utf8_lossy(&looked.stdout).into_owned();
    ensure!(!looked.status.success() && said.contains("tenders: order"), "{said}");
    ensure!(said.contains("2 facts, 2 orders, 2 findings"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_store_that_lost_an_order_gets_it_back_when_the_day_is_compared() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    store.edge.start().await?;
    sell(&store.edge, 4).await?;
    is_empty(&store.edge).await?;
    store.edge.stop().await?;
    {
        let ledger = open(&store.edge.data().join("ledger.db"))?;
        let gone = "(select id from outbox where place = 2)";
        let damage = format!(
            "pragma foreign_keys = off;
             delete from spool where order_id = {gone}; delete from tender where order_id = {gone};
             delete from order_line where order_id = {gone}; delete from order_body where order_id = {gone};
             delete from orders where id = {gone}; delete from outbox where place = 2;"
        );
        ledger.execute_batch(&damage).context("could not damage the ledger")?;
    }
    store.edge.start().await?;
    let ledger = store.edge.ledger()?;
    until("the order to be back", PATIENCE, async || Ok((ledger.n_orders()? == 4).then_some(())))
        .await?;
    store.edge.stop().await?;
    store.mall.stop().await
}
