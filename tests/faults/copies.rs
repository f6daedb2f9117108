//! A box that dies, fails or dawdles while its ledger, which was put back from a copy, is told how it goes on.

use acceptance::{
    folder,
    store::{CODE, Store, original},
    trap::Action,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::struck::recover;

/// What happens to it where. The others are failed and dawdled at in the walk.
const STRIKES: [(&str, Action); 7] = [
    ("session.asked", Action::Crash),
    ("session.answered", Action::Crash),
    ("session.taken", Action::Crash),
    ("session.found", Action::Crash),
    ("session.found", Action::Error),
    ("session.found", Action::Sleep),
    ("day.answered", Action::Crash),
];

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
async fn whatever_happens_while_a_ledger_goes_on_in_a_new_life_it_gets_one_life_and_all_it_lost()
-> Result<()> {
    for (point, action) in STRIKES {
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
        // It is ready to sell before it has asked, and is struck then, or before.
        store.edge.trap().set(point, action)?;
        store.edge.start_trapped(PATIENCE).await?;
        recover(&mut store.edge, (point, action)).await?;
        sell(&store, 1).await?;
        let ledger = store.edge.ledger()?;
        until(format!("what was lost, after {point} {action}"), PATIENCE, async || {
            Ok((ledger.n_orders()? == 4).then_some(()))
        })
        .await?;
        let compared = store.compare().await?;
        ensure!(
            compared.agrees() && compared.n_mall == 4,
            "{point} {action}: {:?}",
            compared.differences
        );
        let edges: Value = store.mall.tell(&["edge", "list", "--store", CODE]).await?;
        let lives = edges.pointer("/0/lives").and_then(Value::as_array).map(Vec::len);
        ensure!(lives == Some(2), "{point} {action}: it cost a life: {edges}");
        store.edge.stop().await?;
        store.mall.stop().await?;
    }
    Ok(())
}
