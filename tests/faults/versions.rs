//! A box that dies while an HQ transaction of many pages is on its way.

use std::{fmt::Write as _, path::Path};

use acceptance::{
    edge_process::{Boot, EdgeProcess, Start},
    folder,
    store::{CODE, Store, original},
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags};

/// Items of one transaction of HQ's; with names as long as these they fill two pages and more.
const ITEMS: usize = 1_900;

/// A list of items that all have this price and this name.
fn list(folder: &Path, yuan: &str) -> Result<std::path::PathBuf> {
    let (name, path) = ("长".repeat(190), folder.join(format!("list-{yuan}.csv")));
    let mut text =
        "sku,name,spec,brand,category,list_price_yuan,unit,tax_rate_percent\n".to_owned();
    for n in 0..ITEMS {
        writeln!(text, "VER{n:05},{name},{name},{name},{name},{yuan},piece,13")?;
    }
    std::fs::write(&path, text).context("could not write a list")?;
    Ok(path)
}

/// How many of the items stand in the replica at each price.
fn prices(data: &Path) -> Result<Vec<(i64, i64)>> {
    let name = std::fs::read_to_string(data.join("replica-catalog.current"))?;
    let path = data.join(name.trim());
    let replica = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = replica.prepare(
        "select list_price_minor, count(*) from item where sku like 'VER%' group by 1 order by 1",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[tokio::test]
async fn a_box_that_dies_between_the_pages_of_a_version_sells_none_of_it_or_all() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let own = folder::temporary()?;
    store.mall.import(&list(own.path(), "1.00")?).await?;
    let mut edge =
        EdgeProcess::new(own.path().join("edge"), Boot::on_free_ports(store.mall.url())?)?;
    edge.enrol(&store.mall.claim(CODE).await?).await?;
    edge.start().await?;
    let (all, data) = (i64::try_from(ITEMS)?, edge.data());
    let mut price = 100;
    until("the first list", PATIENCE, async || {
        Ok((prices(&data).unwrap_or_default() == [(price, all)]).then_some(()))
    })
    .await?;
    for point in ["replica.staged", "replica.applied"] {
        edge.kill();
        let yuan = format!("{}.00", price / 100 + 1);
        store.mall.import(&list(own.path(), &yuan)?).await?;
        if edge.start_dying_at(point, 1).await? == Start::Ready {
            edge.wait_until_killed().await?;
        }
        ensure!(prices(&data)? == [(price, all)], "after {point}: {:?}", prices(&data)?);
        edge.start().await?;
        price += 100;
        until("the next list", PATIENCE, async || {
            let found = prices(&data)?;
            ensure!(found.len() == 1, "half of a version is for sale: {found:?}");
            Ok((found == [(price, all)]).then_some(()))
        })
        .await?;
    }
    edge.stop().await
}
