//! Boxes and malls of other versions: `GUITAI_SCHEMA` makes a program speak as the one before it, or as a
//! later one, where it was built for tests.

use std::path::Path;

use acceptance::{
    edge_process::{Boot, EdgeProcess},
    folder,
    store::{CODE, Store, original},
    till::{Till, http},
    wait::{PATIENCE, until},
};
use anyhow::{Result, ensure};
use rusqlite::{Connection, OpenFlags};

use crate::pieces;

const BEFORE: [(&str, &str); 1] = [("GUITAI_SCHEMA", "3")];
const LATER: [(&str, &str); 1] = [("GUITAI_SCHEMA", "5")];

/// A store whose mall runs and whose box is new; the box has nothing but its place yet.
async fn fresh(mall: &[(&str, &str)], own: &Path) -> Result<Store> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start_with(mall).await?;
    store.edge = EdgeProcess::new(own.join("edge"), Boot::on_free_ports(store.mall.url())?)?;
    store.edge.enrol(&store.mall.claim(CODE).await?).await?;
    Ok(store)
}

/// The schemas of the catalog and of the store's own rows that a box sells from, and how many keys of
/// tokens it has, which came with the newest.
fn replicas(data: &Path) -> Result<(i64, i64, i64)> {
    let open = |scope: &str| -> Result<Connection> {
        let name = std::fs::read_to_string(data.join(format!("replica-{scope}.current")))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        Ok(Connection::open_with_flags(data.join(name.trim()), flags)?)
    };
    let schema = |replica: &Connection| {
        replica.query_row("select schema from replica_meta", [], |row| row.get(0))
    };
    let (catalog, own) = (open("catalog")?, open("store-1")?);
    let n_keys = own.query_row("select count(*) from token_key", [], |row| row.get(0))?;
    Ok((schema(&catalog)?, schema(&own)?, n_keys))
}

/// Sells the first item of the catalog, and waits until the mall has heard of it.
async fn sells(store: &Store, till: &Till) -> Result<i64> {
    let item = pieces()?.remove(0).barcode;
    let sold = till.sell(&[&item], 0).await?;
    till.done(&till.leave_done()).await?;
    store.wait_until_told(till).await?;
    Ok(sold.order.total.amount)
}

/// HQ gives the first item another price, and the till sells at it.
async fn follows(store: &Store, till: &Till, yuan: &str, fen: i64) -> Result<()> {
    let item = pieces()?.remove(0).sku;
    store.reprice(&item, yuan).await?;
    until("the new price", PATIENCE, async || Ok((sells(store, till).await? == fen).then_some(())))
        .await
}

async fn is_too_old(store: &Store, expected: bool) -> Result<()> {
    let url = format!("{}/metrics", store.edge.url());
    let line = format!(
        "guitai_trouble{{trouble=\"schema-old\",severity=\"watch\"}} {}",
        i64::from(expected)
    );
    until("the trouble `schema-old` to be told as it is", PATIENCE, async || {
        let told = http()?.get(&url).send().await?.text().await?;
        Ok(told.contains(&line).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_box_of_the_version_before_sells_from_what_it_reads_until_it_is_updated() -> Result<()> {
    let own = folder::temporary()?;
    let mut store = fresh(&[], own.path()).await?;
    store.edge.start_with(&BEFORE).await?;
    let till = store.cashier(1).await?;
    follows(&store, &till, "12.30", 1_230).await?;
    ensure!(replicas(&store.edge.data())? == (3, 3, 0), "{:?}", replicas(&store.edge.data())?);
    is_too_old(&store, false).await?;
    // Two versions ahead the mall gives nothing that the box reads: it sells from what it has, and tells.
    store.mall.stop().await?;
    store.mall.start_with(&LATER).await?;
    is_too_old(&store, true).await?;
    ensure!(sells(&store, &till).await? == 1_230, "another price");
    ensure!(replicas(&store.edge.data())? == (3, 3, 0), "{:?}", replicas(&store.edge.data())?);
    // Of the version before that mall's it is served, and has what it lacked.
    store.edge.stop().await?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    until("the replicas of this program", PATIENCE, async || {
        let (catalog, own, n_keys) = replicas(&store.edge.data())?;
        Ok(((catalog, own) == (4, 4) && n_keys > 0).then_some(()))
    })
    .await?;
    follows(&store, &till, "12.40", 1_240).await?;
    is_too_old(&store, false).await?;
    let compared = store.compare().await?;
    ensure!(compared.agrees(), "{:?}", compared.differences);
    Ok(())
}

#[tokio::test]
async fn a_box_that_is_newer_than_its_mall_reads_what_the_mall_has_until_it_is_updated()
-> Result<()> {
    let own = folder::temporary()?;
    let mut store = fresh(&BEFORE, own.path()).await?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    follows(&store, &till, "12.30", 1_230).await?;
    ensure!(replicas(&store.edge.data())? == (3, 3, 0), "{:?}", replicas(&store.edge.data())?);
    store.mall.stop().await?;
    store.mall.start().await?;
    until("the replicas of this program", PATIENCE, async || {
        let (catalog, own, n_keys) = replicas(&store.edge.data())?;
        Ok(((catalog, own) == (4, 4) && n_keys > 0).then_some(()))
    })
    .await?;
    follows(&store, &till, "12.40", 1_240).await?;
    is_too_old(&store, false).await
}
