//! Boxes whose clocks are off, or change while they sell: HQ hears of all of it.

use acceptance::{
    store::{Store, original},
    wait::{PATIENCE, until},
};
use anyhow::{Result, ensure};

use crate::pieces;

/// Seconds by which a box is off: a day back, as after an empty battery, an hour ahead, as after a wrong
/// summer time, and right again.
const TURNS: [i64; 4] = [-86_400, 3_600, 7_200, 0];

#[tokio::test]
async fn a_box_whose_clock_is_off_tells_all_that_it_sells_and_says_that_it_is_off() -> Result<()> {
    let mut store = Store::twin(original().await?, None)?;
    store.mall.start().await?;
    store.edge.hand().put_ahead(TURNS[0])?;
    store.edge.start().await?;
    let code = pieces()?[0].barcode.clone();
    for seconds in TURNS {
        store.edge.hand().put_ahead(seconds)?;
        // Who signed in an hour ago by the clock signs in again.
        let till = store.cashier(1).await?;
        till.sell(&[&code], 0).await?;
        store.wait_until_told(&till).await?;
        let is_off = seconds != 0;
        until(format!("the notice, {seconds} s off"), PATIENCE, async || {
            Ok((till.view().await?.notes("clock-off") == is_off).then_some(()))
        })
        .await?;
    }
    ensure!(store.edge.ledger()?.n_orders()? == 4);
    // What the receipts say is the box's own time, and the mall holds exactly that.
    let compared = store.compare().await?;
    ensure!(compared.agrees() && compared.n_mall == 4, "{:?}", compared.differences);
    store.edge.stop().await?;
    store.mall.stop().await
}
