//! What a box sells from is what the mall has: while an HQ transaction of many pages is on its way,
//! after somebody has changed its rows, and after the mall was put back from a copy.

use std::{fmt::Write as _, path::Path};

use acceptance::{
    edge_process::{Boot, EdgeProcess, Start},
    folder,
    store::{CODE, Store, original},
    trap::Action,
    wait::{PATIENCE, until},
};
use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags};

use crate::struck::recover;

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
async fn whatever_happens_between_the_pages_of_a_version_a_box_sells_none_of_it_or_all()
-> Result<()> {
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
    let strikes = [
        ("replica.staged", Action::Crash),
        ("replica.applied", Action::Crash),
        ("replica.staged", Action::Error),
        ("replica.staged", Action::Sleep),
    ];
    for (point, action) in strikes {
        edge.kill();
        let yuan = format!("{}.00", price / 100 + 1);
        store.mall.import(&list(own.path(), &yuan)?).await?;
        if action == Action::Crash {
            if edge.start_dying_at(point, 1).await? == Start::Ready {
                edge.wait_until_killed().await?;
            }
            ensure!(prices(&data)? == [(price, all)], "after {point}: {:?}", prices(&data)?);
            edge.start().await?;
        } else {
            edge.trap().set(point, action)?;
            edge.start().await?;
            recover(&mut edge, (point, action)).await?;
        }
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

/// Every item of the replica and its barcodes, as text.
fn rows(data: &Path) -> Result<Vec<String>> {
    let name = std::fs::read_to_string(data.join("replica-catalog.current"))?;
    let path = data.join(name.trim());
    let replica = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = replica.prepare(
        "select sku || '|' || name || '|' || list_price_minor || '|' || coalesce(group_concat(gtin), '')
         from (select * from item left join barcode using (item_id) order by sku, gtin)
         group by sku",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Changes the file that a box sells from, behind its back.
fn damage(data: &Path, scope: &str, sql: &str) -> Result<()> {
    let name = std::fs::read_to_string(data.join(format!("replica-{scope}.current")))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let replica = Connection::open_with_flags(data.join(name.trim()), flags)?;
    Ok(replica.execute_batch(sql)?)
}

#[tokio::test]
async fn rows_that_somebody_has_changed_become_what_the_mall_has() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    store.edge.start().await?;
    let data = store.edge.data();
    let right = rows(&data)?;
    // Single rows are replaced; a file that is wrong all over is fetched again.
    for sql in [
        "update item set list_price_minor = 1 where sku = 'KN2301-GRN-S'",
        "delete from item where item_id = 7; delete from barcode where item_id = 9",
        "insert into item select 100000, 'NOT-OURS', name, spec, unit, style, colour, size, brand,
           category, 1, tax_rate_bps, '', tags, initials, pinyin from item where item_id = 11;
         update barcode set item_id = 13 where item_id = 14",
        "update item set list_price_minor = list_price_minor + 1",
    ] {
        store.edge.stop().await?;
        damage(&data, "catalog", sql)?;
        ensure!(rows(&data)? != right, "{sql} changes nothing");
        store.edge.start().await?;
        until("the rows to be the mall's", PATIENCE, async || {
            Ok((rows(&data)? == right).then_some(()))
        })
        .await
        .context(sql)?;
    }
    store.edge.stop().await?;
    damage(
        &data,
        "store-1",
        "delete from operator where number = '1001'; update workstation set name = 'x'",
    )?;
    store.edge.start().await?;
    until("a cashier to sign in", PATIENCE, async || Ok(store.cashier(1).await.ok())).await?;
    store.edge.stop().await
}

#[tokio::test]
async fn a_mall_that_was_put_back_and_gives_a_version_again_is_followed() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    let (own, data) = (folder::temporary()?, store.edge.data());
    let copy = own.path().join("mall.db");
    std::fs::copy(store.mall.data().join("mall.db"), &copy).context("could not copy the mall")?;
    store.mall.start().await?;
    store.edge.start().await?;
    store.reprice("KN2301-GRN-S", "111.00").await?;
    let stands = |price: i64| {
        let row = format!("KN2301-GRN-S|羊毛混纺针织衫|{price}|");
        Ok::<_, anyhow::Error>(
            rows(&data)?.iter().any(|found| found.starts_with(&row)).then_some(()),
        )
    };
    until("the price", PATIENCE, async || stands(11_100)).await?;
    store.mall.stop().await?;
    until("the box to notice", PATIENCE, async || {
        let log = std::fs::read_to_string(store.edge.log())?;
        Ok(log.contains("The replica of catalog could not be followed").then_some(()))
    })
    .await?;
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(store.mall.data().join(format!("mall.db{ending}")));
    }
    std::fs::copy(&copy, store.mall.data().join("mall.db"))?;
    // The same version as before, of the same feed, with another row in it.
    store.reprice("KN2301-GRN-M", "222.00").await?;
    store.mall.start().await?;
    until("the price before", PATIENCE, async || stands(45_900)).await?;
    store.edge.stop().await
}
