//! How long the newest sale waits behind those of an outage: all facts go up in one lane.

use std::time::Duration;

use acceptance::{
    cable::{Cable, Weather},
    catalog,
    store::{Store, original},
    wait::until,
};
use anyhow::{Result, ensure};
use tokio::time::Instant;

/// Orders of an outage of some hours.
const OUTAGE: usize = 400;
/// What nobody at HQ would call late; a batch takes some ten milliseconds.
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_sale_behind_an_outage_of_hours_is_told_within_seconds() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    let cable = Cable::lay(store.mall.port()).await?;
    store.reboot_with(|boot| boot.mall_url = cable.url())?;
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    store.wait_until_told(&till).await?;
    cable.turn(Weather::Cut);
    let list = catalog::read(&catalog::demo())?;
    let codes: Vec<&str> = list.iter().map(|item| item.barcode.as_str()).take(3).collect();
    for _ in 0..OUTAGE {
        till.sell(&codes, 100).await?;
    }
    let ledger = store.edge.ledger()?;
    let waiting = ledger.n_untold()?;
    ensure!(usize::try_from(waiting) == Ok(OUTAGE), "{waiting} wait");
    cable.turn(Weather::Fair);
    let some = async || Ok((ledger.n_untold()? < waiting).then_some(()));
    until("the mall to be heard again", LIMIT, some).await?;
    let heard = Instant::now();
    till.sell(&codes, 100).await?;
    let all = async || Ok((ledger.n_untold()? == 0).then_some(()));
    until("the newest sale to be told", LIMIT, all).await?;
    println!("behind {OUTAGE} orders a sale was told after {} ms", heard.elapsed().as_millis());
    let found = store.compare().await?;
    ensure!(found.agrees(), "mall and store differ:\n{}", found.differences.join("\n"));
    store.close().await
}
