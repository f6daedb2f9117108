//! A box that dies while its ledger, which was put back from a copy, is told how it goes on.

use acceptance::{
    edge_process::Start,
    folder,
    store::{CODE, Store, original},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Where it dies.
const POINTS: [&str; 5] =
    ["session.asked", "session.answered", "session.taken", "session.found", "day.answered"];

/// Sells one item so many times and waits until HQ has heard of it.
async fn sell(store: &Store, times: usize) -> Result<()> {
    let list = acceptance::catalog::read(&acceptance::catalog::demo())?;
    let item = list.iter().find(|item| !item.barcode.is_empty()).context("nothing has a code")?;
    let till = store.cashier(1).await?;
    for _ in 0..times {
        till.sell(&[&item.barcode], 0).await?;
    }
    store.wait_until_told(&till).await
}

#[tokio::test]
async fn a_box_that_dies_while_its_ledger_goes_on_in_a_new_life_gets_one_life_and_all_it_lost()
-> Result<()> {
    for point in POINTS {
        let mut store = Store::twin(original().await?, None)?;
        store.mall.start().await?;
        store.edge.start().await?;
        sell(&store, 1).await?;
        store.edge.stop().await?;
        let copies = folder::temporary()?;
        let copy = copies.path().join("copy");
        folder::copy(&store.edge.data(), &copy)?;
        store.edge.start().await?;
        sell(&store, 2).await?;
        store.edge.stop().await?;
        std::fs::remove_dir_all(store.edge.data()).context("could not lose the ledger")?;
        folder::copy(&copy, &store.edge.data())?;
        // It is ready to sell before it has asked, and dies then.
        if store.edge.start_dying_at(point, 1).await? == Start::Ready {
            store.edge.wait_until_killed().await?;
        }
        store.edge.start().await?;
        sell(&store, 1).await?;
        let ledger = store.edge.ledger()?;
        until(format!("what was lost, after {point}"), PATIENCE, async || {
            Ok((ledger.n_orders()? == 4).then_some(()))
        })
        .await?;
        let compared = store.compare().await?;
        ensure!(compared.agrees() && compared.n_mall == 4, "{point}: {:?}", compared.differences);
        let edges: Value = store.mall.tell(&["edge", "list", "--store", CODE]).await?;
        let lives = edges.pointer("/0/lives").and_then(Value::as_array).map(Vec::len);
        ensure!(lives == Some(2), "{point}: one death cost a life: {edges}");
        store.edge.stop().await?;
        store.mall.stop().await?;
    }
    Ok(())
}
